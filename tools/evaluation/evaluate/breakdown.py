"""The figures by what disturbed the camera, by the height of people in the picture, and of stills.

PURE. Heights are of corpora with boxes only. A still has no motion, so a vehicle in it counts
whether it stands or drives. Read by the report writers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from tools.evaluation.evaluate.events import ObjectClass
from tools.evaluation.evaluate.intervals import Comparison, Proportion
from tools.evaluation.evaluate.observed import BoxSeen, StillRun
from tools.evaluation.evaluate.score import EventScore, SequenceScore, Traffic
from tools.evaluation.evaluate.totals import about_nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class NuisanceCount:
    """What one nuisance did: frames, those that reached the detector, and false alarms of any
    class."""

    name: str
    frames: int
    analysed: int
    false: Comparison

    def analysed_share(self) -> Proportion:
        return Proportion(self.analysed, self.frames)


def by_nuisance(scores: Sequence[SequenceScore]) -> tuple[NuisanceCount, ...]:
    """One row per nuisance in the order of the corpus, and `all` of them; none without any."""
    disturbed = [score for score in scores if score.run.nuisance is not None]
    names = dict.fromkeys(score.run.nuisance for score in disturbed)
    rows = [_count(str(n), [s for s in disturbed if s.run.nuisance == n]) for n in names]
    return (*rows, _count("all", disturbed)) if rows else ()


def _count(name: str, scores: Iterable[SequenceScore]) -> NuisanceCount:
    chosen = tuple(scores)
    return NuisanceCount(
        name=name,
        frames=sum(len(score.run.seen) for score in chosen),
        analysed=sum(score.outcomes["analysed"] for score in chosen),
        false=about_nothing(chosen),
    )


BANDS_PX = (0, 12, 16, 20, 25, 32, 40, 60, 80, 120, 100_000)
"""Bounds of the bands: finer where detection fades."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeightBand:
    """People from `low_px` to under `high_px` tall: events found by the edge alone and confirmed,
    boxes found among all and among those in frames that reached the detector."""

    low_px: int
    high_px: int
    edge: Proportion
    confirmed: Proportion
    boxes: Proportion
    analysed_boxes: Proportion

    def name(self) -> str:
        if self.high_px == BANDS_PX[-1]:
            return f"{self.low_px} and more"
        return f"{self.low_px} to {self.high_px}"


@dataclass(frozen=True, slots=True)
class _PersonEvent:
    """An event of a person with the height that they had in it."""

    height_px: float
    scored: EventScore


def by_height(scores: Sequence[SequenceScore]) -> tuple[HeightBand, ...]:
    """The bands in which there is anything, lowest first."""
    people = [person for score in scores for person in _people(score)]
    boxes = [box for score in scores for box in score.run.boxes]
    return _bands(people, boxes)


def stills_by_height(stills: Sequence[StillRun]) -> tuple[HeightBand, ...]:
    """Boxes of stills; they have no events."""
    return _bands([], [box for still in stills for box in still.boxes])


def by_walk(scores: Sequence[SequenceScore]) -> dict[str, tuple[HeightBand, ...]]:
    """The bands of each kind of composed walk, in the order of the corpus."""
    walks = dict.fromkeys(score.run.walk for score in scores if score.run.walk is not None)
    return {walk: by_height([s for s in scores if s.run.walk == walk]) for walk in walks}


def _people(score: SequenceScore) -> Iterable[_PersonEvent]:
    for scored in score.events:
        event = scored.event
        heights = [b.height_px for b in score.run.boxes if event.start_s <= b.t <= event.end_s]
        if event.cls == "person" and heights:
            yield _PersonEvent(median(heights), scored)


def _bands(people: Sequence[_PersonEvent], boxes: Sequence[BoxSeen]) -> tuple[HeightBand, ...]:
    bands = (
        _band(
            low,
            high,
            [person.scored for person in people if low <= person.height_px < high],
            [box for box in boxes if low <= box.height_px < high],
        )
        for low, high in pairwise(BANDS_PX)
    )
    return tuple(band for band in bands if band.edge.whole or band.boxes.whole)


def _band(
    low: int, high: int, events: Sequence[EventScore], boxes: Sequence[BoxSeen]
) -> HeightBand:
    analysed = [box for box in boxes if box.analysed]
    return HeightBand(
        low_px=low,
        high_px=high,
        edge=Proportion(sum(e.edge_delay_s is not None for e in events), len(events)),
        confirmed=Proportion(sum(e.delay_s is not None for e in events), len(events)),
        boxes=Proportion(sum(box.found for box in boxes), len(boxes)),
        analysed_boxes=Proportion(sum(box.found for box in analysed), len(analysed)),
    )


STILL_CLASSES: tuple[ObjectClass, ...] = ("person", "vehicle")


@dataclass(frozen=True, slots=True, kw_only=True)
class StillsRecall:
    """Pictures of a class: with it and confirmed, without it and confirmed all the same."""

    present: int
    found: int
    absent: int
    false: int
    files_missed: tuple[str, ...]
    files_false: tuple[str, ...]

    def recall(self) -> Proportion:
        return Proportion(self.found, self.present)

    def false_share(self) -> Proportion:
        return Proportion(self.false, self.absent)


def score_stills(stills: Sequence[StillRun], cls: ObjectClass) -> StillsRecall:
    """Counts over the pictures that are labelled for `cls`; nulls are left out.

    A bicycle is no vehicle here, neither in the labels nor in what is confirmed.
    """
    present = [still for still in stills if still.labels[cls] is True]
    absent = [still for still in stills if still.labels[cls] is False]
    missed = tuple(still.file for still in present if not _alarms_about(still, cls))
    false = tuple(still.file for still in absent if _alarms_about(still, cls))
    return StillsRecall(
        present=len(present),
        found=len(present) - len(missed),
        absent=len(absent),
        false=len(false),
        files_missed=missed,
        files_false=false,
    )


def stills_traffic(stills: Sequence[StillRun]) -> Traffic:
    sent = [decided for still in stills for decided in still.suspicions]
    return Traffic(
        frames=len(stills),
        bytes_in=sum(still.seen.frame_bytes for still in stills),
        suspicions=len(sent),
        bytes_out=sum(decided.bytes_out for decided in sent),
    )


def _alarms_about(still: StillRun, cls: ObjectClass) -> bool:
    alarms = (decided.as_confirmed() for decided in still.suspicions)
    return any(alarm is not None and alarm.cls == cls for alarm in alarms)
