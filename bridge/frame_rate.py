"""How many frames a second go on, and whether key frames alone are enough for that.

PURE; times are monotonic seconds. Called by the sources.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

RateAt = Callable[[float], float]
"""Frames per second that are wanted at a time (monotonic seconds)."""

_TOLERANCE = 1.2
"""Key frames that come a little more seldom than asked are enough all the same."""


@dataclass(slots=True)
class FrameRateLimit:
    """Never more than `rate_fps`: over any time T at most `rate_fps * T + 1`, and no two closer
    than half a period. Cells of a grid, so that a camera of 25 frames gives 2 a second, not 1.9."""

    rate_fps: float
    _next_s: float | None = None

    def due(self, now: float) -> bool:
        """Whether a frame that is here now goes on; saying so takes its turn."""
        if self._next_s is not None and now < self._next_s:
            return False
        period = 1.0 / self.rate_fps
        due_s = now if self._next_s is None else self._next_s
        self._next_s = max(due_s + period, now + period / 2)
        return True

    def change(self, rate_fps: float, now: float) -> None:
        """Another rate from `now` on; the next frame waits no longer than a period of it."""
        if rate_fps != self.rate_fps:
            self.rate_fps = rate_fps
            self._next_s = None if self._next_s is None else min(self._next_s, now + 1.0 / rate_fps)

    def is_due(self, now: float) -> bool:
        """The same, without taking the turn."""
        return self._next_s is None or now >= self._next_s

    def wait_s(self, now: float) -> float:
        """Until the next one is due."""
        return 0.0 if self._next_s is None else max(0.0, self._next_s - now)


@dataclass(slots=True)
class KeyFrames:
    """Whether the frames between key frames may be left undecoded.

    Decided at each key frame, since only there a decoder can begin, by the longest of the last
    gaps. Of a stream not known yet everything is decoded.
    """

    rate_fps: float
    alone: bool = False
    _last_s: float | None = None
    _gaps: list[float] = field(default_factory=list)

    def seen(self, now: float) -> None:
        """A key frame came."""
        if self._last_s is not None:
            self._gaps = [*self._gaps[-3:], now - self._last_s]
        self._last_s = now
        enough_s = _TOLERANCE / self.rate_fps
        self.alone = len(self._gaps) >= 2 and max(self._gaps) <= enough_s
