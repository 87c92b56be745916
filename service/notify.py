"""Messages to the supervisor (systemd): READY, STATUS, WATCHDOG, RELOADING, STOPPING.

SHELL. Speaks through systemd-python where `NOTIFY_SOCKET` is set; without the package it says so
once in the log, without a socket it is silent. Losing the supervisor never ends the process.
"""

import os
from collections.abc import Mapping
from types import ModuleType

from service.clock import Clock, SystemClock
from service.events import Event, log

try:
    from systemd import daemon
except ImportError:  # the extra `systemd`
    daemon = None


class SystemdNotifier:
    """One per process; reads its environment when made."""

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        clock: Clock | None = None,
        systemd: ModuleType | None = daemon,
    ) -> None:
        self._clock = clock or SystemClock()
        self._systemd = systemd if "NOTIFY_SOCKET" in environ else None
        self._status = ""
        self.watchdog_interval_s = _watchdog_interval_s(environ)
        if "NOTIFY_SOCKET" in environ and systemd is None:
            log(Event.NOTIFY_SKIPPED, reason="systemd-python is not installed (extra `systemd`)")

    def ready(self) -> None:
        """Every part stands, after the start or after a reload."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; sent when it changed."""
        line = " ".join(text.split())
        if line != self._status:
            self._status = line
            self._send(f"STATUS={line}")

    def alive(self) -> None:
        """Feeds the watchdog: call it only when every worker is on time."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """Must be followed by `ready`."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(self._clock.mono() * 1e6)}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if self._systemd is None:
            return
        try:
            self._systemd.notify(message)
        except OSError as error:
            self._systemd = None
            log(Event.NOTIFY_SKIPPED, reason=f"the notify socket failed: {error}")


def _watchdog_interval_s(environ: Mapping[str, str]) -> float | None:
    """systemd's limit in seconds; None if it watches nobody or another process."""
    limit_us = environ.get("WATCHDOG_USEC", "")
    watched = environ.get("WATCHDOG_PID", str(os.getpid()))
    if not limit_us.isdigit() or int(limit_us) == 0 or watched != str(os.getpid()):
        return None
    return int(limit_us) / 1e6
