"""One list of detections out of several views of a frame.

PURE. An object seen in two views is one object: the better box stays. A box that ends where its
crop ends, and not where the frame does, is a part of something; it gives way to a box that holds
it, and where the whole frame was searched too it counts for nothing. Called by `detect_frame`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from contract.labels import Group, group_of
from imaging.boxes import areas, intersections, iou
from imaging.detections import Detections, FloatArray, no_detections
from imaging.polygons import Box

SAME_IOU = 0.5
"""Of two boxes from different scales; looser than a network's own NMS, for small boxes jitter."""

HELD_SHARE = 0.7
"""So much of a cut box lies in the box of the whole object."""

_EDGE_PX = 2.0
"""A box that comes so near to its crop's border is taken for cut by it."""

_GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewDetections:
    """What one view showed, in pixels of the frame; `crop` is None for the whole frame."""

    found: Detections
    crop: Box | None = None


def merge(views: Sequence[ViewDetections], width: int, height: int) -> Detections:
    """The objects of all views of a frame of `width` x `height`, by falling score."""
    if len(views) == 1 and views[0].crop is None:
        return views[0].found
    cut = np.concatenate([_cut(view, width, height) for view in views])
    source = np.repeat(np.arange(len(views)), [len(s.found) for s in views])
    found = _joined([view.found for view in views])
    if any(view.crop is None for view in views):
        rows = np.flatnonzero(~cut)
        found, cut, source = found.take(rows), cut[rows], source[rows]
    order = np.lexsort((-found.scores, cut))
    kept = order[_distinct(found.take(order), cut[order], source[order])]
    return found.take(kept[np.argsort(-found.scores[kept], kind="stable")])


def _distinct(
    found: Detections, cut: npt.NDArray[np.bool_], source: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Rows that no earlier row of another view shows as well."""
    groups = np.array([_GROUPS.index(group_of(label)) for label in found.labels], np.int64)
    held = intersections(found.boxes, found.boxes) / np.maximum(areas(found.boxes), 1e-6)
    same = (iou(found.boxes, found.boxes) > SAME_IOU) | ((held > HELD_SHARE) & cut[None, :])
    same &= (groups[:, None] == groups[None, :]) & (source[:, None] != source[None, :])
    kept = np.ones(len(found), np.bool_)
    for row in range(len(found)):
        if kept[row]:
            kept[row + 1 :] &= ~same[row, row + 1 :]
    return kept


def _cut(view: ViewDetections, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Per box whether a border of the crop that lies inside the frame runs along it."""
    boxes, crop = view.found.boxes, view.crop
    if crop is None or not len(boxes):
        return np.zeros(len(boxes), np.bool_)
    near = np.abs(boxes - np.array(crop, np.float32)) <= _EDGE_PX
    inner = np.array([crop[0] > 0, crop[1] > 0, crop[2] < width, crop[3] < height])
    touching: npt.NDArray[np.bool_] = (near & inner).any(axis=1)
    return touching


def _joined(parts: Sequence[Detections]) -> Detections:
    if not parts:
        return no_detections()
    boxes: FloatArray = np.concatenate([part.boxes for part in parts])
    return Detections(
        boxes=boxes,
        scores=np.concatenate([part.scores for part in parts]),
        labels=tuple(label for part in parts for label in part.labels),
    )
