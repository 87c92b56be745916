"""How many alarms were kept from people, and how many threats with them.

PURE. Every share comes with the cases that it was seen in and its 95 % interval by Wilson, for most
sites have few marked alarms, and a share of three cases says next to nothing. Called by the
console's page of quality.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TypeVar

from cloud.quality.cases import QualityCase
from contract.ids import CameraId, GatewayId
from service.intervals import Interval, wilson

CameraOfGateway = tuple[GatewayId, CameraId]
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenShare:
    """`hits` of `cases`; share and interval are None without cases."""

    hits: int
    cases: int

    @property
    def share(self) -> float | None:
        """0..1."""
        return self.hits / self.cases if self.cases else None

    @property
    def interval(self) -> Interval | None:
        """95 %, by Wilson."""
        return None if self.share is None else wilson(self.share, self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterQuality:
    """Of a site, camera or class.

    `reduction`: of the decided suspicions those that nobody was notified of. `precision`: of those
    notified and marked, the ones in which something was there. `recall`: of all that was there by
    people's marks, with what was refuted and what was reported or found as missed, what was
    notified.
    """

    suspicions: int
    reduction: SeenShare
    precision: SeenShare
    recall: SeenShare


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraNoise:
    """A camera by what it raised in vain."""

    camera: CameraOfGateway
    in_vain: int
    suspicions: int
    newest_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdEffect:
    """What a lowest edge score would have kept of the suspicions so far."""

    threshold: float
    kept: int
    dropped: int
    real_dropped: int
    false_dropped: int


def quality_of(cases: Iterable[QualityCase], missed: int = 0) -> FilterQuality:
    """`missed` counts what people reported that was never raised."""
    some = list(cases)
    suspicions = [one for one in some if not one.audit]
    decided = [one for one in suspicions if one.state != "pending"]
    notified = [one for one in suspicions if one.alerted and one.real is not None]
    real = [one for one in suspicions if one.real]
    missed += sum(one.audit and _found(one) for one in some)
    return FilterQuality(
        suspicions=len(suspicions),
        reduction=SeenShare(hits=sum(not one.alerted for one in decided), cases=len(decided)),
        precision=SeenShare(hits=sum(bool(one.real) for one in notified), cases=len(notified)),
        recall=SeenShare(hits=sum(one.alerted for one in real), cases=len(real) + missed),
    )


def quality_by(
    cases: Iterable[QualityCase],
    key: Callable[[QualityCase], Key],
    missed: Mapping[Key, int] | None = None,
) -> dict[Key, FilterQuality]:
    """The same for each site, camera or class; `missed` by the same key."""
    grouped: defaultdict[Key, list[QualityCase]] = defaultdict(list)
    reported = missed or {}
    for one in cases:
        grouped[key(one)].append(one)
    keys = dict.fromkeys((*grouped, *reported))
    return {one: quality_of(grouped.get(one, ()), reported.get(one, 0)) for one in keys}


def threats_by_hour(
    cases: Iterable[QualityCase], zone: tzinfo
) -> dict[CameraOfGateway, tuple[int, ...]]:
    """Confirmed alarms that nobody called false, by camera, in 24 hours of the day in `zone`."""
    counts: Counter[tuple[CameraOfGateway, int]] = Counter(
        (camera_of(one), one.raised_at.astimezone(zone).hour)
        for one in cases
        if one.state == "confirmed" and not one.audit and one.real is not False
    )
    cameras = sorted({camera for camera, _ in counts})
    return {one: tuple(counts[one, hour] for hour in range(24)) for one in cameras}


def noisiest(cases: Iterable[QualityCase], most: int = 10) -> tuple[CameraNoise, ...]:
    """Cameras with most suspicions that were refuted or called false, the worst first."""
    grouped: defaultdict[CameraOfGateway, list[QualityCase]] = defaultdict(list)
    for one in cases:
        if not one.audit:
            grouped[camera_of(one)].append(one)
    found = [
        CameraNoise(
            camera=camera,
            in_vain=sum(_in_vain(one) for one in some),
            suspicions=len(some),
            newest_at=max(one.raised_at for one in some),
        )
        for camera, some in grouped.items()
    ]
    worst = sorted(found, key=lambda one: (-one.in_vain, -one.suspicions, one.camera))
    return tuple(one for one in worst[:most] if one.in_vain)


def idle(
    known: Collection[CameraOfGateway], cases: Iterable[QualityCase]
) -> tuple[CameraOfGateway, ...]:
    """Known cameras that raised nothing: a quiet place, a mask over all, or nothing that works."""
    heard = {camera_of(one) for one in cases if not one.audit}
    return tuple(sorted(set(known) - heard))


def threshold_effects(
    cases: Iterable[QualityCase], thresholds: Sequence[float]
) -> tuple[ThresholdEffect, ...]:
    """What each lowest score would have done; audits have no score that rules looked at."""
    some = [one for one in cases if not one.audit]
    return tuple(_effect(some, threshold) for threshold in thresholds)


def camera_of(case: QualityCase) -> CameraOfGateway:
    """The camera, which is named by its gateway too."""
    return case.gateway, case.camera


def _effect(cases: Sequence[QualityCase], threshold: float) -> ThresholdEffect:
    dropped = [one for one in cases if one.edge_score < threshold]
    return ThresholdEffect(
        threshold=threshold,
        kept=len(cases) - len(dropped),
        dropped=len(dropped),
        real_dropped=sum(one.real is True for one in dropped),
        false_dropped=sum(one.real is False for one in dropped),
    )


def _found(case: QualityCase) -> bool:
    """Of an audit: something was in what was rejected."""
    return case.real if case.real is not None else case.state == "confirmed"


def _in_vain(case: QualityCase) -> bool:
    return case.real is False or (case.real is None and case.state == "refuted")
