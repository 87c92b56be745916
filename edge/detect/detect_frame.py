"""Detection in one frame: in the whole of it, and in crops of what the whole does not show well.

PURE, but for the detector it is given. The whole frame goes first; what it shows surely needs no
crop, which is most of what moves, so a crop is made for the rest alone. Called by the pipeline once
per frame that the gate let pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge.config.regions import SearchRegionsConfig
from edge.detect.merge import ViewDetections, merge
from edge.detect.search_regions import (
    CropHistory,
    FrameGeometry,
    SearchRegion,
    covered,
    gains,
    plan,
    tile_crops,
)
from edge.gate.motion import SPREAD_CELLS, WIDTH_PX
from edge.records import Motion
from imaging.boxes import iou
from imaging.decode import reduction
from imaging.detections import Detections, Image, no_detections
from imaging.polygons import Box

SURE_SCORE = 0.5
"""An object that the whole frame shows at this score is well over every rule's threshold."""

_SAME_IOU = 0.3
"""A moving region fits its object loosely: legs move more than heads, shadows move too."""

_MOVING, _EXPECTED = 1.0, 0.25
"""Urgency: what moves goes four times as often to the network as a track that may have paused."""

_UNDIRECTED = frozenset({"first_look", "full_look", "light_change", "off"})
"""The gate's reasons for a detection that do not say where."""


class Detector(Protocol):
    """Whatever finds objects in a picture; see `edge.detect.detector.TfliteDetector`."""

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height in pixels that the network takes."""
        ...

    def detect(self, image: Image, aspect: float = 1.0) -> Detections: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionResult:
    """What was found, in pixels of the frame, and how many inferences it took."""

    found: Detections
    inferences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHints:
    """Where to search: what the gate says, and where the tracks that move are `expected`; `alone`
    marks a picture that stands alone, and pixels are `aspect` times as wide as high."""

    motion: Motion
    expected: Sequence[Box]
    alone: bool
    aspect: float = 1.0


def detect_frame(
    history: CropHistory,
    detector: Detector,
    image: Image,
    hints: SearchHints,
    now: float,
    settings: SearchRegionsConfig,
) -> tuple[CropHistory, DetectionResult]:
    """What `image` shows, and the history of where was searched."""
    height, width = image.shape[:2]
    aspect = hints.aspect
    if not settings.enabled:
        return history, DetectionResult(found=detector.detect(image, aspect), inferences=1)
    geometry = FrameGeometry(
        width=width, height=height, aspect=aspect, input_px=min(detector.input_size)
    )
    regions = _search_regions(hints, geometry)
    crops = _crops_alone(regions, geometry, history, now, settings)
    whole = None if crops else detector.detect(image, aspect)
    turned = 0
    if whole is not None and _anywhere(hints):
        crops = tile_crops(geometry, history, _most(hints, settings))
        turned = len(crops)
    elif whole is not None:
        # what the whole frame shows surely needs no crop
        crops = plan(_unsure(regions, whole), geometry, history, now, _most(hints, settings))
    views = [] if whole is None else [ViewDetections(found=whole)]
    views += [ViewDetections(found=_inside(detector, image, c, aspect), crop=c) for c in crops]
    found = merge(views, width, height)
    history = history.after(crops, whole is not None, now, turned)
    return history, DetectionResult(found=found, inferences=len(views))


def _search_regions(hints: SearchHints, geometry: FrameGeometry) -> list[SearchRegion]:
    """What moves, without the margin that the gate puts around it, and where tracks should be."""
    margin = SPREAD_CELLS * reduction(geometry.width, WIDTH_PX)
    moving = [
        SearchRegion(box=_shrunk(box, margin), urgency=_MOVING) for box in hints.motion.regions
    ]
    frame = (0.0, 0.0, float(geometry.width), float(geometry.height))
    inside = (_clipped(box, frame) for box in hints.expected)
    return [
        *moving,
        *(SearchRegion(box=box, urgency=_EXPECTED) for box in inside if box is not None),
    ]


def _crops_alone(
    regions: list[SearchRegion],
    geometry: FrameGeometry,
    history: CropHistory,
    now: float,
    settings: SearchRegionsConfig,
) -> tuple[Box, ...]:
    """Crops that make a detection in the whole frame needless for now; none if they cannot."""
    if not regions or now - history.whole_at_s >= settings.whole_every_s:
        return ()
    crops = plan(regions, geometry, history, now, settings.most_crops)
    enough = all(gains(region.box, geometry) and covered(region.box, crops) for region in regions)
    return crops if enough else ()


def _anywhere(hints: SearchHints) -> bool:
    """Whether nothing says where to search."""
    return hints.motion.why in _UNDIRECTED and not hints.motion.regions


def _most(hints: SearchHints, settings: SearchRegionsConfig) -> int:
    return settings.most_crops_alone if hints.alone else settings.most_crops


def _unsure(regions: list[SearchRegion], whole: Detections) -> list[SearchRegion]:
    """The regions in which the whole frame does not show an object surely."""
    sure = whole.take(np.flatnonzero(whole.scores >= SURE_SCORE))
    if not (regions and len(sure)):
        return regions
    overlap = iou(np.array([region.box for region in regions], np.float32), sure.boxes).max(axis=1)
    return [
        region for region, most in zip(regions, overlap.tolist(), strict=True) if most < _SAME_IOU
    ]


def _inside(detector: Detector, image: Image, crop: Box, aspect: float) -> Detections:
    """What the crop shows, in pixels of the frame."""
    x0, y0, x1, y1 = (int(value) for value in crop)
    found = detector.detect(image[y0:y1, x0:x1], aspect)
    if not len(found):
        return no_detections()
    offset = np.array([x0, y0, x0, y0], np.float32)
    return Detections(boxes=found.boxes + offset, scores=found.scores, labels=found.labels)


def _clipped(box: Box, frame: Box) -> Box | None:
    x0, y0 = max(box[0], frame[0]), max(box[1], frame[1])
    x1, y1 = min(box[2], frame[2]), min(box[3], frame[3])
    return (x0, y0, x1, y1) if x1 - x0 >= 1 and y1 - y0 >= 1 else None


def _shrunk(box: Box, margin: float) -> Box:
    """`box` without `margin` on each side, but no smaller than a pixel around its middle."""
    x0, x1 = _drawn_in(box[0], box[2], margin)
    y0, y1 = _drawn_in(box[1], box[3], margin)
    return (x0, y0, x1, y1)


def _drawn_in(low: float, high: float, margin: float) -> tuple[float, float]:
    inner = max(high - low - 2 * margin, 1.0)
    middle = (low + high) / 2
    return middle - inner / 2, middle + inner / 2
