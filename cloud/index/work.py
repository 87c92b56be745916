"""What the actions on an alarm add up to: who has it, and whether it is done.

PURE. Called by `summary`, and by whoever asks whether an action is allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never, get_args

from contract.operator_action import OperatorAction, OutcomeCode

WorkStatus = Literal["open", "claimed", "parked", "escalated", "closed"]
WORK: tuple[WorkStatus, ...] = get_args(WorkStatus)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkState:
    """`steps` are the ids of those that were done, in that order."""

    status: WorkStatus = "open"
    claimed_by: str | None = None
    outcome: OutcomeCode | None = None
    parked_until: datetime | None = None
    escalated_to: str | None = None
    steps: tuple[str, ...] = ()
    actions: int = 0


def work_of(actions: Sequence[OperatorAction]) -> WorkState:
    """After all `actions`, which are in the order of their numbers."""
    state = WorkState()
    for action in actions:
        state = replace(_after(state, action), actions=action.number)
    return state


def _after(state: WorkState, action: OperatorAction) -> WorkState:
    match action.kind:
        case "claim":
            after = _held(state, action.by)
        case "hand_over":
            after = _held(state, action.to)
        case "release" | "reopen":
            after = _held(state, None)
        case "outcome":
            after = replace(_held(state, state.claimed_by), status="closed", outcome=action.outcome)
        case "park":
            after = replace(state, status="parked", parked_until=action.until)
        case "escalate":
            after = replace(_held(state, None), status="escalated", escalated_to=action.to)
        case "step":
            after = replace(state, steps=tuple(dict.fromkeys((*state.steps, action.step or ""))))
        case "note":
            after = state
        case _:
            assert_never(action.kind)
    return after


def _held(state: WorkState, by: str | None) -> WorkState:
    """In somebody's hands, or in nobody's: neither parked, nor escalated, nor closed."""
    return replace(
        state,
        status="open" if by is None else "claimed",
        claimed_by=by,
        outcome=None,
        parked_until=None,
        escalated_to=None,
    )
