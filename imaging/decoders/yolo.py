"""YOLO without its NMS: one tensor of N guesses, each a box and a score per class.

PURE. The forms that the common exporters write:

* `[1, 4 + classes, N]` or `[1, N, 4 + classes]`: cx, cy, w, h, then class scores;
* `[1, N, 5 + classes]` or its transpose: the same with an objectness before the class scores,
  which multiplies them.

Scores are after the sigmoid. The side that counts channels is the one of 4 or 5 + classes; if both
could be, the shorter. Boxes in shares and boxes in pixels are distinguished by their centres: those
of all guesses cover the whole input, so the largest is about 1 or about the input's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from imaging.boxes import Candidates, best
from imaging.decoders.tensor import Raw, Tensor
from imaging.detections import FloatArray, IntArray
from imaging.manifest import ModelError, Thresholds
from imaging.pools import pooled

LARGEST_SHARE = 2.0
"""No centre in shares lies beyond this; in pixels of an input of 32 or more, some centre does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloLayout:
    """Whether channels come before guesses, and whether there is an objectness."""

    channels_first: bool
    objectness: bool


def layout(shapes: Sequence[tuple[int, ...]], classes: int) -> YoloLayout:
    """Raises `ModelError` where the output `shapes` (with batch) cannot be read as such."""
    if len(shapes) == 1 and len(shapes[0]) == 3:
        _, first, second = shapes[0]
        for channels in (min(first, second), max(first, second)):
            if channels in (4 + classes, 5 + classes):
                return YoloLayout(
                    channels_first=channels == first, objectness=channels == 5 + classes
                )
    raise ModelError(
        f"outputs of shapes {list(shapes)} are no yolo for {classes} labels: needed is one of "
        f"[1, {4 + classes}, N], [1, N, {4 + classes}] or, with objectness, {5 + classes}; check "
        "labels in the manifest, or export the model without NMS"
    )


def decode(
    tensor: Tensor,
    layout: YoloLayout,
    width: int,
    height: int,
    thresholds: Thresholds,
    pools: IntArray | None = None,
) -> Candidates:
    """Candidates in pixels of the `width` x `height` input; `tensor` of one picture, no batch.

    Each guess counts for its best class only, or with `pools` (see `imaging.pools`) for its best
    pool.
    """
    table = tensor.values.T if layout.channels_first else tensor.values
    guesses, classes, scores = _likely(tensor, table, layout.objectness, thresholds.score, pools)
    boxes = _corners(tensor.real(table[guesses, :4]))
    if _in_shares(tensor, table):
        boxes = boxes * np.array([width, height] * 2, np.float32)
    found = Candidates(boxes=boxes, scores=scores, classes=classes)
    return best(found, thresholds.nms_iou, thresholds.max_detections, pools)


def _likely(
    tensor: Tensor, table: Raw, objectness: bool, least: float, pools: IntArray | None
) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows whose best class or pool reaches `least`, that class, and the score."""
    start = 5 if objectness else 4
    gates = table[:, 4] if objectness else table[:, 4:].max(axis=1)
    hot = gates >= tensor.level(least)
    if pools is not None and not objectness:
        hot |= pooled(tensor, table[:, start:], pools)[1] >= least - 1e-6
    rows = np.flatnonzero(hot)
    scores = tensor.real(table[rows, start:])
    if objectness:
        scores = scores * tensor.real(table[rows, 4])[:, None]
    classes = scores.argmax(axis=1)
    top = scores[np.arange(len(rows)), classes]
    if pools is not None:
        named, sums = pooled(Tensor(values=scores), scores, pools)
        classes, top = np.where(sums > top, named, classes), np.maximum(sums, top)
    strong = top >= least - 1e-6
    return rows[strong], classes[strong], top[strong]


def _in_shares(tensor: Tensor, table: Raw) -> bool:
    if not len(table):
        return True
    largest = cast(Raw, table[:, :2].max(keepdims=True))
    return float(tensor.real(largest)[0, 0]) <= LARGEST_SHARE


def _corners(boxes: FloatArray) -> FloatArray:
    """(N, 4) cx, cy, w, h > xyxy."""
    half = boxes[:, 2:] / 2
    corners: FloatArray = np.hstack([boxes[:, :2] - half, boxes[:, :2] + half])
    return corners
