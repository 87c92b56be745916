"""Is it within the hours of a schedule?

PURE. `at` is an aware moment; it comes from the frame's `received_at`. What hours are when clocks
change: `service.weekly_hours`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edge.config.schedule import ScheduleConfig
from service.weekly_hours import DAYS, time_zone, within


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
        active=within(schedule.windows, schedule.time_zone, at),
        local=f"{DAYS[local.weekday()]} {local:%H:%M} {schedule.time_zone}",
        severity=schedule.severity,
    )
