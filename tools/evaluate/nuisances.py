"""False alarms by what disturbed the camera.

PURE. Read by the report writers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.evaluate.garwood import garwood
from tools.evaluate.score import SequenceScore
from tools.evaluate.wilson import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class NuisanceCount:
    """What one nuisance did in `hours`: frames, those that reached the detector, and false alarms
    of plain motion, of the edge alone, and confirmed, of any class."""

    name: str
    hours: float
    frames: int
    analysed: int
    motion: int
    edge: int
    confirmed: int

    def analysed_share(self) -> float | None:
        return self.analysed / self.frames if self.frames else None

    def per_hour(self) -> float | None:
        """Confirmed false alarms per camera-hour."""
        return self.confirmed / self.hours if self.hours else None

    def interval(self) -> Interval | None:
        return garwood(self.confirmed, self.hours)

    def edge_interval(self) -> Interval | None:
        return garwood(self.edge, self.hours)


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
        hours=sum(score.run.duration_s() for score in chosen) / 3600,
        frames=sum(len(score.run.seen) for score in chosen),
        analysed=sum(score.outcomes["analysed"] for score in chosen),
        motion=sum(len(score.motion) for score in chosen),
        edge=sum(sum(score.edge_false_alarms().values()) for score in chosen),
        confirmed=sum(sum(score.false_alarms().values()) for score in chosen),
    )
