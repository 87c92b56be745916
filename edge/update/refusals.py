"""Why an order that was verified is not obeyed: a word and reasons.

PURE but for the records' types. Raised and read by `updater`.
"""

from __future__ import annotations

from collections.abc import Sequence

from contract.envelope import RefusalReason
from contract.shadow import ReplayedDecisions, ReplayLimits, ShadowResult
from edge.errors import ConfigError
from edge.update.gatekeeper import NOT_KEPT
from edge.update.target import ProposedChange
from imaging.manifest import ModelError

NEEDS_RESTART, MODEL_REFUSED, REPLAY_LIMIT = "needs_restart", "model_refused", "replay_limit"


class OrderRefused(Exception):
    """It is not obeyed."""

    def __init__(self, refusal: str, reasons: Sequence[str]) -> None:
        super().__init__(refusal)
        self.refusal, self.reasons = refusal, tuple(reasons)


def check_plan(change: ProposedChange) -> None:
    """Raises `OrderRefused` for what needs a restart."""
    try:
        change.plan()
    except ConfigError as error:
        raise OrderRefused(NEEDS_RESTART, list(map(str, error.problems))) from error


def check_replay(limits: ReplayLimits | None, found: ShadowResult) -> None:
    """Raises `OrderRefused` where recent frames speak against it, as the order itself has it."""
    beyond = ReplayedDecisions.of([found]).beyond(limits or ReplayLimits())
    if beyond:
        why = [found.words()] if found.detail else []
        raise OrderRefused(REPLAY_LIMIT, (*beyond, *why))


def refused(error: OrderRefused | ConfigError | ModelError | OSError) -> OrderRefused:
    """What went wrong on the way, as a refusal."""
    match error:
        case OrderRefused():
            return error
        case ConfigError():
            return OrderRefused(RefusalReason.INVALID.value, list(map(str, error.problems)))
        case ModelError():
            return OrderRefused(MODEL_REFUSED, [str(error)])
    return OrderRefused(NOT_KEPT, [f"cannot be kept on disk: {error}"])
