"""Which detections of a frame move?

PURE. An object moves when enough of its box differs from the background. Vehicles must differ
nearly everywhere, because a shadow or somebody who walks past changes a part of a parked car;
moving persons are therefore cut out of the mask before vehicles are verified, and moving vehicles
before everything else. Boxes are xyxy in pixels of the original frame. Called by `tracker` once per
frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np
import numpy.typing as npt

from contract.labels import CYCLES, Group, group_of
from edge.records import Mask, Motion
from imaging.boxes import iou
from imaging.detections import Detections, FloatArray, IntArray

MotionExtent = Literal["none", "part", "whole"]
"""How much of an object's box changed: nothing to speak of, a part, or as much as its kind must."""

_LEVELS: tuple[MotionExtent, ...] = get_args(MotionExtent)
_NONE, _PARTLY, _WHOLE = range(3)

RowFlags = npt.NDArray[np.bool_]
IntegralImage = npt.NDArray[np.int32]
Spans = npt.NDArray[np.int64]
"""`(4, ...)` whole pixels of the mask: x0, y0, x1, y1, at least one of them wide and high."""
Corners = npt.NDArray[np.int64]
"""`(4, ...)` where in a ravelled `IntegralImage` the corners of spans are."""

_PART = 0.05
"""Share of a box. What the gate's opening lets through is real change; of somebody seen from above
the swinging legs alone are a tenth of the box, and half of them may match the ground's grey."""

_CELLS = (2, 4)
"""Rows and columns into which a vehicle's box is divided. A passer-by is a tenth to a quarter as
wide as a car and touches at most two columns; a shadow along the side fills one row."""

_CELL_SHARE = 0.1
_CELLS_NEEDED = 6
"""More than two columns or one row: what drives changes all but the corners its box adds."""

_CUT_MARGIN = 0.1
"""Of the height, on each side of what is cut out: swinging arms, the gate's blur, loose boxes."""

_VISIBLE_NEEDED = 0.3
"""Share of a box that must remain after cutting out for what remains to say anything."""

_SAME_IOU = 0.6
"""Overlap (IoU) from which a person and a vehicle are one object with two names."""

