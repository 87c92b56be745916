"""Camera health: is this picture one that a person could be seen in, of the place that we know?

PURE. One step per frame over the reduced grey picture. Each fault is a latch: it must show itself
for `enter_s` to begin and be absent for `leave_s` to end, and a picture that cannot tell (black,
say, about the view) moves no latch. What is usual is what the camera itself has shown
(`reference_view`). Called by `pipeline`; read by `daemon.camera_watch` and replay.

A blinded camera is not a quiet one: `faults` says so while the gate says that nothing moves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import get_args

from edge.config.health import Fault, HealthConfig
from edge.health import fault_indicators
from edge.health.fault_indicators import Indicators
from edge.health.reference_view import (
    EdgeFeatures,
    ReferenceView,
    ViewSimilarity,
    begin,
    compare,
    edge_features,
    resized,
    update,
)
from imaging.detections import GreyImage

FAULTS: tuple[Fault, ...] = get_args(Fault)

_LEAST_PICTURES = 3
"""A fault needs as many in a row: a camera that sends twice an hour has no fault by one or two."""

_SETTLED_S, _SETTLED_PICTURES = 60.0, 20
"""The view is known after this; whoever stood there at the start has gone or is one of many."""

_MEMORY_S = 600.0
"""Time constant of the view: shorter than dusk, longer than a delivery."""

_LEAST_MEMORY = 0.05
"""A camera that sends seldom learns by pictures instead: at most this share by each."""

_MOST_VIEWS = 3
"""By day, by night in infrared, and one more; what was seen least lately is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """A fault that is given (`on`) or not, since when pictures say the contrary, and how many."""

    on: bool = False
    contrary_since_s: float = math.inf
    pictures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraHealth:
    """What is remembered of one camera.

    `anchor` is the picture that the present one may repeat; `views` the known ones, the present one
    first; `moved_at_s` when none of them fitted any more; `shape` and `clock_off_s` are those of
    the last picture.
    """

    latches: Mapping[Fault, Latch] = field(default_factory=lambda: MappingProxyType({}))
    checked_at_s: float = -math.inf
    anchor: GreyImage | None = None
    views: tuple[ReferenceView, ...] = ()
    moved_at_s: float = math.inf
    shape: tuple[int, ...] = ()
    clock_off_s: float | None = None

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the camera, in the order of `FAULTS`."""
        return tuple(fault for fault in FAULTS if fault in self.latches and self.latches[fault].on)


def due(health: CameraHealth, now: float, settings: HealthConfig) -> bool:
    """Whether the camera's present picture will be examined; `now` in monotonic seconds."""
    since_s = now - health.checked_at_s
    return settings.enabled and (since_s >= settings.check_s or since_s < 0)


def step(
    health: CameraHealth,
    grey: GreyImage,
    now: float,
    settings: HealthConfig,
    clock_off_s: float | None = None,
) -> CameraHealth:
    """Examine one picture, `(h, w) uint8`, if one is due.

    `clock_off_s`: seconds by which the time that the camera claims lies behind ours, None if it
    claims none.
    """
    if not settings.enabled:
        return CameraHealth()
    if not due(health, now, settings) or not grey.size:
        return health
    of_clock: Indicators = {
        "clock_wrong": fault_indicators.clock_indicator(
            clock_off_s, health.clock_off_s, settings.clock_s
        )
    }
    elapsed_s = max(0.0, now - health.checked_at_s)
    health = replace(health, checked_at_s=now, clock_off_s=clock_off_s)
    if grey.shape != health.shape:  # another resolution has other edges
        health = replace(health, shape=grey.shape, views=(), anchor=None)
    health, shown = _examine(health, resized(grey), now, elapsed_s)
    health = _debounce_all(health, of_clock | shown, now, settings)
    return _accept(health, now, settings)


