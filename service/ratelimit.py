"""How often the same thing may be said.

PURE. Per key the first `burst` of an interval pass; the rest are counted, and the count travels
with the next line that passes or is collected by `expired`. The number of keys is bounded.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class _Window:
    since_s: float
    passed: int = 0
    suppressed: int = 0


class RateLimit:
    """Lets the first `burst` of every `interval_s` through, per key."""

    def __init__(self, burst: int = 5, interval_s: float = 60.0, max_keys: int = 4096) -> None:
        self._burst = burst
        self._interval_s = interval_s
        self._max_keys = max_keys
        self._windows: dict[str, _Window] = {}

    def admit(self, key: str, now_s: float) -> int | None:
        """None: say nothing. Otherwise: say it, and how many went unsaid since the last time."""
        window = self._windows.get(key)
        if window is not None and now_s - window.since_s < self._interval_s:
            return self._count(window)
        unsaid = window.suppressed if window else 0
        self._windows.pop(key, None)
        self._windows[key] = _Window(now_s, passed=1)
        if len(self._windows) > self._max_keys:
            del self._windows[next(iter(self._windows))]
        return unsaid

    def _count(self, window: _Window) -> int | None:
        if window.passed < self._burst:
            window.passed += 1
            return 0
        window.suppressed += 1
        return None

    def expired(self, now_s: float) -> list[tuple[str, int]]:
        """Forgets the keys whose interval is over; gives those with something unsaid."""
        over = [k for k, w in self._windows.items() if now_s - w.since_s >= self._interval_s]
        unsaid = [(key, self._windows[key].suppressed) for key in over]
        for key in over:
            del self._windows[key]
        return [(key, count) for key, count in unsaid if count]