_DISPLACED = 0.5
"""Longer sides. Boxes jitter, and shrink when somebody stands before them, by less than half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreground:
    """Where a frame of `size` (width, height) pixels differs from the background.

    `mask` is as in `Motion`. Without one nothing is known to move, unless nobody `watched`: then
    everything may.
    """

    size: tuple[int, int] = (1, 1)
    mask: Mask | None = None
    watched: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _VisibleMask:
    """The mask, and what of it is `visible` (both `(h, w)`, 0 or 1), with the sums over everything
    above and left of a pixel `(h + 1, w + 1)`: of what is `seen`, and what `changed` therein."""

    mask: Mask
    visible: Mask
    seen: IntegralImage
    changed: IntegralImage


def foreground_of(motion: Motion, size: tuple[int, int]) -> Foreground:
    """What the gate saw in a frame of `size`."""
    return Foreground(size=size, mask=motion.mask, watched=motion.why != "off")


def verify(found: Detections, foreground: Foreground) -> tuple[MotionExtent, ...]:
    """How much each row of `found` changed."""
    if foreground.mask is None:
        return ("none" if foreground.watched else "whole",) * len(found)
    everything = _view(np.minimum(foreground.mask, 1), np.ones_like(foreground.mask))
    boxes = _on_mask(found.boxes, foreground.size, foreground.mask)
    spans = _spans(boxes, foreground.mask.shape)
    whole = _corners(spans, foreground.mask.shape)
    cells = _corners(_cells(spans), foreground.mask.shape)
    vehicle, person = _of_group(found, "vehicle"), _of_group(found, "person")
    walking = person & (_others(everything, everything, whole) == _WHOLE)
    walking &= ~_like_one_of(found.boxes, found.boxes[vehicle])
    no_persons = _without(everything, boxes[walking])
    vehicles = _vehicles(no_persons, everything, whole, cells)
    no_vehicles = _without(everything, boxes[vehicle & (vehicles == _WHOLE)], margin=0.0)
    # a rider is a part of them
    ridden = np.array([label in CYCLES for label in found.labels], np.bool_)
    if ridden.any():
        vehicles = np.where(ridden, _vehicles(everything, everything, whole, cells), vehicles)
    levels = np.where(vehicle, vehicles, _others(no_vehicles, everything, whole))
    return tuple(_LEVELS[level] for level in levels.tolist())


def moves(extent: MotionExtent, displacement: float) -> bool:
    """Does a track of which such an extent changed in this frame move? A part suffices if the
    object has left the place where it was first seen by `displacement` of its longer sides."""
    return extent == "whole" or (extent == "part" and displacement >= _DISPLACED)


def _of_group(found: Detections, group: Group) -> RowFlags:
    return np.array([group_of(label) == group for label in found.labels], np.bool_)


def _like_one_of(boxes: FloatArray, vehicles: FloatArray) -> RowFlags:
    """Which of `boxes` show the same as one of `vehicles`, under another name."""
    if not len(vehicles):
        return np.zeros(len(boxes), np.bool_)
    same: RowFlags = iou(boxes, vehicles).max(axis=1) >= _SAME_IOU
    return same


def _others(view: _VisibleMask, everything: _VisibleMask, boxes: Corners) -> IntArray:
    """Persons, animals, others: a part is enough; hidden ones are verified as if in the open."""
    seen, area = _count(view.seen, boxes), _count(everything.seen, boxes)
    hidden = seen / area < _VISIBLE_NEEDED
    in_view = _count(view.changed, boxes) / np.maximum(seen, 1)
    changed = np.where(hidden, _count(everything.changed, boxes) / area, in_view)
    return np.where(changed >= _PART, _WHOLE, _NONE)


def _vehicles(
    view: _VisibleMask, everything: _VisibleMask, boxes: Corners, cells: Corners
) -> IntArray:
    """`cells` `(4, N, M)` divide the boxes `(4, N)`."""
    seen, area = _count(view.seen, boxes), _count(everything.seen, boxes)
    changed = _count(view.changed, boxes) / np.maximum(seen, 1)
    still = (seen / area < _VISIBLE_NEEDED) | (changed < _PART)
    seen_cells = _count(view.seen, cells)
    in_view = seen_cells > 0
    touched = in_view & (_count(view.changed, cells) / np.maximum(seen_cells, 1) >= _CELL_SHARE)
    enough = touched.sum(axis=1) * cells.shape[2] >= _CELLS_NEEDED * in_view.sum(axis=1)
    return np.where(still, _NONE, np.where(enough, _WHOLE, _PARTLY))


def _view(mask: Mask, visible: Mask) -> _VisibleMask:
    seen, changed = cv2.integral(visible), cv2.integral(mask & visible)
    return _VisibleMask(
        mask=mask,
        visible=visible,
        seen=np.asarray(seen, np.int32),
        changed=np.asarray(changed, np.int32),
    )


def _without(view: _VisibleMask, boxes: FloatArray, margin: float = _CUT_MARGIN) -> _VisibleMask:
    """What remains in view when `boxes`, grown by `margin` of their height, are cut out."""
    if not len(boxes):
        return view
    rest = view.visible.copy()
    more = margin * (boxes[:, 3] - boxes[:, 1]).astype(np.float64)
    grown = (boxes + np.stack([-more, -more, more, more], axis=1)).astype(np.float32)
    for x0, y0, x1, y1 in _spans(grown, rest.shape).T.tolist():
        rest[y0:y1, x0:x1] = 0
    return _view(view.mask, rest)


def _corners(spans: Spans, shape: tuple[int, ...]) -> Corners:
    """Lower right, upper right, lower left, upper left, for masks of `shape`."""
    x0, y0, x1, y1 = spans
    wide = shape[1] + 1
    return np.array([y1 * wide + x1, y0 * wide + x1, y1 * wide + x0, y0 * wide + x0])


def _count(integral: IntegralImage, corners: Corners) -> IntArray:
    """`(...)` how many of the pixels that were summed up lie between `corners` `(4, ...)`."""
    lower_right, upper_right, lower_left, upper_left = integral.ravel()[corners]
    counted: IntArray = lower_right - upper_right - lower_left + upper_left
    return counted


def _cells(spans: Spans) -> Spans:
    """`(4, N, rows * columns)` parts of each of `spans` `(4, N)`; those of tiny ones overlap."""
    x0, y0, x1, y1 = spans
    cells = np.empty((4, len(x0), *_CELLS), np.int64)
    cells[1], cells[3] = (side[:, :, None] for side in _split(y0, y1, _CELLS[0]))
    cells[0], cells[2] = (side[:, None, :] for side in _split(x0, x1, _CELLS[1]))
    parts: Spans = cells.reshape(4, len(x0), math.prod(_CELLS))
    return parts


def _split(low: IntArray, high: IntArray, parts: int) -> tuple[IntArray, IntArray]:
    """`(N, parts)` where the parts between `low` and `high` `(N,)` begin and end."""
    number, length = np.arange(parts), (high - low)[:, None]
    begin = number * length // parts
    end = np.maximum(begin + 1, (number + 1) * length // parts)
    return low[:, None] + begin, low[:, None] + end


def _on_mask(boxes: FloatArray, size: tuple[int, int], mask: Mask) -> FloatArray:
    """The boxes in pixels of the mask."""
    scale = np.array([mask.shape[1] / size[0], mask.shape[0] / size[1]] * 2, np.float32)
    scaled: FloatArray = boxes * scale
    return scaled


def _spans(boxes: FloatArray, shape: tuple[int, ...]) -> Spans:
    """`(4, N)` the pixels of a mask of `shape` under each of `boxes` `(N, 4)`."""
    size = np.array([shape[1], shape[0]])
    low = np.clip(np.floor(boxes[:, :2]).astype(np.int64), 0, size - 1)
    high = np.maximum(np.minimum(np.ceil(boxes[:, 2:]).astype(np.int64), size), low + 1)
    spans: Spans = np.concatenate([low, high], axis=1).T
    return spans
