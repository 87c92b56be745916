"""Is a thing in a zone, and for how long has it been?

PURE. A thing stands where its feet are: the middle of its box's lower edge, which touches the
ground. Here zones are polygons in shares 0..1 of the frame, so a change of resolution changes
nothing. Called by `threat` once per track and frame.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.config.schema import Zone
from edge.records import Box

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Since when (monotonic seconds) a track's foot has been inside a zone without leaving it."""

    zone: str
    since_s: float


def foot(box: Box) -> Point:
    """The point on the ground of a box xyxy, in the box's own units."""
    x0, _, x1, y1 = box
    return (x0 + x1) / 2, y1


def contains(polygon: tuple[Point, ...], point: Point) -> bool:
    """Even-odd rule: a ray to the right crosses the outline an odd number of times.

    Source: Shimrat 1962, CACM algorithm 112. A point exactly on an edge may fall to either side; a
    thing never rests there for a zone's inertia.
    """
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    return inside


def step(
    presences: tuple[Presence, ...], zones: tuple[Zone, ...], point: Point, now: float
) -> tuple[Presence, ...]:
    """The zones that `point` (shares of the frame) is in; those it was in keep their entry time."""
    since = {presence.zone: presence.since_s for presence in presences}
    return tuple(
        Presence(zone=zone.id, since_s=since.get(zone.id, now))
        for zone in zones
        if contains(zone.polygon, point)
    )


def settled(
    presences: tuple[Presence, ...], zones: tuple[Zone, ...], now: float
) -> tuple[str, ...]:
    """The zones that have been occupied for at least their inertia."""
    inertia_s = {zone.id: zone.inertia_s for zone in zones}
    return tuple(p.zone for p in presences if now - p.since_s >= inertia_s.get(p.zone, 0.0))
