"""What may be done about an alarm, by whom, in which state; and why not.

PURE. Whoever works on an alarm has claimed it; notes may come from anybody who answers alarms. An
administrator may close or hand over what another has. Called by `work`, before an action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cloud.console.roles import Person, PersonRole
from cloud.index.work import WorkState
from contract.operator_action import ActionKind


@dataclass(frozen=True, slots=True)
class ActRefused:
    """Why an action was not taken, in words for who wanted it."""

    reason: str


def refusal(
    work: WorkState, kind: ActionKind, person: Person, steps: Sequence[str], step: str | None
) -> ActRefused | None:
    """None if `kind` may be done now; `steps` are those of the site, `step` the one to tick."""
    words = _objection(work, kind, person, steps, step)
    return None if words is None else ActRefused(words)


def _objection(
    work: WorkState, kind: ActionKind, person: Person, steps: Sequence[str], step: str | None
) -> str | None:
    match kind:
        case "note":
            return None
        case "reopen":
            return None if work.status == "closed" else "it is not closed"
        case _ if work.status == "closed":
            return f"it is closed ({work.outcome}): reopen it first"
        case "claim":
            return _claimed(work, person)
        case "escalate":
            return "it is escalated already" if work.status == "escalated" else None
        case _:
            return _of_the_holder(work, kind, person, steps, step)


def _claimed(work: WorkState, person: Person) -> str | None:
    if work.claimed_by is None:
        return None
    if work.claimed_by == person.name:
        return "you have it already" if work.status == "claimed" else None
    return f"{work.claimed_by} has it: ask for a hand-over"


def _of_the_holder(
    work: WorkState, kind: ActionKind, person: Person, steps: Sequence[str], step: str | None
) -> str | None:
    if work.claimed_by != person.name and person.role is not PersonRole.ADMIN:
        has = f"{work.claimed_by} has it" if work.claimed_by else "nobody has claimed it"
        return f"{has}: claim it first"
    if kind == "step" and step not in steps:
        return "the site has no such step"
    left = [one for one in steps if one not in work.steps] if kind == "outcome" else []
    return f"steps are left: {'; '.join(left)}" if left else None
