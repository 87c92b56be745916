"""Operators at work: each action into the store first, then into the index.

SHELL. An action has the number behind the last that its operator saw. Where somebody was faster the
number is taken, nothing is done, and the operator sees what happened; only notes and steps, which
hinder nobody, take the next number instead. Called by the console.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore
from cloud.index.summary import AlarmSummary
from contract.ids import ReportId
from contract.missed_threat import MissedThreat
from contract.operator_action import MOST_ACTIONS, ActionKind, OperatorAction, OutcomeCode
from service.clock import Clock

TRIES = 20
_HINDERS_NOBODY: frozenset[ActionKind] = frozenset({"note", "step"})


class ActionRefusal(StrEnum):
    """Why an action was not taken."""

    UNKNOWN = "unknown"
    """There is no such alarm."""
    OVERTAKEN = "overtaken"
    """Somebody did something that this operator had not seen yet."""
    HELD = "held"
    """Somebody else has it, and has not released it."""
    FULL = "full"
    """An alarm takes no more than `MOST_ACTIONS` actions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedAction:
    """Nothing was done; `alarm` is how it stands now."""

    reason: ActionRefusal
    alarm: AlarmSummary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedAction:
    """What somebody wants to do; fields as in `OperatorAction`. `seen` is the number of actions
    that the operator saw (`AlarmSummary.actions`)."""

    report_id: ReportId
    kind: ActionKind
    by: str
    seen: int
    to: str | None = None
    outcome: OutcomeCode | None = None
    note: str | None = None
    until: datetime | None = None
    step: str | None = None


class AlarmDesk:
    """Where actions are taken."""

    def __init__(self, index: AlarmIndex, alarms: AlarmStore, clock: Clock) -> None:
        self._index, self._alarms, self._clock = index, alarms, clock

    def act(self, proposed: ProposedAction) -> AlarmSummary | RefusedAction:
        """The alarm afterwards. Raises `ValidationError` for an action that says too little, and
        what store and database raise: then it is not known whether it was taken."""
        alarm = self._index.find(proposed.report_id)
        if alarm is None:
            return RefusedAction(reason=ActionRefusal.UNKNOWN)
        if proposed.kind == "claim" and alarm.claimed_by not in {None, proposed.by}:
            return RefusedAction(reason=ActionRefusal.HELD, alarm=alarm)
        number = proposed.seen + 1
        for _ in range(TRIES):
            if number > MOST_ACTIONS:
                return RefusedAction(reason=ActionRefusal.FULL, alarm=alarm)
            taken = self._taken(proposed, alarm, number)
            if taken is not None:
                return taken
            others, free = self._alarms.actions(alarm.gateway, alarm.report_id, number)
            alarm = self._index.add(alarm.report_id, others) or alarm
            if others and proposed.kind not in _HINDERS_NOBODY:
                break
            number = free
        return RefusedAction(reason=ActionRefusal.OVERTAKEN, alarm=alarm)

    def report_missed(self, threat: MissedThreat) -> MissedThreat | None:
        """What stands there then: what was reported first of two that are the same. None:
        something that is none of ours. Raises what store and database raise."""
        kept = self._alarms.keep(threat)
        if kept is not None:
            self._index.missed.add([kept])
        return kept

    def _taken(
        self, proposed: ProposedAction, alarm: AlarmSummary, number: int
    ) -> AlarmSummary | None:
        """None if the number is taken by another action."""
        action = OperatorAction(
            report_id=alarm.report_id,
            gateway=alarm.gateway,
            camera=alarm.camera,
            number=number,
            kind=proposed.kind,
            by=proposed.by,
            at=self._clock.now(),
            to=proposed.to,
            outcome=proposed.outcome,
            note=proposed.note,
            until=proposed.until,
            step=proposed.step,
        )
        if self._alarms.append(action) != action:
            return None
        return self._index.add(alarm.report_id, [action])
