"""When cameras sent nothing, from how many frames were received at each look.

PURE. As exact as the looks are frequent. A time without frames that goes over the end of an entry
is shared out between both. Called by `recorder`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contract.ids import CameraId
from contract.watch import MOST_GAPS, UnseenSpan


@dataclass(frozen=True, slots=True)
class WatchMoment:
    """The same moment by the clock that never jumps, in seconds, and by the one on the wall."""

    mono_s: float
    wall: datetime


@dataclass(frozen=True, slots=True)
class Unseen:
    """Of one camera in one entry: all seconds, and the spans that are remembered."""

    seconds: float
    spans: tuple[UnseenSpan, ...]


@dataclass(slots=True)
class _Seen:
    received: int
    last_s: float
    seconds: float = 0.0
    spans: list[tuple[float, float]] = field(default_factory=list)
    """Since when, and for how long."""

    def note(self, until_s: float, begin_s: float, gap_s: float) -> None:
        """A time without frames ends here, or is cut by the end of the entry."""
        if until_s - self.last_s <= gap_s:
            return
        since_s = max(self.last_s, begin_s)
        self.seconds += until_s - since_s
        self.spans.append((since_s, until_s - since_s))
        if len(self.spans) > 2 * MOST_GAPS:
            self.spans = sorted(self.spans, key=lambda span: -span[1])[:MOST_GAPS]


class UnseenSpans:
    """Of all cameras, entry by entry."""

    def __init__(self, begin: WatchMoment) -> None:
        self._begin = begin
        self._seen: dict[CameraId, _Seen] = {}

    def look(self, received: Mapping[CameraId, int], now_s: float, gap_s: float) -> None:
        """`received` since the start of the program; longer than `gap_s` is noted."""
        for camera, count in received.items():
            seen = self._seen.get(camera)
            if seen is None:
                seen = self._seen[camera] = _Seen(0, self._begin.mono_s)
            if count != seen.received:
                seen.note(now_s, self._begin.mono_s, gap_s)
                seen.received, seen.last_s = count, now_s
        for gone in self._seen.keys() - received.keys():
            del self._seen[gone]

    def until(self, now: WatchMoment, gap_s: float) -> dict[CameraId, Unseen]:
        """Of the entry so far; nothing is changed."""
        return {camera: self._unseen(seen, now, gap_s) for camera, seen in self._seen.items()}

    def begin(self, now: WatchMoment) -> None:
        """Another entry."""
        self._begin = now
        for seen in self._seen.values():
            seen.seconds = 0.0
            seen.spans.clear()

    def _unseen(self, seen: _Seen, now: WatchMoment, gap_s: float) -> Unseen:
        so_far = _Seen(seen.received, seen.last_s, seen.seconds, list(seen.spans))
        so_far.note(now.mono_s, self._begin.mono_s, gap_s)
        spans = tuple(
            UnseenSpan(
                begins=now.wall - timedelta(seconds=now.mono_s - since_s), seconds=round(long_s, 3)
            )
            for since_s, long_s in so_far.spans
        )
        return Unseen(so_far.seconds, spans)
