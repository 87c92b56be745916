"""People found by their height in the picture: as events, and box by box.

PURE. Sequences with boxes only. Read by the report writers and plots.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from tools.evaluation.evaluate.observed import BoxSeen, StillRun
from tools.evaluation.evaluate.score import EventScore, SequenceScore
from tools.evaluation.evaluate.wilson import Interval, wilson

BANDS_PX = (0, 12, 16, 20, 25, 32, 40, 60, 80, 120, 100_000)
"""Bounds of the bands: finer where detection fades."""


@dataclass(frozen=True, slots=True)
class Found:
    """So many of so many."""

    total: int
    found: int

    def share(self) -> float | None:
        return self.found / self.total if self.total else None

    def interval(self) -> Interval | None:
        return wilson(self.found / self.total, self.total) if self.total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """People from `low_px` to under `high_px` tall: events found by the edge alone and confirmed,
    boxes found among all and among those in frames that reached the detector."""

    low_px: int
    high_px: int
    edge: Found
    confirmed: Found
    boxes: Found
    looked_boxes: Found

    def name(self) -> str:
        if self.high_px == BANDS_PX[-1]:
            return f"{self.low_px} and more"
        return f"{self.low_px} to {self.high_px}"


@dataclass(frozen=True, slots=True)
class _Person:
    """An event of a person with the height that they had in it."""

    height_px: float
    scored: EventScore


def by_height(scores: Sequence[SequenceScore]) -> tuple[Band, ...]:
    """The bands in which there is anything, lowest first."""
    people = [person for score in scores for person in _people(score)]
    boxes = [box for score in scores for box in score.run.boxes]
    return _bands(people, boxes)


def stills_by_height(stills: Sequence[StillRun]) -> tuple[Band, ...]:
    """Boxes of stills; they have no events."""
    return _bands([], [box for still in stills for box in still.boxes])


def by_walk(scores: Sequence[SequenceScore]) -> dict[str, tuple[Band, ...]]:
    """The bands of each kind of composed walk, in the order of the corpus."""
    walks = dict.fromkeys(score.run.walk for score in scores if score.run.walk is not None)
    return {walk: by_height([s for s in scores if s.run.walk == walk]) for walk in walks}


def _people(score: SequenceScore) -> Iterable[_Person]:
    for scored in score.events:
        event = scored.event
        heights = [b.height_px for b in score.run.boxes if event.start_s <= b.t <= event.end_s]
        if event.cls == "person" and heights:
            yield _Person(median(heights), scored)


def _bands(people: Sequence[_Person], boxes: Sequence[BoxSeen]) -> tuple[Band, ...]:
    bands = (
        _band(
            low,
            high,
            [person.scored for person in people if low <= person.height_px < high],
            [box for box in boxes if low <= box.height_px < high],
        )
        for low, high in pairwise(BANDS_PX)
    )
    return tuple(band for band in bands if band.edge.total or band.boxes.total)


def _band(low: int, high: int, events: Sequence[EventScore], boxes: Sequence[BoxSeen]) -> Band:
    looked = [box for box in boxes if box.looked]
    return Band(
        low_px=low,
        high_px=high,
        edge=Found(len(events), sum(e.edge_delay_s is not None for e in events)),
        confirmed=Found(len(events), sum(e.delay_s is not None for e in events)),
        boxes=Found(len(boxes), sum(box.found for box in boxes)),
        looked_boxes=Found(len(looked), sum(box.found for box in looked)),
    )
