"""The sequences added up, with how sure each figure is, and the finished evaluation.

PURE. Intervals are at 95 %: Wilson's for shares, Garwood's for rates; that of a reduction stands in
`intervals`. A share of bytes is no proportion of cases: there the number of frames stands for the
number of cases. Read by the report writers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from service.intervals import Interval, wilson
from tools.evaluation.evaluate.events import CLASSES, AlarmKind, ObjectClass
from tools.evaluation.evaluate.intervals import Comparison, Proportion, Rate
from tools.evaluation.evaluate.observed import DecidedSuspicion, StillRun
from tools.evaluation.evaluate.score import EventScore, SequenceScore, Traffic

COMPARED: tuple[ObjectClass, ...] = ("person", "vehicle")
"""Classes for which alarms are compared with plain motion: a bicycle comes with its rider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecall:
    """Events of a class: found by confirmed alarms, by the edge alone, by plain motion; delays of
    those found."""

    total: int
    found: int
    edge_found: int
    motion_found: int
    as_rider: int
    delays_s: tuple[float, ...]

    def share(self) -> Proportion:
        return Proportion(self.found, self.total)

    def median_delay_s(self) -> float | None:
        return median(self.delays_s) if self.delays_s else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """Alarms of a class that touched nothing: confirmed, and of the edge alone."""

    confirmed: int
    edge: int
    wrong_class: int
    hours: float

    def rate(self) -> Rate:
        return Rate(self.confirmed, self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The three figures: events found, false alarms of every kind, bytes; and what they excuse.

    `unchecked` alarms pass for right by what is in view, while no label says what is at their
    box; `by_null` of all right ones are excused by frames alone that are not scored; `unscored` are
    confirmed of classes that nobody labelled.
    """

    events: int
    found: int
    edge_found: int
    by_kind: Counter[AlarmKind]
    edge_by_kind: Counter[AlarmKind]
    hours: float
    unchecked: int
    by_null: int
    unscored: int

    @property
    def false(self) -> int:
        """Confirmed alarms that are false in whatever way."""
        return self.by_kind.total() - self.by_kind[AlarmKind.RIGHT]

    @property
    def edge_false(self) -> int:
        return self.edge_by_kind.total() - self.edge_by_kind[AlarmKind.RIGHT]

    @property
    def lost_by_cloud(self) -> int:
        """Events that the edge found and people were not notified of."""
        return self.edge_found - self.found

    def share(self) -> Proportion:
        """Of the events that were found."""
        return Proportion(self.found, self.events)

    def rate(self) -> Rate:
        """False alarms of every kind per camera-hour."""
        return Rate(self.false, self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums. `nothing` compares alarms that are false whichever class one watches for;
    `without` those of a class during which nothing of it was in view."""

    headline: Headline
    recall: dict[ObjectClass, EventRecall]
    false_alarms: dict[ObjectClass, FalseAlarms]
    nothing: Comparison
    without: dict[ObjectClass, Comparison]
    traffic: Traffic
    empty: Traffic
    hours: float
    alarms: int
    motion_alarms: int

    def confirmed_false(self) -> int:
        return self.nothing.confirmed

    def edge_false(self) -> int:
        return self.nothing.edge

    def motion_false(self) -> int:
        return self.nothing.motion


def add_up(scores: Sequence[SequenceScore]) -> Totals:
    hours = sum(score.run.duration_s() for score in scores) / 3600
    return Totals(
        headline=_headline(scores, hours),
        recall={cls: _recall(cls, scores) for cls in CLASSES},
        false_alarms=_false_alarms(scores, hours),
        nothing=about_nothing(scores),
        without={cls: _without(cls, scores, hours) for cls in COMPARED},
        traffic=sum((score.traffic for score in scores), Traffic()),
        empty=sum((score.empty for score in scores), Traffic()),
        hours=hours,
        alarms=sum(len(score.alarms) for score in scores),
        motion_alarms=sum(len(score.motion) for score in scores),
    )


def _headline(scores: Sequence[SequenceScore], hours: float) -> Headline:
    """Bicycles count neither as events nor as missed: their riders do."""
    events = [e for score in scores for e in score.events if e.event.cls in COMPARED]
    alarms = [scored for score in scores for scored in score.alarms]
    confirmed = sum(score.decisions["confirmed"] for score in scores)
    return Headline(
        events=len(events),
        found=sum(event.delay_s is not None for event in events),
        edge_found=sum(event.edge_delay_s is not None for event in events),
        by_kind=Counter(scored.kind for scored in alarms),
        edge_by_kind=Counter(one.kind for score in scores for one in score.edge_alarms),
        hours=hours,
        unchecked=sum(scored.unchecked for scored in alarms),
        by_null=sum(scored.by_null and not scored.false for scored in alarms),
        unscored=confirmed - len(alarms),
    )


def about_nothing(scores: Sequence[SequenceScore]) -> Comparison:
    """Alarms that are false whichever class one watches for; of ours, each is of one class."""
    return Comparison(
        motion=sum(score.motion_on_nothing() for score in scores),
        edge=sum(score.edge_false_alarms().total() for score in scores),
        confirmed=sum(score.false_alarms().total() for score in scores),
        hours=sum(score.run.duration_s() for score in scores) / 3600,
    )


def _without(cls: ObjectClass, scores: Sequence[SequenceScore], hours: float) -> Comparison:
    counts = [score.without(cls) for score in scores]
    motion, edge, confirmed = (sum(count[place] for count in counts) for place in range(3))
    return Comparison(motion=motion, edge=edge, confirmed=confirmed, hours=hours)


def traffic_interval(traffic: Traffic) -> Interval | None:
    """Wilson on the share of bytes sent, taking each frame for one case."""
    share = traffic.share()
    return None if share is None else wilson(share, traffic.frames)


def _recall(cls: ObjectClass, scores: Iterable[SequenceScore]) -> EventRecall:
    events: list[EventScore] = [
        scored for score in scores for scored in score.events if scored.event.cls == cls
    ]
    delays = tuple(scored.delay_s for scored in events if scored.delay_s is not None)
    return EventRecall(
        total=len(events),
        found=len(delays),
        edge_found=sum(scored.edge_delay_s is not None for scored in events),
        motion_found=sum(scored.motion_delay_s is not None for scored in events),
        as_rider=sum(scored.as_rider for scored in events),
        delays_s=delays,
    )


def _false_alarms(scores: Sequence[SequenceScore], hours: float) -> dict[ObjectClass, FalseAlarms]:
    confirmed = _sum(score.false_alarms() for score in scores)
    edge = _sum(score.edge_false_alarms() for score in scores)
    wrong = _sum(score.wrong_class() for score in scores)
    return {
        cls: FalseAlarms(
            confirmed=confirmed[cls],
            edge=edge[cls],
            wrong_class=wrong[cls],
            hours=hours,
        )
        for cls in CLASSES
    }


def _sum(counts: Iterable[Counter[ObjectClass]]) -> Counter[ObjectClass]:
    return sum(counts, Counter())


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What was evaluated, on what, and by which models."""

    corpus: str
    config: str
    edge_model: str
    edge_sha256: str
    edge_runtime: str
    cloud_model: str
    cloud_sha256: str
    only: tuple[str, ...]
    limit: int | None
    wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    subject: Subject
    scores: tuple[SequenceScore, ...]
    totals: Totals
    stills: tuple[StillRun, ...]

    def frames(self) -> int:
        """All pictures played."""
        return len(self.stills) + sum(len(score.run.seen) for score in self.scores)

    def analysed(self) -> int:
        """Those of them that reached the detector."""
        stills = sum(still.seen.outcome == "analysed" for still in self.stills)
        return stills + sum(score.outcomes["analysed"] for score in self.scores)

    def inferences_per_analysed(self) -> float | None:
        """Runs of the network per frame that reached the detector."""
        looks = [seen.inferences for score in self.scores for seen in score.run.seen]
        looks += [still.seen.inferences for still in self.stills]
        return sum(looks) / self.analysed() if self.analysed() else None

    def suspicions(self) -> tuple[DecidedSuspicion, ...]:
        """All suspicions, of sequences and of stills."""
        of_sequences = (decided for score in self.scores for decided in score.run.suspicions)
        of_stills = (decided for still in self.stills for decided in still.suspicions)
        return (*of_sequences, *of_stills)
