"""A finished evaluation: what ran, what it saw, and the scores.

PURE. Read by the report writers.
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.evaluation.evaluate.observed import Judged, StillRun
from tools.evaluation.evaluate.score import SequenceScore
from tools.evaluation.evaluate.totals import Totals


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

    def suspicions(self) -> tuple[Judged, ...]:
        """All suspicions, of sequences and of stills."""
        of_sequences = (judged for score in self.scores for judged in score.run.suspicions)
        of_stills = (judged for still in self.stills for judged in still.suspicions)
        return (*of_sequences, *of_stills)
