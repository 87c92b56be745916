"""Where an alarm event has been reported: what is far from all of these places is new.

PURE. A place counts for `longest_s`. One that the cloud refuted notified nobody: it hides only what
stands on it. Called by `deduplication`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from edge.config.deduplication import DeduplicationConfig
from edge.records import TrackId
from edge.rules.cooldown import larger
from edge.rules.evaluate import Finding
from imaging.polygons import foot

_MOST = 8
"""ReportedPlaces that may be reported apart in one `longest_s`; more of them are everywhere."""

_REFUTED_NEAR = 1.0
"""Heights within which a place that the cloud refuted still counts. Nobody was told of it, so it
hides nobody else; but what stands there will be found there again, and its box overlaps this one's.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Feet and height (pixels) of an object that was reported, when, and as which track; `refuted`
    if the cloud called it nothing."""

    foot: tuple[float, float]
    height: float
    at_s: float
    track: TrackId
    refuted: bool = False


ReportedPlaces = tuple[Place, ...]
"""In the order in which they were reported."""


def with_finding(
    places: ReportedPlaces, finding: Finding, now: float, settings: DeduplicationConfig
) -> ReportedPlaces:
    """The places that count at `now`, after the finding was reported."""
    return (*_lately(places, now, settings), _place(finding, now))[-_MOST:]


def with_verdict(places: ReportedPlaces, track: TrackId, *, refuted: bool) -> ReportedPlaces:
    """After the cloud has decided about a track that was reported."""
    return tuple(replace(p, refuted=refuted) if p.track == track else p for p in places)


def is_elsewhere(
    finding: Finding, places: ReportedPlaces, now: float, settings: DeduplicationConfig
) -> bool:
    """Is the object far from everything that was reported lately?"""
    lately = _lately(places, now, settings)
    place = _place(finding, now)
    return len(lately) < _MOST and all(
        math.dist(place.foot, known.foot) > _near(known, settings) * min(place.height, known.height)
        for known in lately
    )


def is_larger(finding: Finding, places: ReportedPlaces) -> bool:
    """Is the object clearly larger than all that were reported?"""
    reported = max((place.height for place in places), default=math.inf)
    return larger(_height(finding), reported)


def _near(known: Place, settings: DeduplicationConfig) -> float:
    return min(_REFUTED_NEAR, settings.near) if known.refuted else settings.near


def _lately(places: ReportedPlaces, now: float, settings: DeduplicationConfig) -> ReportedPlaces:
    return tuple(place for place in places if now - place.at_s < settings.longest_s)


def _place(finding: Finding, now: float) -> Place:
    height = _height(finding)
    return Place(foot=foot(finding.box), height=height, at_s=now, track=finding.track)


def _height(finding: Finding) -> float:
    return finding.box[3] - finding.box[1]
