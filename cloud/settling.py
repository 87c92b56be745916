"""When everything is there that a broker retains.

A broker sends what is retained after a subscription and does not say when that was all: it is taken
to be all once nothing retained came for a while, whatever is published meanwhile. Called by
`manage.fleet_link` and `fleet.listening`.
"""

from __future__ import annotations

import threading

from service.clock import Clock


class Settling:
    """Waits on `changed`, which whoever calls `heard` holds, and notifies."""

    def __init__(self, changed: threading.Condition, clock: Clock) -> None:
        self._changed, self._clock = changed, clock
        self._last_s = clock.mono()

    def heard(self, retained: bool) -> None:
        """A message came."""
        if retained:
            self._last_s = self._clock.mono()

    def wait(self, quiet_s: float, longest_s: float) -> None:
        """From when the subscriptions stand until `quiet_s` after the last, at most `longest_s`."""
        with self._changed:
            self._last_s = self._clock.mono()
            until_s = self._last_s + longest_s
            while (left_s := self._left_s(quiet_s, until_s)) > 0:
                self._changed.wait(left_s)

    def _left_s(self, quiet_s: float, until_s: float) -> float:
        return min(self._last_s + quiet_s, until_s) - self._clock.mono()
