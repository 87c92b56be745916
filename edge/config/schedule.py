"""The `decide.schedules` section: weekly hours in a place's own time.

Read through `edge.config.schema`. What the hours mean when clocks change: `service.weekly_hours`.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.values import Name, Section
from service.weekly_hours import WindowConfig, ZoneName


class ScheduleConfig(Section):
    """Weekly hours for rules."""

    id: Name = Field(description="Name of the schedule.")
    time_zone: ZoneName = Field(description="IANA name, such as Europe/Berlin.")
    windows: tuple[WindowConfig, ...] = Field(min_length=1, max_length=64, description="Its hours.")
    severity: int = Field(
        0, ge=0, le=2, description="What is raised within it has at least this AVS-01 level."
    )
