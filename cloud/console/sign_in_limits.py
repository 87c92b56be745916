"""How often a sign-in may fail before others have to wait.

PURE. Failures are counted per key (an address, or a name with its address) within a window; memory
is bounded, and the key whose first failure is oldest gives way. Monotonic seconds. Not safe between
threads by itself: `sign_in` holds a lock.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

MAX_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class FailureCount:
    """Failures since `since_s`."""

    since_s: float
    failures: int


class SignInLimits:
    """`failures` within `window_s` per key."""

    def __init__(self, failures: int, window_s: float) -> None:
        self._most, self._window_s = failures, window_s
        self._counts: OrderedDict[str, FailureCount] = OrderedDict()

    def wait_s(self, key: str, now: float) -> float:
        """Seconds until `key` may try again; 0: now."""
        known = self._known(key, now)
        if known is None or known.failures < self._most:
            return 0.0
        return known.since_s + self._window_s - now

    def failed(self, key: str, now: float) -> None:
        """Counts one."""
        known = self._known(key, now) or FailureCount(now, 0)
        if key not in self._counts and len(self._counts) >= MAX_KEYS:
            self._counts.popitem(last=False)
        self._counts[key] = FailureCount(known.since_s, known.failures + 1)

    def succeeded(self, key: str) -> None:
        """Forgets the key's failures."""
        self._counts.pop(key, None)

    def taken_back(self, key: str) -> None:
        """One that was counted is none."""
        known = self._counts.get(key)
        if known is not None:
            self._counts[key] = FailureCount(known.since_s, max(0, known.failures - 1))

    def __len__(self) -> int:
        return len(self._counts)

    def _known(self, key: str, now: float) -> FailureCount | None:
        known = self._counts.get(key)
        if known is not None and now - known.since_s >= self._window_s:
            del self._counts[key]
            return None
        return known
