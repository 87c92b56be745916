"""The limit of a class, from the scores of true and false places, and what it does elsewhere.

PURE. Chosen is the lowest limit, in steps of 0.01, that at most the class's `FALSE_SHARE` of the
false places reach, and never one under `LEAST`. Called by the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from contract.labels import Group
from tools.evaluation.calibrate.places import SuspectedPlace
from tools.evaluation.evaluate.intervals import Share

FALSE_SHARE: dict[Group, float] = {"person": 0.05, "vehicle": 0.0}
"""Of places that nobody filtered: the edge's votes, its movement test and a second frame are still
to come, and `make evaluate` measures what they leave. A person who is not confirmed is a loss; for
vehicles the false alarm is, and their summed scores leave room for none."""

LEAST = 0.3
"""A fused score of 0.3 needs a certainty of 0.6 of one network or 0.3 of both. Below, the few false
places of a small set would fix the limit in the noise of the networks."""

SMALL_PX = 48
"""Persons up to this height are the far ones; see the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPlace:
    """A place, and the score that the cloud gave it."""

    place: SuspectedPlace
    score: float


def choose(asked: Sequence[ScoredPlace], kind: Group) -> float:
    """The limit for these places, which are of the class `kind`."""
    false = np.sort([one.score for one in asked if not one.place.true])
    allowed = int(FALSE_SHARE[kind] * len(false))
    worst = float(false[-1 - allowed]) if len(false) > allowed else 0.0
    return max(LEAST, round(float(np.floor(worst * 100 + 1)) / 100, 2))


def share(
    asked: Sequence[ScoredPlace], limit: float, *, true: bool, below_px: float = np.inf
) -> Share:
    """How many of the true or false places under a height reach `limit`."""
    scores = [
        one.score for one in asked if one.place.true is true and one.place.height_px < below_px
    ]
    return Share(sum(score >= limit for score in scores), len(scores))
