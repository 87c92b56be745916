"""Is it within the hours of a schedule?

PURE. `at` is an aware moment; it comes from the frame's `received_at`. A window is one unbroken
stretch of time from the first moment at which the place's clocks show its begin to the last moment
at which they show its end. So where clocks go back it lasts an hour longer rather than stopping in
between, and a begin or end that clocks skip is the moment of the skip; a window that lies in the
skipped hour as a whole does not take place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from edge.config.schedule import DAY_MIN, DAYS, ScheduleConfig, WindowConfig, minutes, time_zone

_RESOLUTION = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A schedule at one moment; `local` is what the place's clock shows, for people."""

    schedule: str
    active: bool
    local: str
    severity: int


def read(schedule: ScheduleConfig, at: datetime) -> Reading:
    """The schedule at `at`, which must be aware."""
    local = at.astimezone(time_zone(schedule.time_zone))
    return Reading(
        schedule=schedule.id,
        active=active(schedule, at),
        local=f"{DAYS[local.weekday()]} {local:%H:%M} {schedule.time_zone}",
        severity=schedule.severity,
    )


def active(schedule: ScheduleConfig, at: datetime) -> bool:
    """Whether `at` lies in a window; the end itself is outside."""
    zone = time_zone(schedule.time_zone)
    today = at.astimezone(zone).date()
    moment = at.astimezone(UTC)
    return any(
        _covers(window, day, zone, moment)
        for day in (today - timedelta(days=1), today)
        for window in schedule.windows
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
