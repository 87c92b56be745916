"""What somebody publishes on `<root>/<gateway>/<camera>/<setting>/set`, read within its bounds.

PURE. A payload is the bare value (`0.5`, `away`, `30`, `OFF`), or JSON with `value` and `by`, who
wants it so. A refusal is a text. Called by `live_settings`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import assert_never

from contract.report import NO_PROFILE
from contract.topics import LiveSetting

LEAST, MOST = 0.05, 0.95
"""Of a threshold: at 0 everything would be an alarm, at 1 nothing."""
LONGEST_TEST_MIN = 480.0
USUAL_TEST_MIN = 30.0
"""For a plain `ON`, as a switch of home automation says it."""
MAX_BYTES = 500
MAX_NAME_CHARS = 64
DEFAULT = "default"

Value = str | float | None
"""None: as without the setting."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is wanted, and by whom; minutes of a test, 0 to end it."""

    value: Value
    by: str


def read_command(setting: LiveSetting, payload: bytes, profiles: Collection[str]) -> Command | str:
    """The command, or why it is refused."""
    if len(payload) > MAX_BYTES:
        return f"{len(payload)} bytes, more than {MAX_BYTES}"
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError:
        return "no text"
    said, by = _taken_apart(text)
    if len(by) > MAX_NAME_CHARS or not by.isprintable():
        return f"`by` is longer than {MAX_NAME_CHARS} characters, or not printable"
    match setting:
        case "min_score" | "threshold":
            value = _threshold(said)
        case "on_test":
            value = _minutes(said)
        case "profile":
            value = _profile(said, profiles)
        case _:
            assert_never(setting)
    return value if isinstance(value, str) else Command(value[0], by)


def _taken_apart(text: str) -> tuple[str, str]:
    """The value as text, and who."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return text, ""
    if not isinstance(found, dict):
        return text, ""
    return str(found.get("value", "")), str(found.get("by", ""))


def _threshold(said: str) -> tuple[Value] | str:
    if said == DEFAULT:
        return (None,)
    number = _number(said)
    if number is None or not LEAST <= number <= MOST:
        return f"neither a number from {LEAST} to {MOST} nor `{DEFAULT}`"
    return (number,)


def _minutes(said: str) -> tuple[Value] | str:
    words = {"ON": USUAL_TEST_MIN, "OFF": 0.0}
    number = words.get(said.upper(), _number(said))
    if number is None or not 0 <= number <= LONGEST_TEST_MIN:
        return f"neither minutes from 0 to {LONGEST_TEST_MIN:g} nor ON or OFF"
    return (number,)


def _profile(said: str, profiles: Collection[str]) -> tuple[Value] | str:
    if said in profiles:
        return (said,)
    if said == NO_PROFILE:
        return (None,)
    known = ", ".join((*sorted(profiles), NO_PROFILE))
    return f"no profile of that name: {known[:200]}"


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
