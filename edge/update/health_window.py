"""Whether the gateway got worse under an update than it was before.

PURE. Only what an update can cause counts: a broker or store that goes away at the same time is no
reason to give it up. A camera counts if its pictures were usable before. Called by `updater`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from contract.ids import CameraId
from edge.health.reasons import HealthReason, Problem
from edge.metrics.funnel import UNKNOWN, Funnel

OF_CAMERAS = frozenset((HealthReason.CAMERA_SILENT, HealthReason.PICTURES_REJECTED))
CAUSED = OF_CAMERAS | {
    HealthReason.WORKER_STALLED,
    HealthReason.SUBSCRIPTION_REFUSED,
    HealthReason.ANSWERS_REFUSED,
}
"""What an update may bring about; of cameras only those that were well before."""

LOOKS = 6
"""The time before the update is looked at in so many parts; a camera with usable frames in each of
them is steady, and missed when none come. One that sends in bursts is not."""
MOST_REFUSED = 10
"""So many frames refused one after the other are enough to know. At the window's end one is, if
none was usable: a camera may send once in a while."""
MOST_FAILURES = 3
"""Failures of the network on frames; it had none for frames like these."""

INTENDED = frozenset(("disabled", "retained"))
_FAILED = "inference_failed"

Funnels = Mapping[CameraId, Funnel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How the gateway was before the update: cameras with usable frames, those of them that sent
    all the time, and problems as `reason of`."""

    active: frozenset[CameraId] = field(default_factory=frozenset)
    steady: frozenset[CameraId] = field(default_factory=frozenset)
    problems: frozenset[str] = field(default_factory=frozenset)


def baseline(looks: Sequence[Funnels], problems: Collection[Problem]) -> Baseline:
    """From looks at the counters at equal distances, the last of now, and the health of now."""
    parts = [_with_usable(*two) for two in pairwise(looks)]
    return Baseline(
        active=frozenset().union(*parts),
        steady=frozenset.intersection(*parts) if parts else frozenset(),
        problems=frozenset(map(named, problems)),
    )


def _with_usable(then: Funnels, now: Funnels) -> frozenset[CameraId]:
    return frozenset(
        camera
        for camera, funnel in now.items()
        if _usable(funnel) > _usable(then.get(camera, Funnel()))
    )


def named(problem: Problem) -> str:
    """Reason and whom it concerns, whatever its details."""
    return f"{problem.reason.value} {problem.subject}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFrames:
    """The counters when the update had come into force and what was under way had passed, and for
    each camera when it was last seen to have another usable frame."""

    since: Funnels = field(default_factory=dict)
    usable: Funnels = field(default_factory=dict)

    def looked(self, now: Funnels) -> WatchedFrames:
        """After another look."""
        again = _with_usable(self.usable, now)
        return replace(self, usable={**self.usable, **{one: now[one] for one in again}})


def worse(
    before: Baseline,
    watched: WatchedFrames,
    now: Funnels,
    problems: Collection[Problem],
    *,
    over: bool,
) -> str | None:
    """Why the update must go, or None; `over` says that the window ends, so that what has not come
    by now is missing."""
    for problem in problems:
        if _is_caused(problem, before):
            return f"{named(problem)}: {problem.detail or problem.reason.meaning}"
    for camera in sorted(before.active):
        funnel, since = now.get(camera, Funnel()), watched.since.get(camera, Funnel())
        last = watched.usable.get(camera, Funnel())
        found = _failed(since, funnel) or _refused(last, funnel, MOST_REFUSED)
        if over and not found and camera not in now and camera not in watched.since:
            found = _unseen(watched, now)
        if over and not found:
            found = _at_the_end(since, funnel, missed=camera in before.steady)
        if found:
            return f"{camera}: {found}"
    return None


def _is_caused(problem: Problem, before: Baseline) -> bool:
    if problem.reason not in CAUSED or named(problem) in before.problems:
        return False
    return problem.reason not in OF_CAMERAS or problem.subject in before.steady


def _failed(since: Funnel, now: Funnel) -> str | None:
    failed = _rejected(since, now).get(_FAILED, 0)
    return f"the network failed on {failed} frames" if failed >= MOST_FAILURES else None


def _refused(since: Funnel, now: Funnel, at_least: int) -> str | None:
    by = _rejected(since, now)
    refused = {reason: count for reason, count in by.items() if reason not in INTENDED}
    if sum(refused.values()) < at_least:
        return None
    words = ", ".join(f"{reason} {count}" for reason, count in sorted(refused.items()))
    return f"every frame is refused: {words}"


def _unseen(watched: WatchedFrames, now: Funnels) -> str | None:
    """Of a camera that is not followed yet since a restart within the window: it is, once a frame
    of it is usable, and until then its frames count with those of strangers."""
    strangers = now.get(UNKNOWN, Funnel())
    return _refused(watched.since.get(UNKNOWN, Funnel()), strangers, 1)


def _at_the_end(since: Funnel, now: Funnel, *, missed: bool) -> str | None:
    if _usable(now) > _usable(since):
        return None
    refused = _refused(since, now, 1)
    if refused or not missed:
        return refused
    if now.received == since.received:
        return "no frame has come, and some did before"
    if not _rejected(since, now):
        return "no frame was analysed, and some were before"
    return None


def _rejected(since: Funnel, now: Funnel) -> dict[str, int]:
    """By reason, in between."""
    grown = (
        (reason, count - since.rejected_by.get(reason, 0))
        for reason, count in now.rejected_by.items()
    )
    return {reason: count for reason, count in grown if count}


def _usable(funnel: Funnel) -> int:
    return funnel.quiet + funnel.analysed
