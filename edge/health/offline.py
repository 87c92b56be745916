"""How long a camera may be silent before it counts as offline: by its own habit.

PURE. The usual gap follows longer gaps quickly and shorter ones slowly, so that a camera which
sends three pictures and then keeps silent for minutes is not called offline after each three. Times
are monotonic seconds. Called by `daemon.camera_watch`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from edge.config.health import HealthConfig

_FOLLOW_LONGER, _FOLLOW_SHORTER = 0.5, 0.02
"""Half of a long gap counts at once; some hundred pictures in quick order forget it."""

_RATE_S = 30.0
"""Time constant of the rate."""

_HABIT_PICTURES = 20
_NO_HABIT_S = 600.0
"""A camera of which fewer pictures are known gets at least ten minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """When a camera's pictures came: `first_at_s` we waited, `last_at_s` one came. `last_rate` is
    the rate when one came; it fades until the next. `back_at_s`: when an offline camera spoke
    again, inf while it is silent.
    """

    first_at_s: float
    last_at_s: float
    pictures: int = 0
    usual_gap_s: float = 0.0
    last_rate: float = 0.0
    offline: bool = False
    back_at_s: float = math.inf

    def rate(self, now: float) -> float:
        """Pictures per second over about the last half minute."""
        seen_s = max(now - self.first_at_s, 1.0)
        return self.last_rate * _fade(now - self.last_at_s) / (1.0 - _fade(seen_s))


def await_first(now: float) -> Arrivals:
    """A camera of which nothing has come yet."""
    return Arrivals(first_at_s=now, last_at_s=now)


def count_arrivals(
    arrivals: Arrivals, pictures: int, now: float, settings: HealthConfig
) -> Arrivals:
    """`pictures`, at least one, have come since the last call.

    Of an outage no more counts as habit than it took to notice it.
    """
    elapsed_s = max(0.0, now - arrivals.last_at_s)
    gap_s = min(elapsed_s / pictures, limit_s(arrivals, "stream", settings))
    usual_s = arrivals.usual_gap_s
    follow = _FOLLOW_LONGER if gap_s > usual_s else _FOLLOW_SHORTER
    return replace(
        arrivals,
        last_at_s=now,
        pictures=arrivals.pictures + pictures,
        usual_gap_s=usual_s + follow * (gap_s - usual_s),
        last_rate=arrivals.last_rate * _fade(elapsed_s) + pictures / _RATE_S,
        back_at_s=min(arrivals.back_at_s, now),
    )


def limit_s(arrivals: Arrivals, kind: str, settings: HealthConfig) -> float:
    """How long a silence is still no outage; inf for a camera that speaks only when it must."""
    if settings.offline_s is not None:
        return settings.offline_s
    if kind == "snapshot":
        return math.inf
    habit_s = max(settings.offline_min_s, settings.offline_intervals * arrivals.usual_gap_s)
    return habit_s if arrivals.pictures >= _HABIT_PICTURES else max(habit_s, _NO_HABIT_S)


def check_offline(
    arrivals: Arrivals, kind: str, now: float, listening_at_s: float, settings: HealthConfig
) -> Arrivals:
    """Whether the camera is offline now; silence counts only while we listened (`listening_at_s`:
    since when), and a camera is back when it has kept speaking for `leave_s`."""
    silent_s = now - max(arrivals.last_at_s, listening_at_s)
    silent = silent_s >= limit_s(arrivals, kind, settings)
    if not settings.enabled or "offline" in settings.ignore:
        return replace(arrivals, offline=False, back_at_s=math.inf)
    if silent:
        return replace(arrivals, offline=True, back_at_s=math.inf)
    if arrivals.offline and now - arrivals.back_at_s < settings.leave_s:
        return arrivals
    return replace(arrivals, offline=False, back_at_s=math.inf)


def _fade(seconds: float) -> float:
    return math.exp(-max(0.0, seconds) / _RATE_S)
