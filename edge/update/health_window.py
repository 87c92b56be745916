"""Whether the gateway got worse under an update than it was before.

PURE. Only what an update can cause counts: a broker or store that goes away at the same time is no
reason to give it up. A camera counts if its pictures were usable before. Called by `updater`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from contract.ids import CameraId
from edge.health.reasons import HealthReason, Problem
from edge.metrics.funnel import Funnel

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
MOST_REFUSED = 5
"""So many frames refused one after the other, and none usable, are enough to know."""
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


def worse(
    before: Baseline, since: Funnels, now: Funnels, problems: Collection[Problem], *, over: bool
) -> str | None:
    """Why the update must go, or None; `since` is of when it came into force, `over` says that the
    window ends, so that what has not come by now is missing."""
    for problem in problems:
        if _is_caused(problem, before):
            return f"{named(problem)}: {problem.detail or problem.reason.meaning}"
    for camera in sorted(before.active):
        missed = over and camera in before.steady
        found = _camera(since.get(camera, Funnel()), now.get(camera, Funnel()), missed)
        if found:
            return f"{camera}: {found}"
    return None


def _is_caused(problem: Problem, before: Baseline) -> bool:
    if problem.reason not in CAUSED or named(problem) in before.problems:
        return False
    return problem.reason not in OF_CAMERAS or problem.subject in before.steady


def _camera(since: Funnel, now: Funnel, missed: bool) -> str | None:
    by = {
        reason: count - since.rejected_by.get(reason, 0)
        for reason, count in now.rejected_by.items()
    }
    refused = {reason: count for reason, count in by.items() if count and reason not in INTENDED}
    usable = _usable(now) - _usable(since)
    if by.get(_FAILED, 0) >= MOST_FAILURES:
        return f"the network failed on {by[_FAILED]} frames"
    if not usable and sum(refused.values()) >= MOST_REFUSED:
        words = ", ".join(f"{reason} {count}" for reason, count in sorted(refused.items()))
        return f"every frame is refused: {words}"
    if missed and now.received == since.received:
        return "no frame has come, and some did before"
    if missed and not usable and not sum(by.values()):
        return "no frame was analysed, and some were before"
    return None


def _usable(funnel: Funnel) -> int:
    return funnel.quiet + funnel.analysed
