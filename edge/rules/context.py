"""What holds for a whole frame of a camera when the rules are evaluated.

PURE. The configuration's part in a decision, put together once per frame: the rules as the light
has them, the places, the hours, whether the camera is armed. Called by `rule_engine`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from edge.config.schema import CameraConfig, DecideConfig, LineConfig, RuleConfig, ZoneConfig
from edge.records import FrameSize, TrackId
from edge.rules import schedule
from edge.rules.schedule import Reading
from edge.static_objects.place_history import PlaceSimilarity
from edge.static_objects.records import Match
from imaging.polygons import Box

Stays = Callable[[TrackId, Box], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationContext:
    """`size` is the frame's width and height in pixels; `night` says that the rules are those of
    the night; `known` are the static objects, by track or, in a single picture, by box; `aspect` is
    a pixel's width in units of its height; `similarity` says how like a place (shares of the frame)
    is to what was there some seconds ago, `stays` how like the places that a track (now at a box in
    pixels) is said to have left are to what they were with it."""

    rules: tuple[RuleConfig, ...]
    size: FrameSize
    zones: tuple[ZoneConfig, ...] = ()
    lines: tuple[LineConfig, ...] = ()
    hours: tuple[Reading, ...] = ()
    armed: bool = True
    night: bool = False
    known: Mapping[TrackId | Box, Match] = field(default_factory=dict)
    aspect: float = 1.0
    similarity: Callable[[Box], PlaceSimilarity | None] = lambda _: None
    stays: Stays = lambda _track, _box: None

    def severity(self, rule: RuleConfig, zones: tuple[str, ...]) -> int:
        """The rule's own level, or a higher one of a zone that is occupied or an hour that is."""
        levels = [zone.severity for zone in self.zones if zone.id in zones]
        levels += [reading.severity for reading in self.hours if reading.active]
        return max(rule.severity, *levels, 0)


def evaluation_context(
    camera: CameraConfig,
    decide: DecideConfig,
    size: FrameSize,
    at: datetime,
    night: bool,
) -> EvaluationContext:
    """Of a frame of that size that was received at `at`, without what is known of its objects."""
    rules = decide.rules if camera.rules is None else camera.rules
    return EvaluationContext(
        rules=tuple(rule.at_night() for rule in rules) if night else rules,
        size=size,
        zones=camera.zones,
        lines=camera.lines,
        hours=tuple(schedule.read(one, at) for one in decide.schedules),
        armed=camera.armed,
        night=night,
    )
