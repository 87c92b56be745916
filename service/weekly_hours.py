"""Weekly hours in a place's own time: how they are written, and whether a moment lies in them.

PURE. A window is one unbroken stretch of time from the first moment at which the place's clocks
show its begin to the last moment at which they show its end. So where clocks go back it lasts an
hour longer rather than stopping in between, and a begin or end that clocks skip is the moment of
the skip; a window that lies in the skipped hour as a whole does not take place. Used by the schemas
and rules of edge and cloud.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from service.sections import Section

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)

DAY_MIN = 24 * 60
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)")
_RESOLUTION = timedelta(seconds=1)


def time_zone(name: str) -> tzinfo:
    """The zone of an IANA name, from the system's data or the package `tzdata`.

    Raises `ValueError` with the name if there is none, or no data to find it in.
    """
    if name == "UTC":  # known also where there is no time zone data
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(_unknown(name)) from error


def _unknown(name: str) -> str:
    try:
        ZoneInfo("Etc/UTC")
    except (ZoneInfoNotFoundError, OSError):
        return (
            f"time zone {name!r}: this system has no time zone data; "
            "install the system's or Python's package `tzdata`"
        )
    return f"time zone {name!r} is not known: an IANA name such as Europe/Berlin"


def minutes(text: str) -> int:
    """`HH:MM` as minutes since midnight, up to `24:00`."""
    found = _TIME.fullmatch(text)
    total = int(found[1]) * 60 + int(found[2]) if found else DAY_MIN + 1
    if total > DAY_MIN:
        raise ValueError(f"{text!r} is no time of day: 00:00 to 24:00, in quotes")
    return total


def _clock(value: object) -> object:
    """YAML 1.1 reads 22:00 without quotes as a number to the base of 60; that is undone here."""
    if isinstance(value, int) and not isinstance(value, bool) and 60 <= value <= DAY_MIN:
        return f"{value // 60:02d}:{value % 60:02d}"
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no time of day: 00:00 to 24:00, in quotes")
    minutes(value)
    return value


def _zone(value: str) -> str:
    time_zone(value)
    return value


TimeOfDay = Annotated[str, BeforeValidator(_clock)]
ZoneName = Annotated[str, AfterValidator(_zone)]


class WindowConfig(Section):
    """Hours of a week; an end that is not after the begin lies on the next day."""

    days: tuple[Day, ...] = Field(DAYS, min_length=1, description="Days on which it begins.")
    begin: TimeOfDay = Field(description="HH:MM in quotes, from 00:00.")
    end: TimeOfDay = Field(description="HH:MM in quotes, to 24:00; before `begin`: next day.")

    @model_validator(mode="after")
    def _lasts(self) -> WindowConfig:
        begin, end = minutes(self.begin), minutes(self.end)
        if begin == DAY_MIN:
            raise ValueError("begin 24:00 is 00:00 of the day after: say that day")
        if begin == end:
            raise ValueError(f"begins and ends at {self.begin}; a whole day is 00:00 to 24:00")
        return self


def within(windows: Iterable[WindowConfig], zone_name: str, at: datetime) -> bool:
    """Whether `at`, which must be aware, lies in a window; the end itself is outside."""
    zone = time_zone(zone_name)
    today = at.astimezone(zone).date()
    moment = at.astimezone(UTC)
    return any(
        _covers(window, day, zone, moment)
        for day in (today - timedelta(days=1), today)
        for window in windows
        if DAYS[day.weekday()] in window.days
    )


def _covers(window: WindowConfig, day: date, zone: tzinfo, moment: datetime) -> bool:
    begin, end = minutes(window.begin), minutes(window.end)
    if end <= begin:
        end += DAY_MIN
    midnight = datetime.combine(day, time())
    return (
        first(midnight + timedelta(minutes=begin), zone)
        <= moment
        < last(midnight + timedelta(minutes=end), zone)
    )


def first(wall: datetime, zone: tzinfo) -> datetime:
    """The first moment (UTC) at which clocks in `zone` show `wall`, or have skipped it."""
    return _moment(wall, zone, fold=0)


def last(wall: datetime, zone: tzinfo) -> datetime:
    """The last moment (UTC) at which clocks in `zone` show `wall`, or the one of its skip."""
    return _moment(wall, zone, fold=1)


def _moment(wall: datetime, zone: tzinfo, fold: int) -> datetime:
    """PEP 495: `fold` chooses between two moments; of a skipped time it gives the two ends of a
    stretch in which the skip lies."""
    moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if _wall(moment, zone) == wall:
        return moment
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while after - before > _RESOLUTION:
        middle = before + (after - before) // 2
        before, after = (before, middle) if _wall(middle, zone) >= wall else (middle, after)
    return after.replace(microsecond=0)


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
