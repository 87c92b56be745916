"""False alarms by what disturbed the camera.

PURE. Read by the report writers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.evaluation.evaluate.comparison import Comparison
from tools.evaluation.evaluate.score import SequenceScore
from tools.evaluation.evaluate.totals import about_nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class NuisanceCount:
    """What one nuisance did: frames, those that reached the detector, and false alarms of any
    class."""

    name: str
    frames: int
    analysed: int
    false: Comparison

    def analysed_share(self) -> float | None:
        return self.analysed / self.frames if self.frames else None


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
