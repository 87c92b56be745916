"""Which lowest score a camera's marks speak for; proposed with its reasons, never applied.

PURE. It goes up while nothing that was real would have been lost and something false is saved, and
down where people say that something was missed. Applying it takes a signed order for the
configuration. Called by the console.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cloud.quality.cases import QualityCase
from cloud.quality.figures import CameraOfGateway, ThresholdEffect, threshold_effects

LEAST_MARKS = 5
"""False marks before anything is proposed: fewer are an accident."""

MARGIN = 0.05
"""So far the proposal stays below the weakest that was real."""

STEP = 0.05
"""By so much it goes down for what was missed."""

LOWEST, HIGHEST = 0.05, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdProposal:
    """For one camera; `effect` is what it would have done to the suspicions so far."""

    camera: CameraOfGateway
    current: float
    proposed: float
    effect: ThresholdEffect
    reasons: tuple[str, ...]


def propose(
    camera: CameraOfGateway, cases: Iterable[QualityCase], current: float, missed: int = 0
) -> ThresholdProposal | None:
    """None where the marks speak for what there is. `current` is the lowest score in force,
    `missed` what people reported that this camera never raised."""
    some = [one for one in cases if not one.audit]
    real = sorted(one.edge_score for one in some if one.real)
    false = sorted(one.edge_score for one in some if one.real is False)
    refuted_real = sum(bool(one.real) and one.state == "refuted" for one in some)
    if missed or refuted_real:
        return _lower(camera, some, current, missed, refuted_real)
    if len(false) < LEAST_MARKS:
        return None
    ceiling = round(min(real[0] - MARGIN if real else HIGHEST, HIGHEST), 2)
    below = [score for score in false if current <= score < ceiling]
    if ceiling <= current or not below:
        return None
    proposed = ceiling if real else round(min(ceiling, false[-1] + 0.01), 2)
    return _proposal(
        camera,
        some,
        current,
        proposed,
        (
            f"{len(below)} of {len(false)} alarms that were marked false have an edge score below "
            f"{proposed:.2f}",
            f"the weakest of {len(real)} real ones has {real[0]:.2f}"
            if real
            else "nothing real was marked at this camera yet: look at the pictures first",
        ),
    )


def _lower(
    camera: CameraOfGateway,
    cases: list[QualityCase],
    current: float,
    missed: int,
    refuted_real: int,
) -> ThresholdProposal | None:
    proposed = round(max(LOWEST, current - STEP), 2)
    if proposed >= current:
        return None
    reasons = [f"{missed} reported as missed"] if missed else []
    if refuted_real:
        reasons.append(f"{refuted_real} marked real that the cloud had refuted")
    return _proposal(camera, cases, current, proposed, tuple(reasons))


def _proposal(
    camera: CameraOfGateway,
    cases: list[QualityCase],
    current: float,
    proposed: float,
    reasons: tuple[str, ...],
) -> ThresholdProposal:
    (effect,) = threshold_effects(cases, [proposed])
    return ThresholdProposal(
        camera=camera, current=current, proposed=proposed, effect=effect, reasons=reasons
    )
