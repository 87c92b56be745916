"""Who has to wait before the next attempt to sign in, for all threads of the process.

SHELL (a lock). Called by `sign_in`.
"""

from __future__ import annotations

import threading

from cloud.console.sign_in_limits import SignInLimits

FAILURES_PER_NAME = 5
FAILURES_PER_ADDRESS = 30
WINDOW_S = 900.0


class SignInAttempts:
    """Both limits under one lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names = SignInLimits(FAILURES_PER_NAME, WINDOW_S)
        self._addresses = SignInLimits(FAILURES_PER_ADDRESS, WINDOW_S)

    def wait_s(self, name: str, address: str, now: float) -> float:
        """Seconds until the next attempt; 0: now."""
        with self._lock:
            waits = (
                self._names.wait_s(f"{address} {name}", now),
                self._addresses.wait_s(address, now),
            )
            return max(waits)

    def note(self, name: str, address: str, now: float, *, succeeded: bool) -> None:
        """What became of one."""
        with self._lock:
            if succeeded:
                self._names.succeeded(f"{address} {name}")
                return
            self._names.failed(f"{address} {name}", now)
            self._addresses.failed(address, now)
