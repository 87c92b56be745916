"""The sequences added up, with how sure each figure is.

PURE. Intervals are at 95 %: Wilson's for shares, Garwood's for rates. A share of bytes is no
proportion of cases: there the number of frames stands for the number of cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from tools.evaluate.events import CLASSES, ObjectClass
from tools.evaluate.garwood import garwood
from tools.evaluate.score import EventScore, SequenceScore, Traffic
from tools.evaluate.wilson import Interval, wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Events of a class: found by confirmed alarms, by the edge alone; delays of those found."""

    total: int
    found: int
    edge_found: int
    as_rider: int
    delays_s: tuple[float, ...]

    def interval(self) -> Interval | None:
        return wilson(self.found / self.total, self.total) if self.total else None

    def median_delay_s(self) -> float | None:
        return median(self.delays_s) if self.delays_s else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseAlarms:
    """Alarms of a class that touched nothing: confirmed, of the edge alone, of plain motion."""

    confirmed: int
    edge: int
    motion: int
    wrong_class: int
    frames: int
    hours: float

    def per_hour(self) -> float | None:
        return self.confirmed / self.hours if self.hours else None

    def per_hour_interval(self) -> Interval | None:
        """Garwood's, for false alarms as a Poisson process over the camera-hours."""
        return garwood(self.confirmed, self.hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    recall: dict[ObjectClass, Recall]
    false_alarms: dict[ObjectClass, FalseAlarms]
    traffic: Traffic
    empty: Traffic
    hours: float
    alarms: int
    motion_alarms: int
    motion_on_nothing: int

    def confirmed_false(self) -> int:
        return sum(count.confirmed for count in self.false_alarms.values())

    def edge_false(self) -> int:
        return sum(count.edge for count in self.false_alarms.values())

    def motion_false(self) -> int:
        return sum(count.motion for count in self.false_alarms.values())

    def reduction(self) -> float | None:
        """1 - false alarms / false motion alarms; None where motion gave none."""
        motion = self.motion_false()
        return 1 - self.confirmed_false() / motion if motion else None

    def reduction_interval(self) -> Interval | None:
        """Wilson on the share of false motion alarms kept away; None if that share is negative."""
        share = self.reduction()
        return None if share is None else wilson(share, self.motion_false())


def add_up(scores: Sequence[SequenceScore]) -> Totals:
    hours = sum(score.run.duration_s() for score in scores) / 3600
    return Totals(
        recall={cls: _recall(cls, scores) for cls in CLASSES},
        false_alarms=_false_alarms(scores, hours),
        traffic=sum((score.traffic for score in scores), Traffic()),
        empty=sum((score.empty for score in scores), Traffic()),
        hours=hours,
        alarms=sum(len(score.alarms) for score in scores),
        motion_alarms=sum(len(score.motion) for score in scores),
        motion_on_nothing=sum(score.motion_on_nothing() for score in scores),
    )


def traffic_interval(traffic: Traffic) -> Interval | None:
    """Wilson on the share of bytes sent, taking each frame for one case."""
    share = traffic.share()
    return None if share is None else wilson(share, traffic.frames)


def _recall(cls: ObjectClass, scores: Iterable[SequenceScore]) -> Recall:
    events: list[EventScore] = [
        scored for score in scores for scored in score.events if scored.event.cls == cls
    ]
    delays = tuple(scored.delay_s for scored in events if scored.delay_s is not None)
    return Recall(
        total=len(events),
        found=len(delays),
        edge_found=sum(scored.edge_delay_s is not None for scored in events),
        as_rider=sum(scored.as_rider for scored in events),
        delays_s=delays,
    )


def _false_alarms(scores: Sequence[SequenceScore], hours: float) -> dict[ObjectClass, FalseAlarms]:
    confirmed = _sum(score.false_alarms() for score in scores)
    edge = _sum(score.edge_false_alarms() for score in scores)
    motion = _sum(score.false_motion for score in scores)
    wrong = _sum(score.wrong_class() for score in scores)
    frames = sum(len(score.run.seen) for score in scores)
    return {
        cls: FalseAlarms(
            confirmed=confirmed[cls],
            edge=edge[cls],
            motion=motion[cls],
            wrong_class=wrong[cls],
            frames=frames,
            hours=hours,
        )
        for cls in CLASSES
    }


def _sum(counts: Iterable[Counter[ObjectClass]]) -> Counter[ObjectClass]:
    return sum(counts, Counter())
