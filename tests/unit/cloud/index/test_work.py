"""What the actions on an alarm add up to."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cloud.index.work import WorkState, work_of
from contract.operator_action import ActionKind
from tests.alarms import action_on, report_of

REPORT = report_of(1)
LATER = report_of(600).raised_at


def test_nobody_has_what_nobody_touched() -> None:
    assert work_of(()) == WorkState()


def test_whoever_claims_it_has_it_until_it_is_released_or_handed_over() -> None:
    actions = [
        action_on(REPORT, 1, "claim", by="ann"),
        action_on(REPORT, 2, "hand_over", by="ann", to="bob"),
        action_on(REPORT, 3, "release", by="bob"),
    ]
    held = [work_of(actions[:count]) for count in range(1, 4)]
    assert [(one.status, one.claimed_by) for one in held] == [
        ("claimed", "ann"),
        ("claimed", "bob"),
        ("open", None),
    ]


def test_a_parked_alarm_stays_with_who_has_it() -> None:
    state = work_of([action_on(REPORT, 1, "claim"), action_on(REPORT, 2, "park", until=LATER)])
    assert (state.status, state.claimed_by, state.parked_until) == ("parked", "ann", LATER)


def test_an_escalated_alarm_is_nobodys_until_somebody_claims_it() -> None:
    escalated = action_on(REPORT, 1, "escalate", by="timer", to="supervisor")
    state = work_of([escalated])
    assert (state.status, state.claimed_by, state.escalated_to) == ("escalated", None, "supervisor")
    claimed = work_of([escalated, action_on(REPORT, 2, "claim")])
    assert (claimed.status, claimed.escalated_to) == ("claimed", None)


def test_an_outcome_closes_it_and_a_reopening_forgets_the_outcome() -> None:
    closed = [action_on(REPORT, 1, "claim"), action_on(REPORT, 2, "outcome", outcome="false")]
    assert (work_of(closed).status, work_of(closed).outcome) == ("closed", "false")
    reopened = work_of([*closed, action_on(REPORT, 3, "reopen")])
    assert (reopened.status, reopened.outcome, reopened.actions) == ("open", None, 3)


def test_notes_and_steps_change_nobodys_hold_on_it() -> None:
    state = work_of(
        [
            action_on(REPORT, 1, "claim"),
            action_on(REPORT, 2, "step", step="call"),
            action_on(REPORT, 3, "note", note="no answer"),
            action_on(REPORT, 4, "step", step="call"),
            action_on(REPORT, 5, "step", step="guard"),
        ]
    )
    assert (state.status, state.steps, state.actions) == ("claimed", ("call", "guard"), 5)


@pytest.mark.parametrize("kind", ["outcome", "note", "park", "hand_over", "step"])
def test_an_action_that_says_too_little_is_none(kind: ActionKind) -> None:
    with pytest.raises(ValidationError, match=f"{kind} needs the field"):
        action_on(REPORT, 1, kind)
