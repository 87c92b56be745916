"""Which decisions of a stretch of footage would have been others, and what all come to.

PURE. Frame by frame it is the comparison of `edge.replay`; here what one side reports some moments
later than the other is one decision and not two. Each stretch begins with nothing remembered, on
both sides alike. Called by `process`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contract.ids import CameraId
from contract.labels import group_of
from contract.shadow import MOST_EXAMPLES, DecisionExample, ShadowOutcome, ShadowResult
from edge.replay.comparison import Compared, ComparedSide, DecisionChange, compare

SHIFT_S = 5.0
"""Two reports of one kind of object so near each other are the same alarm to a person: another
network finds it a few frames earlier or later."""
SINGLE_S = 1.0
"""For so much footage a picture counts that stands alone."""
_LONGEST_WHY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A stretch as it is replayed: pictures of one camera, when the first was received, and the
    time of each from then on, in seconds."""

    camera: CameraId
    start: datetime
    times_s: tuple[float, ...]
    pictures: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return ((f"{n:06d}", picture) for n, picture in enumerate(self.pictures))


def replayed(clip: Clip, before: ComparedSide, after: ComparedSide) -> Iterator[Compared]:
    """Each frame on both sides, in the rhythm in which it came."""
    return compare(clip, before, after, clip.camera, clip.times_s, clip.start)


@dataclass(slots=True)
class JudgedClip:
    """One clip's decisions so far."""

    before: int = 0
    after: int = 0
    changes: list[DecisionChange] = field(default_factory=list)

    def add(self, frame: Compared) -> None:
        self.before += len(frame.before.candidates)
        self.after += len(frame.after.candidates)
        self.changes += frame.changes


@dataclass(slots=True)
class JudgedFootage:
    """What all clips come to that were replayed whole."""

    frames: int = 0
    seconds: float = 0.0
    before: int = 0
    after: int = 0
    cameras: set[CameraId] = field(default_factory=set)
    lost: list[DecisionExample] = field(default_factory=list)
    new: list[DecisionExample] = field(default_factory=list)
    changed: list[DecisionExample] = field(default_factory=list)

    def add(self, clip: Clip, judged: JudgedClip) -> None:
        """One more."""
        self.frames += len(clip)
        self.seconds += max(clip.times_s[-1], SINGLE_S)
        self.cameras.add(clip.camera)
        self.before += judged.before
        self.after += judged.after
        gone, new = settled(judged.changes)
        self.lost += [_example(clip, one) for one in gone]
        self.new += [_example(clip, one) for one in new]
        self.changed += [_example(clip, one) for one in judged.changes if one.kind == "changed"]

    def result(self, detail: str, took_s: float) -> ShadowResult:
        """`detail`: what was left out, if anything was."""
        return ShadowResult(
            outcome=ShadowOutcome.REPLAYED,
            detail=detail,
            frames=self.frames,
            cameras=len(self.cameras),
            seconds=round(self.seconds, 1),
            before=self.before,
            after=self.after,
            lost=len(self.lost),
            new=len(self.new),
            changed=len(self.changed),
            took_s=round(took_s, 1),
            examples=tuple([*self.lost, *self.new, *self.changed][:MOST_EXAMPLES]),
        )


def settled(
    changes: Sequence[DecisionChange],
) -> tuple[list[DecisionChange], list[DecisionChange]]:
    """Those gone and those new, without pairs of the same kind of object within `SHIFT_S`."""
    gone = [one for one in changes if one.kind == "gone"]
    new = [one for one in changes if one.kind == "new"]
    pairs = sorted(
        (abs(a.t - b.t), n, m)
        for n, a in enumerate(gone)
        for m, b in enumerate(new)
        if group_of(a.label) == group_of(b.label) and abs(a.t - b.t) <= SHIFT_S
    )
    taken: tuple[set[int], set[int]] = set(), set()
    for _, n, m in pairs:
        if n not in taken[0] and m not in taken[1]:
            taken[0].add(n)
            taken[1].add(m)
    return _without(gone, taken[0]), _without(new, taken[1])


def _without(changes: Iterable[DecisionChange], taken: set[int]) -> list[DecisionChange]:
    return [one for n, one in enumerate(changes) if n not in taken]


def _example(clip: Clip, change: DecisionChange) -> DecisionExample:
    silent = change.before if change.kind == "new" else change.after
    why = "; ".join(silent.reasons)
    if change.kind == "changed":
        a, b = change.before, change.after
        why = f"rule {a.rule} with severity {a.severity}, then {b.rule} with {b.severity}"
    return DecisionExample(
        camera=change.camera,
        at=clip.start + timedelta(seconds=change.t),
        change="lost" if change.kind == "gone" else change.kind,
        label=change.label,
        rule=change.before.rule or change.after.rule or "",
        why=why[:_LONGEST_WHY],
    )
