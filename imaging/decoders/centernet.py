"""CenterNet: peaks of a heat map, and the distances of the four sides from each peak.

PURE. Source: Zhou et al. 2019, "Objects as Points". Two tensors, distinguished by their last side:
heat `[1, h, w, classes]` after the sigmoid and sides `[1, h, w, 4]` (left, top, right, bottom in
pixels of the input). A cell's point is its upper left corner; there is no half-cell offset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imaging.boxes import Candidates, best
from imaging.decoders.tensor import Raw, Tensor
from imaging.detections import IntArray
from imaging.manifest import ModelError, Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterNetLayout:
    """Which output is which, and the pixels of the input per cell."""

    heat: int
    sides: int
    stride: int


def layout(
    shapes: Sequence[tuple[int, ...]], width: int, height: int, classes: int
) -> CenterNetLayout:
    """Raises `ModelError` where the output `shapes` (with batch) cannot be read as such."""
    heat = [index for index, shape in enumerate(shapes) if len(shape) == 4 and shape[3] == classes]
    sides = [index for index, shape in enumerate(shapes) if len(shape) == 4 and shape[3] == 4]
    if len(heat) != 1 or len(sides) != 1 or heat == sides or len(shapes) != 2:
        raise ModelError(_misfit(shapes, width, height, classes))
    _, rows, columns, _ = shapes[heat[0]]
    stride = width // max(1, columns)
    if shapes[sides[0]][1:3] != (rows, columns) or (columns * stride, rows * stride) != (
        width,
        height,
    ):
        raise ModelError(_misfit(shapes, width, height, classes))
    return CenterNetLayout(heat=heat[0], sides=sides[0], stride=stride)


def decode(
    tensors: Sequence[Tensor], layout: CenterNetLayout, thresholds: Thresholds
) -> Candidates:
    """Candidates in pixels of the input; `tensors` of one picture, without batch."""
    heat, sides = tensors[layout.heat], tensors[layout.sides]
    rows, columns, classes = _peaks(heat.values, heat.level(thresholds.score))
    reach = sides.real(sides.values[rows, columns])
    x = columns.astype(np.float32) * np.float32(layout.stride)
    y = rows.astype(np.float32) * np.float32(layout.stride)
    corners = (x - reach[:, 0], y - reach[:, 1], x + reach[:, 2], y + reach[:, 3])
    found = Candidates(
        boxes=np.stack(corners, axis=1),
        scores=heat.real(heat.values[rows, columns, classes]),
        classes=classes,
    )
    return best(found, thresholds.nms_iou, thresholds.max_detections)


def _peaks(heat: Raw, least: float) -> tuple[IntArray, IntArray, IntArray]:
    """Rows, columns and classes of the cells that no neighbour of the 3x3 around them exceeds."""
    rows, columns, classes = np.nonzero(heat >= least)
    peak = np.ones(len(rows), np.bool_)
    here = heat[rows, columns, classes]
    last_row, last_column = heat.shape[0] - 1, heat.shape[1] - 1
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            near = heat[
                np.clip(rows + down, 0, last_row), np.clip(columns + right, 0, last_column), classes
            ]
            peak &= near <= here
    return rows[peak], columns[peak], classes[peak]


def _misfit(shapes: Sequence[tuple[int, ...]], width: int, height: int, classes: int) -> str:
    return (
        f"outputs of shapes {list(shapes)} are no centernet pair for {classes} labels and an input "
        f"of {width}x{height}: needed are [1, h, w, {classes}] and [1, h, w, 4] with cells of "
        "equal whole pixels; check labels and input in the manifest"
    )
