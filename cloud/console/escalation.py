"""Alarms that nobody claimed in time escalate by themselves.

SHELL (a thread). The index is asked every few seconds; an action's number is claimed in the store,
so of several consoles one does it. What was raised over a day ago is left alone: a rebuilt index
must not wake people for it. Called by `command`.
"""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from cloud.console.sites import Sites
from cloud.console.wall_filter import ALARMING
from cloud.index.alarm_index import AlarmIndex
from cloud.index.desk import AlarmDesk, ProposedAction, RefusedAction
from cloud.index.queries import AlarmFilter, WallOrder
from cloud.index.summary import AlarmSummary
from objectstore.store import StoreError
from service.clock import Clock
from service.events import Event, log

LOOK_S = 2.0
OLDEST = timedelta(days=1)
BY = "console"
_AT_ONCE = 500


class Escalation:
    """`step` looks once; `run` until stopped."""

    def __init__(
        self, index: AlarmIndex, desk: AlarmDesk, sites: Sites, to: str, clock: Clock
    ) -> None:
        self._index, self._desk, self._sites, self._to = index, desk, sites, to
        self._clock = clock

    def run(self, stopping: threading.Event) -> None:
        """A store or database that is away is asked again."""
        while not self._clock.wait(stopping, LOOK_S):
            try:
                self.step()
            except (SQLAlchemyError, StoreError) as error:
                log(Event.ESCALATION_DELAYED, reason=" ".join(str(error).split())[:400])

    def step(self) -> int:
        """How many were escalated."""
        now = self._clock.now()
        wanted = AlarmFilter(
            states=ALARMING - {"pending"},
            work=frozenset({"open"}),
            since=now - OLDEST,
            # not included, so a little later: each one's own time is looked at below
            until=now - timedelta(seconds=self._sites.soonest_escalation_s - 1),
        )
        found = self._index.page(wanted, WallOrder.TIME, limit=_AT_ONCE).alarms
        return sum(self._escalated(one) for one in found if self._is_late(one))

    def _is_late(self, alarm: AlarmSummary) -> bool:
        """Since it came to where people see it: an old report may come late."""
        since = max(alarm.raised_at, alarm.received_at or alarm.raised_at)
        waited = (self._clock.now() - since).total_seconds()
        return waited >= self._sites.escalate_s_at(alarm.gateway)

    def _escalated(self, alarm: AlarmSummary) -> bool:
        done = self._desk.act(
            ProposedAction(
                report_id=alarm.report_id,
                kind="escalate",
                by=BY,
                seen=alarm.actions,
                to=self._to,
                note="nobody claimed it in time",
            )
        )
        if isinstance(done, RefusedAction):
            return False
        log(Event.ALARM_ESCALATED, report_id=alarm.report_id, to=self._to)
        return True
