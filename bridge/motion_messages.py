"""What a camera's ONVIF event says about motion, or that it says nothing about it.

PURE. Topics after ONVIF's event and analytics specifications (`VideoSource/MotionAlarm`,
`RuleEngine/CellMotionDetector/Motion`), and as makers extend them (`MyRuleDetector/PeopleDetect` of
Reolink, Hikvision and TP-Link). The names before a colon are namespaces and differ. Called by
`motion_hints`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

_MAX_CHARACTERS = 256
_NAMESPACE = re.compile(r"\b[\w.-]+:")

_MOTION = re.compile(
    r"VideoSource/MotionAlarm|RuleEngine/(?:CellMotionDetector|MotionRegionDetector)/Motion"
)
"""Anything that moves: only where one of these says no, nothing does."""
_OBJECT = re.compile(
    r"RuleEngine/(?:FieldDetector/ObjectsInside|LineDetector/Crossed"
    r"|\w*Detector/\w*(?:People|Human|Person|Vehicle|Motor|Face|Dog|Pet|Animal)\w*)"
)
"""Some of what moves."""
_STATE = re.compile(r"State|Value|Is[A-Z]\w*")
_WORDS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionMessage:
    """`source` is the detector that speaks, `about` what it would see; a `moving` of None is a
    moment that has no end, such as a line that was crossed."""

    source: str
    about: Literal["motion", "object"]
    moving: bool | None


def motion_message(event: Mapping[str, object]) -> MotionMessage | None:
    """What `event` (onveef's: `topic`, `source`, `data`) says; None if it is about something else
    or malformed. Raises nothing, whatever a camera wrote."""
    topic = _NAMESPACE.sub("", str(event.get("topic", ""))[:_MAX_CHARACTERS]).strip("/")
    general = _MOTION.fullmatch(topic) is not None
    if not general and _OBJECT.fullmatch(topic) is None:
        return None
    moving = _state(event.get("data"))
    if moving is None and (general or not topic.endswith("/Crossed")):
        return None
    source = event.get("source")
    where = sorted(source.items()) if isinstance(source, Mapping) else ()
    return MotionMessage(
        source=f"{topic} {where}"[:_MAX_CHARACTERS],
        about="motion" if general else "object",
        moving=moving,
    )


def _state(data: object) -> bool | None:
    """Of the items that are called like a state the first that is one."""
    if not isinstance(data, Mapping):
        return None
    said = (str(value).strip().lower() for name, value in data.items() if _STATE.fullmatch(name))
    return next((_WORDS[word] for word in said if word in _WORDS), None)
