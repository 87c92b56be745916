"""How old suspicions are when the cloud's verdicts on them come.

Any thread may note and ask. A link or a worker that is too slow for what is sent shows here first.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from itertools import accumulate

LIMITS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0, 86_400.0)
"""From a worker that answers at once to an outage of a day."""


def said_age(age_s: float) -> float | None:
    """As messages say it: what is as good as fresh is left away."""
    return round(age_s, 1) if age_s >= 1.0 else None


class Lag:
    """A histogram, and the latest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = [0] * (len(LIMITS_S) + 1)
        self._total_s = 0.0
        self._last_s: float | None = None

    def note(self, age_s: float) -> None:
        """A verdict came for a suspicion that was `age_s` old."""
        with self._lock:
            self._counts[bisect_left(LIMITS_S, age_s)] += 1
            self._total_s += age_s
            self._last_s = age_s

    @property
    def last_s(self) -> float | None:
        """Of the latest verdict; None before the first."""
        return self._last_s

    def snapshot(self) -> tuple[list[int], float]:
        """How many were at most as old as each limit, then all; and the sum of their ages."""
        with self._lock:
            return [*accumulate(self._counts)], self._total_s
