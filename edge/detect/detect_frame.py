"""One look at a frame: the whole of it, and closely at what the whole does not show well.

PURE, but for the detector it is given. The whole frame goes first; what it shows surely needs no
crop, which is most of what moves, so a crop is made for the rest alone. Called by the pipeline once
per frame that the gate let pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edge.config.regions import Regions
from edge.detect.merge import Sighting, merge
from edge.detect.search_regions import Gaze, Place, View, covered, gains, plan, tile_crops
from edge.gate.motion import SPREAD_CELLS, WIDTH_PX
from edge.records import Box, Motion
from imaging.boxes import iou
from imaging.decode import reduction
from imaging.detections import Detections, Image, no_detections

SURE_SCORE = 0.5
"""A thing that the whole frame shows at this score is well over every rule's threshold."""

_SAME_IOU = 0.3
"""A moving region fits its thing loosely: legs move more than heads, shadows move too."""

_MOVING, _EXPECTED = 1.0, 0.25
"""Urgency: what moves goes four times as often to the network as a track that may have paused."""

_WORDLESS = frozenset({"first_look", "full_look", "light_change", "off"})
"""The gate's reasons to look that do not say where."""


class Sees(Protocol):
    """Whatever finds things in a picture; see `edge.detect.detector.Detector`."""

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height in pixels that the network takes."""
        ...

    def detect(self, image: Image, aspect: float = 1.0) -> Detections: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a look found, in pixels of the frame, and how many inferences it took."""

    found: Detections
    inferences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Where to look: the gate's word, and where the tracks that move are `expected`; `alone` marks
    a picture that stands alone, and pixels are `aspect` times as wide as high."""

    motion: Motion
    expected: Sequence[Box]
    alone: bool
    aspect: float = 1.0


def look_at(
    gaze: Gaze,
    detector: Sees,
    image: Image,
    hints: Hints,
    now: float,
    settings: Regions,
) -> tuple[Gaze, Sight]:
    """What `image` shows, and the memory of where was looked."""
    height, width = image.shape[:2]
    aspect = hints.aspect
    if not settings.enabled:
        return gaze, Sight(found=detector.detect(image, aspect), inferences=1)
    view = View(width=width, height=height, aspect=aspect, input_px=min(detector.input_size))
    places = _places(hints, view)
    crops = _instead(places, view, gaze, now, settings)
    whole = None if crops else detector.detect(image, aspect)
    turned = 0
    if whole is not None and _anywhere(hints):
        crops = tile_crops(view, gaze, _most(hints, settings))
        turned = len(crops)
    elif whole is not None:
        crops = _beside(whole, places, hints, view, gaze, now, settings)
    sightings = [] if whole is None else [Sighting(found=whole)]
    sightings += [Sighting(found=_inside(detector, image, c, aspect), crop=c) for c in crops]
    found = merge(sightings, width, height)
    gaze = gaze.after(crops, whole is not None, now, turned)
    return gaze, Sight(found=found, inferences=len(sightings))


def _places(hints: Hints, view: View) -> list[Place]:
    """What moves, without the margin that the gate puts around it, and where tracks should be."""
    margin = SPREAD_CELLS * reduction(view.width, WIDTH_PX)
    moving = [Place(box=_shrunk(box, margin), urgency=_MOVING) for box in hints.motion.regions]
    frame = (0.0, 0.0, float(view.width), float(view.height))
    inside = (_clipped(box, frame) for box in hints.expected)
    return [*moving, *(Place(box=box, urgency=_EXPECTED) for box in inside if box is not None)]


def _instead(
    places: list[Place], view: View, gaze: Gaze, now: float, settings: Regions
) -> tuple[Box, ...]:
    """Crops that make a whole look needless for now; none if they cannot."""
    if not places or now - gaze.whole_at_s >= settings.whole_every_s:
        return ()
    crops = plan(places, view, gaze, now, settings.most_crops)
    enough = all(gains(place.box, view) and covered(place.box, crops) for place in places)
    return crops if enough else ()


def _beside(
    whole: Detections,
    places: list[Place],
    hints: Hints,
    view: View,
    gaze: Gaze,
    now: float,
    settings: Regions,
) -> tuple[Box, ...]:
    """Crops for what the whole frame did not show surely."""
    unsure = _unsure(places, whole.take(np.flatnonzero(whole.scores >= SURE_SCORE)))
    return plan(unsure, view, gaze, now, _most(hints, settings))


def _anywhere(hints: Hints) -> bool:
    """Whether nothing says where to look."""
    return hints.motion.why in _WORDLESS and not hints.motion.regions


def _most(hints: Hints, settings: Regions) -> int:
    return settings.most_crops_alone if hints.alone else settings.most_crops


def _unsure(places: list[Place], sure: Detections) -> list[Place]:
    if not (places and len(sure)):
        return places
    overlap = iou(np.array([place.box for place in places], np.float32), sure.boxes).max(axis=1)
    return [place for place, most in zip(places, overlap.tolist(), strict=True) if most < _SAME_IOU]


def _inside(detector: Sees, image: Image, crop: Box, aspect: float) -> Detections:
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
