"""Frames that show a segment of unknown length at several moments, chosen by time alone.

PURE. Called by `events`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edge.records import Frame

TimedFrame = tuple[float, Frame]
"""When it came, in monotonic seconds, and the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpacedFrames:
    """Frames of a segment, evenly apart in time, at most twice `moments`."""

    moments: int
    frames: tuple[TimedFrame, ...] = ()
    apart_s: float = 0.0

    def with_frame(self, frame: Frame, now: float) -> SpacedFrames:
        """With `frame`, if it comes late enough; where it is too many, every other one goes."""
        if self.frames and now - self.frames[-1][0] < self.apart_s:
            return self
        frames = (*self.frames, (now, frame))
        if len(frames) <= 2 * self.moments:
            return replace(self, frames=frames)
        kept = frames[::2]
        return replace(self, frames=kept, apart_s=max(2 * self.apart_s, kept[1][0] - kept[0][0]))

    def spread(self, count: int) -> tuple[TimedFrame, ...]:
        """`count` of them, each from the middle of a part of the time: who comes or goes is at the
        border of the picture at the ends."""
        if count >= len(self.frames):
            return self.frames
        stride = len(self.frames) / max(1, count)
        return tuple(self.frames[int((n + 0.5) * stride)] for n in range(count))
