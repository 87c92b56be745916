"""Schedules: a week in the place's own time, over every change of its clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.config.schedule import ScheduleConfig
from edge.rules.schedule import read
from service.weekly_hours import DAYS, WindowConfig, first, last, minutes, within

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "America/Sao_Paulo",  # at midnight, until 2019
    "Africa/Casablanca",  # twice a year around Ramadan
    "Asia/Kathmandu",  # none, and 5:45
    "Pacific/Apia",  # skipped 30 December 2011
    "Antarctica/Troll",  # two hours
)
MINUTE = timedelta(minutes=1)


def active(schedule: ScheduleConfig, at: datetime) -> bool:
    """Whether `at` lies in a window of the schedule."""
    return within(schedule.windows, schedule.time_zone, at)


def transitions(zone: ZoneInfo, years: range) -> list[datetime]:
    """Every moment (UTC, to the minute) at which the offset of `zone` changes."""
    found = []
    for year in years:
        moment = datetime(year, 1, 1, tzinfo=UTC)
        while moment.year == year:
            after = moment + timedelta(hours=1)
            if _offset(moment, zone) != _offset(after, zone):
                while _offset(moment, zone) == _offset(moment + MINUTE, zone):
                    moment += MINUTE
                found.append(moment + MINUTE)
            moment = after
    return found


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


CHANGES = [
    (name, moment) for name in ZONES for moment in transitions(ZoneInfo(name), range(2011, 2027, 5))
]


def scheduled(zone: str, begin: str, end: str, *days: str) -> ScheduleConfig:
    window = {"begin": begin, "end": end} | ({"days": days} if days else {})
    return ScheduleConfig.model_validate({"id": "s", "time_zone": zone, "windows": [window]})


def shown(schedule: ScheduleConfig, moment: datetime) -> bool:
    """The plain reading of the wall clock, which is right wherever no clock changes."""
    local = moment.astimezone(ZoneInfo(schedule.time_zone))
    now = local.hour * 60 + local.minute
    today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
    for window in schedule.windows:
        begin, end = minutes(window.begin), minutes(window.end)
        wraps = end <= begin
        if today in window.days and begin <= now and (wraps or now < end):
            return True
        if wraps and yesterday in window.days and now < end:
            return True
    return False


hours = st.integers(0, 24 * 60 - 1).map(lambda m: f"{m // 60:02d}:{m % 60:02d}")
days = st.lists(st.sampled_from(DAYS), min_size=1, unique=True)


@given(
    zone=st.sampled_from(ZONES),
    begin=hours,
    end=hours,
    on=days,
    at=st.datetimes(datetime(2011, 1, 2), datetime(2026, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001, hypothesis adds the zone
)
def test_away_from_changes_a_schedule_is_what_the_wall_clock_says(
    zone: str, begin: str, end: str, on: list[str], at: datetime
) -> None:
    place = ZoneInfo(zone)
    near = {_offset(at + timedelta(hours=h), place) for h in range(-49, 50)}
    if begin == end or len(near) > 1:
        return
    schedule = scheduled(zone, begin, end, *on)
    assert active(schedule, at) == shown(schedule, at)


@settings(max_examples=60, deadline=None)
@given(change=st.sampled_from(CHANGES), begin=hours, end=hours)
def test_over_every_change_each_day_has_one_unbroken_window(
    change: tuple[str, datetime], begin: str, end: str
) -> None:
    """And wherever the clock shows a time within the hours, they hold."""
    zone, moment = change
    if begin == end:
        return
    schedule = scheduled(zone, begin, end)
    begun: list[date] = []
    for step in range(-24 * 12, 24 * 12):
        at = moment + timedelta(minutes=5 * step)
        assert active(schedule, at) or not shown(schedule, at)
        if active(schedule, at) and not active(schedule, at - timedelta(minutes=5)):
            began = min(at - n * MINUTE for n in range(5) if active(schedule, at - n * MINUTE))
            begun.append(began.astimezone(ZoneInfo(zone)).date())
    assert len(set(begun)) == len(begun)


@given(change=st.sampled_from(CHANGES), offset=st.integers(-180, 180))
def test_first_and_last_moment_of_a_time_enclose_every_showing_of_it(
    change: tuple[str, datetime], offset: int
) -> None:
    zone = ZoneInfo(change[0])
    wall = (change[1] + offset * MINUTE).astimezone(zone).replace(tzinfo=None)
    begin, end = first(wall, zone), last(wall, zone)
    assert begin <= change[1] + offset * MINUTE <= end
    assert begin.astimezone(zone).replace(tzinfo=None) == wall
    assert end.astimezone(zone).replace(tzinfo=None) == wall
    assert (begin - MINUTE).astimezone(zone).replace(tzinfo=None) < wall
    assert end - begin <= timedelta(hours=2)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("begin", "end", "at", "inside"),
    [
        # 29 March 2026: 02:00 CET is followed by 03:00 CEST
        ("02:30", "05:00", "2026-03-29T01:59:59+01:00", False),
        ("02:30", "05:00", "2026-03-29T03:00:00+02:00", True),
        ("01:00", "02:30", "2026-03-29T01:59:59+01:00", True),
        ("01:00", "02:30", "2026-03-29T03:00:00+02:00", False),
        ("02:10", "02:50", "2026-03-29T03:00:00+02:00", False),
        # 25 October 2026: 03:00 CEST is followed by 02:00 CET
        ("02:15", "02:45", "2026-10-25T02:14:59+02:00", False),
        ("02:15", "02:45", "2026-10-25T02:15:00+02:00", True),
        ("02:15", "02:45", "2026-10-25T02:50:00+02:00", True),  # once begun, to the last 02:45
        ("02:15", "02:45", "2026-10-25T02:44:59+01:00", True),
        ("02:15", "02:45", "2026-10-25T02:45:00+01:00", False),
    ],
)
def test_hours_that_do_not_exist_or_exist_twice(
    begin: str, end: str, at: str, inside: bool
) -> None:
    assert active(scheduled("Europe/Berlin", begin, end), berlin(at)) is inside


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = scheduled("Europe/Berlin", "22:00", "06:00", "fri")
    assert not active(friday_night, berlin("2026-01-16T05:59:00+01:00"))  # friday morning
    assert active(friday_night, berlin("2026-01-16T22:00:00+01:00"))
    assert active(friday_night, berlin("2026-01-17T05:59:59+01:00"))
    assert not active(friday_night, berlin("2026-01-17T06:00:00+01:00"))
    sunday_night = scheduled("Europe/Berlin", "22:00", "06:00", "sun")
    assert active(sunday_night, berlin("2026-01-19T03:00:00+01:00"))  # over the end of the week


def test_whole_days_leave_no_gap() -> None:
    always = scheduled("America/Sao_Paulo", "00:00", "24:00")
    midnight = datetime.combine(date(2018, 11, 3), time(), UTC)
    assert all(active(always, midnight + timedelta(minutes=7 * n)) for n in range(400))


def test_a_reading_says_what_the_clock_of_the_place_shows() -> None:
    reading = read(scheduled("Asia/Kathmandu", "09:00", "17:00"), berlin("2026-01-16T05:00:00Z"))
    assert (reading.active, reading.local) == (True, "fri 10:45 Asia/Kathmandu")


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ({"begin": "22:00", "end": "22:00"}, "a whole day is 00:00 to 24:00"),
        ({"begin": "24:00", "end": "06:00"}, "say that day"),
        ({"begin": "7pm", "end": "06:00"}, "'7pm' is no time of day: 00:00 to 24:00, in quotes"),
        ({"begin": "00:00", "end": "24:01"}, "'24:01' is no time of day"),
        ({"begin": 22, "end": "06:00"}, "22 is no time of day"),
        ({"begin": "22:00", "end": "06:00", "days": []}, "at least 1 item"),
    ],
)
def test_hours_that_make_no_sense_are_refused(window: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        WindowConfig.model_validate(window)


def test_a_time_without_quotes_is_what_yaml_made_of_it() -> None:
    assert WindowConfig.model_validate({"begin": 1320, "end": "06:00"}).begin == "22:00"


@pytest.mark.parametrize("name", ["Europe/Atlantis", "CEST", "../etc/passwd", "Europe", ""])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(ValidationError, match=f"time zone '{name}' is not known"):
        scheduled(name, "09:00", "17:00")
