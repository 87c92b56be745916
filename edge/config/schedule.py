"""The `decide.schedules` section: weekly hours in a place's own time.

Read through `edge.config.schema`. What the hours mean when clocks change: `edge.rules.schedule`.
"""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from edge.config.values import Name, Section

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)

DAY_MIN = 24 * 60
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)")


def time_zone(name: str) -> tzinfo:
    """The zone of an IANA name, from the system's data or the package `tzdata`.

    Raises `ValueError` with the name if there is none, or no data to find it in.
    """
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


class ScheduleConfig(Section):
    """Weekly hours for rules."""

    id: Name = Field(description="Name of the schedule.")
    time_zone: ZoneName = Field(description="IANA name, such as Europe/Berlin.")
    windows: tuple[WindowConfig, ...] = Field(min_length=1, max_length=64, description="Its hours.")
    severity: int = Field(
        0, ge=0, le=2, description="What is raised within it has at least this AVS-01 level."
    )