def _examine(
    health: CameraHealth, picture: GreyImage, now: float, elapsed_s: float
) -> tuple[CameraHealth, Indicators]:
    """What the picture shows; one without a fault updates the view."""
    measured = fault_indicators.grey_levels(picture)
    shown = fault_indicators.exposure_indicators(measured, health.faults)
    blind = bool(shown["dark"] or shown["blown_out"])
    if not blind:
        seen = edge_features(picture)
        health, similarity = _recognise(health, seen, now)
        shown |= fault_indicators.view_indicators(similarity, measured)
        if not any(shown[fault] for fault in fault_indicators.VIEW_FAULTS):
            health = _updated(health, seen, elapsed_s, now)
    repeated = fault_indicators.repeats(health.anchor, picture)
    flat = blind or bool(shown["covered"])  # a live camera before nothing repeats itself too
    shown["frozen"] = None if repeated and flat else repeated
    return health if repeated else replace(health, anchor=picture), shown


def _recognise(
    health: CameraHealth, seen: EdgeFeatures, now: float
) -> tuple[CameraHealth, ViewSimilarity | None]:
    """How the picture fits the present view, or another known one if it fits that."""
    if not health.views or not _settled(health.views[0], now):
        return health, None
    similarity = compare(health.views[0], seen)
    if similarity is None or fault_indicators.fits(similarity):
        return health, similarity
    for view in health.views[1:]:
        other = compare(view, seen)
        if other is not None and fault_indicators.fits(other):
            rest = tuple(known for known in health.views if known is not view)
            return replace(health, views=(view, *rest)), other
    return health, similarity


def _settled(view: ReferenceView, now: float) -> bool:
    return now - view.began_at_s >= _SETTLED_S and view.pictures >= _SETTLED_PICTURES


def _updated(
    health: CameraHealth, seen: EdgeFeatures, elapsed_s: float, now: float
) -> CameraHealth:
    """The view with this picture in it, unless a fault keeps it from being usual."""
    if any(fault in (*fault_indicators.VIEW_FAULTS, "frozen") for fault in health.faults):
        return health
    if not health.views:
        return replace(health, views=(begin(seen, now),))
    weight = min(_LEAST_MEMORY, -math.expm1(-elapsed_s / _MEMORY_S))
    return replace(health, views=(update(health.views[0], seen, weight), *health.views[1:]))


def _accept(health: CameraHealth, now: float, settings: HealthConfig) -> CameraHealth:
    """After `accept_view_s` of another view that one becomes known, beside those it knew."""
    if "moved" not in health.faults:
        return replace(health, moved_at_s=math.inf)
    since_s = min(health.moved_at_s, now)
    if now - since_s < settings.accept_view_s or health.anchor is None:
        return replace(health, moved_at_s=since_s)
    views = (begin(edge_features(health.anchor), now), *health.views)[:_MOST_VIEWS]
    latches = MappingProxyType({**health.latches, "moved": Latch()})
    return replace(health, views=views, latches=latches, moved_at_s=math.inf)


def _debounce_all(
    health: CameraHealth, shown: Indicators, now: float, settings: HealthConfig
) -> CameraHealth:
    enter_s: dict[Fault, float] = {"frozen": settings.frozen_s, "glare": settings.glare_s}
    latches = {
        fault: debounce(
            health.latches.get(fault, Latch()),
            False if fault in settings.ignore else indicator,
            now,
            enter_s.get(fault, settings.enter_s),
            settings.leave_s,
        )
        for fault, indicator in shown.items()
    }
    return replace(health, latches=MappingProxyType({**health.latches, **latches}))


def debounce(
    latch: Latch, indicator: bool | None, now: float, enter_s: float, leave_s: float
) -> Latch:
    """The latch after one picture; it turns when enough pictures over enough time say so."""
    if indicator is None or indicator == latch.on:
        return Latch(on=latch.on)
    since_s = min(latch.contrary_since_s, now)
    pictures = latch.pictures + 1
    held_s = leave_s if latch.on else enter_s
    if now - since_s >= held_s and pictures >= _LEAST_PICTURES:
        return Latch(on=indicator)
    return Latch(on=latch.on, contrary_since_s=since_s, pictures=pictures)
