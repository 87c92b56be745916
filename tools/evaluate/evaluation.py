"""A finished evaluation: what ran, what it saw, and the scores.

PURE. Read by the report writers.
"""

from __future__ import annotations

from dataclasses import dataclass

from tools.evaluate.observed import Judged, StillRun
from tools.evaluate.score import SequenceScore
from tools.evaluate.totals import Totals


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

    def suspicions(self) -> tuple[Judged, ...]:
        """All suspicions, of sequences and of stills."""
        of_sequences = (judged for score in self.scores for judged in score.run.suspicions)
        of_stills = (judged for still in self.stills for judged in still.suspicions)
        return (*of_sequences, *of_stills)
