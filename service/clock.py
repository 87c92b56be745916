"""Time, as everything that needs time is given it.

SHELL. The only place that asks the system. `now` is for people and the wire and may jump; `mono`
alone measures durations. The protocol is the seam by which tests drive time by hand.
"""

import threading
import time
from datetime import UTC, datetime
from typing import Protocol

_LAST = datetime(2199, 12, 30, tzinfo=UTC)


class Clock(Protocol):
    """What a part may ask about time."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        ...

    def mono(self) -> float:
        """Seconds since some fixed moment; never jumps and never runs backwards."""
        ...

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Waits until `event` is set or `timeout_s` is over; says whether it is set."""
        ...


class SystemClock:
    """The machine's own time; a clock beyond what messages can name shows the last moment that
    they can, so that a flipped bit in a battery clock ends nothing."""

    def now(self) -> datetime:
        return min(datetime.now(UTC), _LAST)

    def mono(self) -> float:
        return time.monotonic()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        return event.wait(max(0.0, timeout_s))
