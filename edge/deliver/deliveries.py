"""Deliveries, whose turn it is and how far each report came on its way to the cloud.

SHELL, under the outbox's lock; the courier calls. How far it came is a row's state on disk, and
outlives the process; leases and back-off (`retry_schedule`) live in memory. Made by the outbox.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from contract.ids import ReportId
from edge.deliver.ages import Ages
from edge.deliver.outbox_records import OutboxEntry
from edge.deliver.outbox_rows import OutboxRows
from edge.deliver.outbox_storage import OutboxStorage
from edge.deliver.retry_schedule import RetrySchedule
from service.clock import Clock


class Deliveries:
    """In delivery is what has no verdict yet, or was called unconfirmed by the edge itself."""

    def __init__(
        self,
        rows: OutboxRows,
        storage: OutboxStorage,
        ages: Ages,
        locked: Callable[[str], AbstractContextManager[None]],
        clock: Clock,
    ) -> None:
        """`locked(what)` holds the outbox's lock and translates errors."""
        self._rows, self._storage, self._ages = rows, storage, ages
        self._locked, self._clock = locked, clock
        self._schedule = RetrySchedule()

    def next_due(self, now_mono: float, *, untried: bool = False) -> OutboxEntry | None:
        """The entry whose turn it is at `now_mono`, what was never sent before what is repeated, of
        each the most severe, then oldest; leased to the caller.

        With `untried` only what was put by this process and never handed out since.
        """
        with self._locked("take the next entry"):
            for report_id in self._rows.in_line():
                if not self._schedule.is_due(report_id, now_mono, untried=untried):
                    continue
                entry = self._storage.find(report_id)
                if entry is not None:
                    self._schedule.lease(report_id, now_mono)
                    return entry
            return None

    def mark_stored(self, report_id: ReportId) -> None:
        """The evidence is in the object store; the report is due at once."""
        with self._locked(f"mark {report_id} stored"):
            self._rows.set_state(report_id, "stored")
            self._schedule.at_once(report_id)

    def mark_reported(self, report_id: ReportId, again_mono: float) -> None:
        """The broker has the report; without a verdict it is due again at `again_mono`.

        After a restart it waits as long again from then.
        """
        with self._locked(f"mark {report_id} reported"):
            again_s = max(0.0, again_mono - self._clock.mono())
            self._rows.set_state(report_id, "reported", again_s)
            self._wait(report_id, again_mono)

    def release(self, report_id: ReportId, due_mono: float, *, counted: bool = True) -> None:
        """The step failed; the entry is due again at `due_mono`.

        `counted=False` where it was not the entry's fault (no network): attempts stay as they are.
        """
        with self._locked(f"release {report_id}"):
            self._wait(report_id, due_mono, held_up=not counted)
            if counted:
                self._rows.count_attempt(report_id)

    def resume(self) -> None:
        """Who held entries up is back: those that were released uncounted are due at once."""
        with self._locked("resume deliveries"):
            self._schedule.resume(self._clock.mono())

    def bury(self, report_id: ReportId, reason: str) -> None:
        """The caller gives the entry up: kept for a look until age or room end it."""
        with self._locked(f"bury {report_id}"):
            self._rows.bury(report_id, reason)

    # for the outbox, which holds the lock

    def at_once(self, report_id: ReportId) -> None:
        """There is more to send of an entry."""
        self._schedule.at_once(report_id)

    def wait_again(self, report_id: ReportId, wait_s: float) -> None:
        """An entry that an earlier process put."""
        self._schedule.wait(report_id, self._clock.mono() + wait_s)

    def forget(self, report_id: ReportId) -> None:
        """The entry is gone."""
        self._schedule.forget(report_id)

    def _wait(self, report_id: ReportId, until_mono: float, *, held_up: bool = False) -> None:
        if self._ages.knows(report_id):  # else it was displaced while its step was under way
            self._schedule.wait(report_id, until_mono, held_up=held_up)
