"""Two watchdogs over the same progress: systemd's, and a dead man's switch of our own.

SHELL. The control loop calls `check` on every turn. While every worker is on time that feeds both.
If someone is late, or the loop itself hangs, both starve: the switch writes every thread's stack to
stderr and ends the process with status 1, for the supervisor to start it again. It needs neither
the interpreter's lock nor systemd.
"""

import faulthandler
import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from edge.daemon.heartbeat import Late, Pulse, late
from service.clock import Clock
from service.events import Event, log
from service.notify import SystemdNotifier

FEEDS_PER_PERIOD = 3
"""How often we feed within the time after which a watchdog bites."""


class DeadMan:
    """`faulthandler`'s timer: fires unless armed again within `timeout_s`."""

    def __init__(self, timeout_s: float, stream: TextIO | None = None) -> None:
        self.timeout_s = timeout_s
        self._stream = stream or sys.stderr

    def rearm(self, timeout_s: float | None = None) -> None:
        """Starts the time anew; once with another length, if one is given."""
        chosen_s = self.timeout_s if timeout_s is None else timeout_s
        faulthandler.dump_traceback_later(chosen_s, exit=True, file=self._stream)

    def disarm(self) -> None:
        faulthandler.cancel_dump_traceback_later()


class Watchdog:
    """Feeds what watches us, for as long as every pulse is on time."""

    def __init__(
        self,
        pulses: Callable[[], Iterable[Pulse]],
        *,
        heartbeat_s: float,
        clock: Clock,
        notifier: SystemdNotifier,
        dead_man: DeadMan,
    ) -> None:
        self._pulses = pulses
        self._clock = clock
        self._notifier = notifier
        self._dead_man = dead_man
        period_s = min(heartbeat_s, dead_man.timeout_s, notifier.watchdog_interval_s or heartbeat_s)
        self.interval_s = period_s / FEEDS_PER_PERIOD
        self._due_at_s = float("-inf")

    def start(self) -> None:
        """From here on the switch is armed."""
        self._feed()

    def check(self) -> tuple[Late, ...]:
        """Who is late, which is logged; nobody: both watchdogs are fed if it is time to."""
        now = self._clock.mono()
        overdue = late(self._pulses(), now)
        for one in overdue:
            log(Event.WORKER_STALLED, worker=one.worker, silent_s=round(one.silent_s, 1))
        if not overdue and now >= self._due_at_s:
            self._feed()
        return overdue

    def stop(self, deadline_s: float) -> None:
        """Shutting down has a deadline of its own, after which the switch ends the process."""
        self._dead_man.rearm(deadline_s)

    def end(self) -> None:
        """The process ends in order."""
        self._dead_man.disarm()

    def _feed(self) -> None:
        self._notifier.alive()
        self._dead_man.rearm()
        self._due_at_s = self._clock.mono() + self.interval_s
