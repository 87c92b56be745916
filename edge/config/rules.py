"""The `decide` section: zones, threat rules and the tracker, with the default rules.

Read through `edge.config.schema`, which is the whole.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.values import Name, Point, Section, Share


class Zone(Section):
    """A polygon on the ground; a thing stands in it where its feet are."""

    id: Name = Field(description="Name of the zone.")
    polygon: tuple[Point, ...] = Field(
        min_length=3, max_length=64, description="Corners as shares 0..1 of width and height."
    )
    inertia_s: float = Field(0.5, ge=0, le=60, description="Stay this long before it counts.")


class Rule(Section):
    """What counts as a threat."""

    id: Name = Field(description="Name of the rule.")
    labels: tuple[str, ...] = Field(min_length=1, description="Classes it is about.")
    min_score: Share = Field(0.3, description="A lower detection counts 0 in the vote.")
    threshold: Share = Field(0.35, description="The median of recent scores must reach it.")
    snapshot_threshold: Share = Field(0.35, description="A stand-alone frame must reach it.")
    snapshot_min_area: Share = Field(
        0.0, description="A stand-alone frame: least share of the picture that the thing covers."
    )
    zones: tuple[Name, ...] = Field((), description="Only in these zones; empty: everywhere.")
    must_move: bool = Field(True, description="Only things seen moving (streams).")
    min_travel: float = Field(
        0.2, ge=0, le=100, description="must_move: how far the feet got, in own heights."
    )
    cooldown_s: float = Field(10.0, ge=0, le=3600, description="Silence per track, then doubled.")
    severity: int = Field(2, ge=0, le=2, description="AVS-01 level; the edge alone may say 2.")


class Tracking(Section):
    max_gap_s: float = Field(1.5, ge=0.1, le=60, description="A track survives this unseen.")
    window: int = Field(10, ge=3, le=100, description="Scores in the vote, padded to 3.")
    min_iou: Share = Field(0.1, description="Least overlap with the predicted box.")


DEFAULT_RULES = (
    Rule(id="person", labels=("person",)),
    Rule(
        id="vehicle",
        labels=("bicycle", "car", "motorcycle", "bus", "truck"),
        min_score=0.35,
        threshold=0.4,
        snapshot_threshold=0.4,
        snapshot_min_area=0.02,
        severity=1,
    ),
)
"""A single picture does not show whether a vehicle moves. One that set off a movement sensor is
within its reach of some 12 m and so large; a parked one in the background is not.
"""


class Decide(Section):
    """Tracking and threat rules."""

    tracking: Tracking = Field(default_factory=Tracking, description="The tracker.")
    rules: tuple[Rule, ...] = Field(DEFAULT_RULES, description="First match wins per track.")
