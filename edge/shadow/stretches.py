"""Which recent frames are kept: stretches in which something moved, with what led up to them.

PURE, though it changes in place. Rules vote over frames that follow each other, so frames are kept
in stretches, as densely as they were looked at; of the quiet before only one a second, from which
the gate learns the empty scene. All cameras share one bound of bytes and one of seconds. What was
reported stays longest, then what was nearly reported: these an update can change. Of equals the
oldest of the camera that has most goes first, so that no camera takes the others' place. Held by
`recent_frames`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from contract.ids import CameraId
from edge.records import Analysed, Frame, Outcome, Quiet, RuleResult

LEAD_S, LEAD_SPACING_S = 6.0, 1.0
"""Of a quiet scene: what the gate needs to know it again, and no more."""
TRAIL_S = 3.0
"""After the last motion: a track may be reported yet."""
LONGEST_S = 30.0
"""A tree that moves all day is cut in pieces, which go one by one."""
BREAK_S = 10.0
"""Frames so far apart have nothing to do with each other: the gate's own events end so."""
MAX_AGE_S = 86_400.0
"""A day has each hour of every schedule; older pictures of people are not kept."""
MOST_STRETCHES = 1000
"""That are over. Single small pictures would be tens of thousands within the bytes, and each frame
is held against all of them."""
_LEAD_SHARE = 1 / 3
"""Of all bytes, for quiet scenes in which nothing has happened yet."""
_LOOKED_ANYWAY = ("first_look", "full_look")


class Interest(IntEnum):
    """What a frame may show of an update: the more the longer it stays."""

    QUIET = 0
    MOVED = 1
    NEAR = 2
    RAISED = 3


def interest_of(outcome: Outcome) -> Interest | None:
    """None for a frame that was rejected: it would be again."""
    match outcome:
        case Quiet(motion=motion):
            still = motion.why in ("still", "same_picture")
            return Interest.QUIET if still else Interest.MOVED
        case Analysed():
            return _of_analysed(outcome)
    return None


def _of_analysed(outcome: Analysed) -> Interest:
    if outcome.candidates:
        return Interest.RAISED
    if outcome.duplicates or any(map(_nearly, outcome.rule_results)):
        return Interest.NEAR
    nothing = outcome.motion.why in _LOOKED_ANYWAY and not outcome.rule_results
    return Interest.QUIET if nothing else Interest.MOVED


def _nearly(result: RuleResult) -> bool:
    """One condition more, and the rule had fired."""
    return sum(not check.passed for check in result.checks) <= 1


@dataclass(slots=True)
class Stretch:
    """Frames of one camera that follow each other, in time order."""

    camera: CameraId
    frames: list[Frame] = field(default_factory=list)
    interest: Interest = Interest.QUIET
    bytes: int = 0
    moved_s: float = 0.0

    @property
    def begin_s(self) -> float:
        return self.frames[0].received_mono_s

    @property
    def end_s(self) -> float:
        return self.frames[-1].received_mono_s

    @property
    def lasts_s(self) -> float:
        return self.end_s - self.begin_s

    def add(self, frame: Frame, interest: Interest) -> None:
        """The next one."""
        if self.interest is interest is Interest.QUIET:
            self._thin_out(frame)
        self.frames.append(frame)
        self.bytes += len(frame.picture)
        self.interest = max(self.interest, interest)
        if interest is not Interest.QUIET:
            self.moved_s = frame.received_mono_s

    def pop(self, index: int) -> None:
        """Without this frame."""
        self.bytes -= len(self.frames.pop(index).picture)

    def _thin_out(self, coming: Frame) -> None:
        """The last one is kept until another comes, and one in each second before."""
        frames = self.frames
        if len(frames) > 1 and _between_s(frames[-2], frames[-1]) < LEAD_SPACING_S:
            self.pop(-1)
        while frames and _between_s(frames[0], coming) > LEAD_S:
            self.pop(0)


class Stretches:
    """All that is kept; `bytes` and `footage_s` are of all cameras together."""

    def __init__(self) -> None:
        self._open: dict[CameraId, Stretch] = {}
        self._closed: list[Stretch] = []
        self.bytes = 0

    @property
    def footage_s(self) -> float:
        return sum(one.lasts_s for one in self._all())

    def add(self, frame: Frame, interest: Interest, max_bytes: int, max_footage_s: float) -> None:
        """With the next frame of its camera, within the bounds."""
        stretch, now = self._open.get(frame.camera), frame.received_mono_s
        if stretch is not None and _is_over(stretch, now):
            self._close(stretch)
            stretch = None
        if stretch is None:
            stretch = self._open[frame.camera] = Stretch(frame.camera)
        before = stretch.bytes
        stretch.add(frame, interest)
        lead_bytes = max_bytes * _LEAD_SHARE / len(self._open)
        while stretch.interest is Interest.QUIET and stretch.bytes > lead_bytes:
            stretch.pop(0)
            if not stretch.frames:
                del self._open[frame.camera]
                break
        self.bytes += stretch.bytes - before
        self._shrink(now, max_bytes, max_footage_s)

    def raised(self, camera: CameraId) -> None:
        """Something was reported of it after its frame had been added."""
        own = [one for one in self._closed if one.camera == camera]
        newest = self._open.get(camera) or (own[-1] if own else None)
        if newest is not None:
            newest.interest = Interest.RAISED

    def forget(self, camera: CameraId) -> None:
        """Nothing of it is kept."""
        self._open.pop(camera, None)
        self._closed = [one for one in self._closed if one.camera != camera]
        self.bytes = sum(one.bytes for one in self._all())

    def worth_replaying(self) -> list[Stretch]:
        """Those in which anything happened, the most telling first, of equals the newest."""
        found = [one for one in self._all() if one.interest is not Interest.QUIET]
        return sorted(found, key=lambda one: (-one.interest, -one.end_s))

    def _all(self) -> Iterator[Stretch]:
        yield from self._closed
        yield from self._open.values()

    def _close(self, stretch: Stretch) -> None:
        del self._open[stretch.camera]
        if stretch.interest is Interest.QUIET:
            self.bytes -= stretch.bytes
        else:
            self._closed.append(stretch)

    def _shrink(self, now: float, max_bytes: int, max_footage_s: float) -> None:
        for old in [one for one in self._all() if now - one.end_s > MAX_AGE_S]:
            self._drop(old)
        footage_s = self.footage_s
        while (
            self.bytes > max_bytes
            or footage_s > max_footage_s
            or len(self._closed) > MOST_STRETCHES
        ):
            victim = self._least_telling()
            footage_s -= victim.lasts_s
            self._drop(victim)

    def _least_telling(self) -> Stretch:
        """Of what is over, if anything is; else of what goes on."""
        among = self._closed or list(self._open.values())
        held: dict[tuple[Interest, CameraId], int] = {}
        for one in among:
            held[one.interest, one.camera] = held.get((one.interest, one.camera), 0) + one.bytes
        return min(among, key=lambda one: (one.interest, -held[one.interest, one.camera]))

    def _drop(self, stretch: Stretch) -> None:
        self.bytes -= stretch.bytes
        if self._open.get(stretch.camera) is stretch:
            del self._open[stretch.camera]
        else:
            self._closed.remove(stretch)


def _is_over(stretch: Stretch, now: float) -> bool:
    if now - stretch.end_s > BREAK_S:
        return True
    if stretch.interest is Interest.QUIET:
        return False
    return stretch.end_s - stretch.moved_s >= TRAIL_S or stretch.lasts_s >= LONGEST_S


def _between_s(first: Frame, second: Frame) -> float:
    return second.received_mono_s - first.received_mono_s
