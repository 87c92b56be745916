"""How many pictures a second a camera is worth, by what it says of motion itself.

SHELL (a lock). A hint must never blind. So the idle rate holds only while the camera answers and
says by a detector of motion that nothing moves. Where it has said nothing yet, its subscription is
lost, nobody has listened for `STALE_S` or somebody crossed a line a moment ago, the configured rate
holds. Written by `motion_watch`, read by the camera's own thread at each picture and by whoever
publishes it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bridge.motion_messages import MotionMessage, motion_message

HOLD_S = 10.0
"""The configured rate goes on for so long after motion: cameras say its end at once."""
STALE_S = 30.0
"""A camera that has answered nothing for so long says nothing of motion."""
MAX_SOURCES = 64

MotionCount = Literal["subscribed", "lost", "messages", "ignored"]
ReportedMotion = Literal["moving", "still", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionState:
    """What a camera says of motion now; `reason` and `detail` say why it says nothing."""

    reported: ReportedMotion
    rate_fps: float
    reason: str
    detail: str
    counts: dict[str, int]


class MotionHints:
    """One camera's. Counts: `subscribed` and `lost` (subscriptions), `messages` and `ignored`
    (which were not about motion)."""

    def __init__(self, rate_fps: float, idle_fps: float) -> None:
        self._lock = threading.Lock()
        self._rate_fps, self._idle_fps = rate_fps, min(idle_fps, rate_fps)
        self._reason, self._detail = "starting", "not subscribed yet"
        self._said: dict[str, MotionMessage] = {}
        self._heard_s = self._moved_s = float("-inf")
        self._counts: Counter[str] = Counter()

    def subscribed(self, now: float) -> None:
        """A subscription is open; what was said before it counts no more."""
        with self._lock:
            self._reason = self._detail = ""
            self._said, self._heard_s = {}, now
            self._counts["subscribed"] += 1

    def lost(self, reason: str, detail: str) -> None:
        with self._lock:
            self._reason, self._detail = reason, detail
            self._counts["lost"] += 1

    def heard(self, events: list[Mapping[str, object]], now: float) -> None:
        """The camera answered, with `events` or without."""
        found = [motion_message(event) for event in events]
        with self._lock:
            self._heard_s = now
            for message in found:
                self._counts["messages" if message else "ignored"] += 1
                if message is not None:
                    self._take(message, now)

    def _take(self, message: MotionMessage, now: float) -> None:
        before = self._said.get(message.source)
        if message.moving is not False or (before is not None and before.moving):
            self._moved_s = now
        if message.moving is None:
            return
        if before is None and len(self._said) >= MAX_SOURCES:
            self._moved_s = now
            self._said.clear()  # so many are no camera's: begin anew, at the configured rate
        self._said[message.source] = message

    def rate_fps(self, now: float) -> float:
        """What holds at `now`, monotonic seconds; never less than the idle rate."""
        with self._lock:
            return self._idle_fps if self._reported(now) == "still" else self._rate_fps

    def _reported(self, now: float) -> ReportedMotion:
        if self._reason or now - self._heard_s > STALE_S:
            return "unknown"
        if now - self._moved_s < HOLD_S or any(one.moving for one in self._said.values()):
            return "moving"
        known = any(one.about == "motion" for one in self._said.values())
        return "still" if known else "unknown"

    def state(self, now: float) -> MotionState:
        with self._lock:
            reported = self._reported(now)
            reason, detail = self._reason, self._detail
            if reported == "unknown" and not reason:
                stale = now - self._heard_s > STALE_S
                reason = "stalled" if stale else "waiting"
                detail = (
                    f"no answer for {STALE_S:g} s" if stale else "no detector of motion has spoken"
                )
            return MotionState(
                reported=reported,
                rate_fps=self._idle_fps if reported == "still" else self._rate_fps,
                reason=reason,
                detail=detail,
                counts=dict(self._counts),
            )
