"""Is an object in a zone, and for how long has it been?

PURE. An object stands where its feet are: the middle of its box's lower edge, which touches the
ground. Here zones are polygons in shares 0..1 of the frame, so a change of resolution changes
nothing. Called by `rules.evaluate` once per track and frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.config.schema import ZoneConfig
from imaging.polygons import Point, contains

_STEPPED_OUT_S = 2.0
"""Who loiters may step over the edge of the zone for as long as this: the foot point of one box
jitters, and somebody who paces takes about this long to turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePresence:
    """A track's foot in a zone, in monotonic seconds: `since_s` it has not left it, `first_s` it
    came first, but for short steps outside; it was last inside at `last_s`."""

    zone: str
    since_s: float
    first_s: float
    last_s: float
    inside: bool = True


def step(
    presences: tuple[ZonePresence, ...], zones: tuple[ZoneConfig, ...], point: Point, now: float
) -> tuple[ZonePresence, ...]:
    """The zones that `point` (shares of the frame) is in, or has only just stepped out of."""
    known = {presence.zone: presence for presence in presences}
    stays = []
    for zone in zones:
        presence = _continued(known.get(zone.id), zone, contains(zone.polygon, point), now)
        if presence is not None:
            stays.append(presence)
    return tuple(stays)


def _continued(
    before: ZonePresence | None, zone: ZoneConfig, inside: bool, now: float
) -> ZonePresence | None:
    if before is not None and now - before.last_s > _STEPPED_OUT_S and not before.inside:
        before = None
    if not inside:
        return None if before is None else replace(before, inside=False)
    if before is None:
        return ZonePresence(zone=zone.id, since_s=now, first_s=now, last_s=now)
    since_s = before.since_s if before.inside else now
    return replace(before, since_s=since_s, last_s=now, inside=True)


def occupied(
    presences: tuple[ZonePresence, ...], zones: tuple[ZoneConfig, ...], now: float
) -> tuple[str, ...]:
    """The zones that are occupied now and have been for at least their inertia."""
    inertia_s = {zone.id: zone.inertia_s for zone in zones}
    return tuple(
        p.zone for p in presences if p.inside and now - p.since_s >= inertia_s.get(p.zone, 0.0)
    )


def dwelt_s(presences: tuple[ZonePresence, ...], zones: tuple[str, ...], now: float) -> float:
    """The longest stay so far in one of `zones` that is occupied now; 0 for none."""
    stays = (now - p.first_s for p in presences if p.inside and p.zone in zones)
    return max(stays, default=0.0)
