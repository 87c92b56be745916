"""Looks after gateways and cameras: says when one is gone or cannot see, and when it is back.

SHELL, by way of the process's control loop. While the broker is away nothing can be known; after a
connect gateways' retained messages come again, before which nothing is judged. What was told before
a restart goes on. Made by `process`.
"""

from __future__ import annotations

from datetime import datetime

from cloud.notify.alarm_book import AlarmBook
from cloud.notify.faults import Faults, lost, tampered
from cloud.notify.intake import NotifyIntake
from cloud.notify.notice import Notice
from cloud.notify.planning import NotifyPolicy, fault_plan
from cloud.notify.settings import NotifySettings
from service.clock import Clock
from service.events import Event, log
from service.link import LinkState

RESTATED_S = 5.0


class FaultWatch:
    """Of all gateways."""

    def __init__(
        self,
        settings: NotifySettings,
        policy: NotifyPolicy,
        book: AlarmBook,
        intake: NotifyIntake,
        clock: Clock,
    ) -> None:
        """Raises `QueueError`."""
        self._settings, self._policy, self._book = settings, policy, book
        self._intake, self._clock = intake, clock
        self._kinds = {
            "path": Faults("path", settings.fault_after_s),
            "tamper": Faults("tamper", settings.fault_after_s),
        }
        for notice in book.open_faults():
            if notice.kind in self._kinds:
                self._kinds[notice.kind].resume(notice)
        self._connects, self._since_s = 0, clock.mono()

    def turn(self, link: LinkState) -> None:
        """Tells what began and what is over; raises `QueueError`."""
        now, mono = self._clock.now(), self._clock.mono()
        connects = link.counters["connects"]
        if not link.ready or connects != self._connects:
            self._connects, self._since_s = connects if link.ready else 0, mono
            return
        if mono - self._since_s < RESTATED_S:
            return
        with self._intake.known() as gateways:
            path = lost(gateways, lambda heard_s: self._is_stale(heard_s, mono))
            tamper = tampered(gateways)
        site = self._intake.site
        found = self._kinds["path"].step(path, now, mono, site)
        found += self._kinds["tamper"].step(tamper, now, mono, site)
        for notice in found:
            self._tell(notice, now)

    def _is_stale(self, heard_s: float, mono: float) -> bool:
        return mono - max(heard_s, self._since_s) > self._settings.silent_s

    def _tell(self, notice: Notice, now: datetime) -> None:
        planned = fault_plan(notice, self._book.told_of(notice.about), self._policy, now)
        self._book.record_fault(notice, planned)
        log(
            Event.FAULT_NOTICED,
            gateway=notice.gateway,
            camera=notice.camera,
            kind=notice.kind,
            reason=notice.label,
            over=notice.stage == "ended",
            destinations=sorted({row.destination for row in planned}),
        )
