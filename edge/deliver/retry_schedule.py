"""When it is whose turn to be delivered: leases and back-off of the outbox's entries.

PURE. In memory, because a monotonic clock does not outlive the process. Called by the outbox under
its lock.
"""

from __future__ import annotations

from contract.ids import ReportId

LEASE_S = 120.0
"""An entry handed out is not handed out again before this, unless its holder says how it went."""


class RetrySchedule:
    """An entry that is not known here was never tried by this process, and is due."""

    def __init__(self) -> None:
        self._due: dict[ReportId, float] = {}
        self._held_up: set[ReportId] = set()

    def is_due(self, report_id: ReportId, now: float, *, untried: bool) -> bool:
        """With `untried`, only what was not tried yet is."""
        due = self._due.get(report_id)
        return due is None or (due <= now and not untried)

    def lease(self, report_id: ReportId, now: float) -> None:
        self._held_up.discard(report_id)
        self._due[report_id] = now + LEASE_S

    def at_once(self, report_id: ReportId) -> None:
        """There is a next step that nothing is known against."""
        self.forget(report_id)

    def wait(self, report_id: ReportId, until: float, *, held_up: bool = False) -> None:
        """Not before `until`; what others `held_up` may go as soon as they are back."""
        self._due[report_id] = until
        if held_up:
            self._held_up.add(report_id)

    def resume(self, now: float) -> None:
        """Who held things up is back."""
        for report_id in self._held_up:
            self._due[report_id] = now
        self._held_up.clear()

    def forget(self, report_id: ReportId) -> None:
        self._due.pop(report_id, None)
        self._held_up.discard(report_id)
