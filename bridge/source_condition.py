"""What is known of a camera at the bridge: whether pictures come, if not why, and how many came.

SHELL (a lock). Written by the camera's thread, read by whoever publishes it.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from bridge.fault import FaultReason

SourceStatus = Literal["online", "offline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """A camera as it is now; `reason` and `detail` are empty while pictures come. `last_s` is the
    monotonic time of the latest picture."""

    status: SourceStatus
    reason: str
    detail: str
    last_s: float | None
    counts: dict[str, int]


class SourceCondition:
    """One camera's; counts: `sent rejected dropped connects`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._reason, self._detail = "starting", "not connected yet"
        self._last_s: float | None = None

    def received(self, now: float) -> bool:
        """A picture came; whether it is the first since a fault."""
        with self._lock:
            self._last_s = now
            recovered = self._reason != ""
            self._reason = self._detail = ""
            return recovered

    def opened(self) -> bool:
        """The source is open, though no picture came yet; whether that is news."""
        with self._lock:
            changes = self._reason != ""
            self._reason = self._detail = ""
            return changes

    def failed(self, reason: FaultReason, detail: str) -> None:
        with self._lock:
            self._reason, self._detail = reason.value, detail

    def count(self, what: Literal["sent", "rejected", "dropped", "connects"]) -> None:
        with self._lock:
            self._counts[what] += 1

    def state(self) -> SourceState:
        with self._lock:
            return SourceState(
                status="offline" if self._reason else "online",
                reason=self._reason,
                detail=self._detail,
                last_s=self._last_s,
                counts=dict(self._counts),
            )
