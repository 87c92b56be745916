"""What became of each camera's frames between two moments, from the counters at both.

PURE. Counters only rise, but for a camera whose place went to another: its counts go on under
`_others`, so what it lost there is taken off them, and every sum stays right. What is beyond the
cameras that an entry has room for is counted under `_others` as well. Called by `recorder`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from contract.ids import CameraId
from contract.watch import MOST_CAMERAS, MOST_GAPS, UnseenSpan, WatchedCamera
from edge.metrics.funnel import ALARMS, OTHERS, STAGES, UNKNOWN, Funnel
from edge.watch_proof.unseen import Unseen

FunnelSnapshot = Mapping[CameraId, Funnel]

_COUNTS = (*STAGES, *ALARMS)
_NOTHING = Funnel()


@dataclass(slots=True)
class _Difference:
    """May be negative until it is added to others."""

    counts: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    waiting_before: int = 0
    waiting_after: int = 0

    @property
    def falls(self) -> bool:
        waiting = self.waiting_before, self.waiting_after
        return min((*self.counts.values(), *self.rejected.values(), *waiting)) < 0

    def add(self, other: _Difference) -> None:
        for name, count in other.counts.items():
            self.counts[name] += count
        for reason, count in other.rejected.items():
            self.rejected[reason] += count
        self.waiting_before += other.waiting_before
        self.waiting_after += other.waiting_after

    def camera(self) -> WatchedCamera:
        """Where less than nothing were left, which no law allows, the sums will show it."""
        return WatchedCamera.model_validate(
            {name: count for name, count in self.counts.items() if count > 0}
            | {
                "rejected": {reason: n for reason, n in sorted(self.rejected.items()) if n > 0},
                "waiting_before": max(0, self.waiting_before),
                "waiting_after": max(0, self.waiting_after),
            }
        )


def counted(
    before: FunnelSnapshot, after: FunnelSnapshot, listed: Collection[CameraId]
) -> dict[CameraId, WatchedCamera]:
    """By camera, also of listed ones that sent nothing."""
    differences = {
        name: _difference(before.get(name, _NOTHING), after.get(name, _NOTHING))
        for name in {*before, *after, *listed}
    }
    others = differences.pop(OTHERS, _Difference())
    falling = [name for name, one in differences.items() if one.falls]
    for name in (*falling, *_beyond(differences.keys() - {*falling}, listed)):
        others.add(differences.pop(name))
    found = {name: differences[name].camera() for name in sorted(differences)}
    shared = others.camera()
    return found if shared == WatchedCamera() else found | {OTHERS: shared}


def with_unseen(
    cameras: Mapping[CameraId, WatchedCamera],
    unseen: Mapping[CameraId, Unseen],
    disarmed_s: Mapping[CameraId, float],
) -> dict[CameraId, WatchedCamera]:
    """With the times in which cameras sent nothing, the longest, and in which they were
    disarmed."""
    spans = [(one, name) for name in cameras if name in unseen for one in unseen[name].spans]
    longest = sorted(spans, key=lambda found: -found[0].seconds)[:MOST_GAPS]
    kept: dict[CameraId, list[UnseenSpan]] = {}
    for span, name in sorted(longest, key=lambda found: found[0].begins):
        kept.setdefault(name, []).append(span)
    return {
        name: one.model_copy(
            update={
                "unseen": tuple(kept.get(name, ())),
                "unseen_s": round(unseen[name].seconds, 3) if name in unseen else 0.0,
                "disarmed_s": round(disarmed_s.get(name, 0.0), 3),
            }
        )
        for name, one in cameras.items()
    }


def _beyond(names: Iterable[CameraId], listed: Collection[CameraId]) -> list[CameraId]:
    """For whom there is no room: listed cameras come first, what belongs to none always has
    some."""
    ranked = sorted(set(names) - {UNKNOWN}, key=lambda name: (name not in listed, name))
    return ranked[MOST_CAMERAS:]


def _difference(before: Funnel, after: Funnel) -> _Difference:
    counts: Counter[str] = Counter(
        {name: getattr(after, name) - getattr(before, name) for name in _COUNTS}
    )
    rejected = Counter(dict(after.rejected_by))
    rejected.subtract(before.rejected_by)
    return _Difference(counts, rejected, before.in_flight, after.in_flight)
