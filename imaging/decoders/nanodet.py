"""NanoDet: scores per cell, and each side's distance as a distribution over bins.

PURE. Source: Li et al. 2020, "Generalized Focal Loss"; NanoDet's GFL head. Per stride two tensors,
distinguished by their shapes and never by their order: scores `[1, h, w, classes]` after the
sigmoid and distances `[1, h, w, 4 * bins]` before the softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imaging.boxes import Candidates, best, join, no_candidates
from imaging.decoders.tensor import Tensor
from imaging.detections import FloatArray, IntArray
from imaging.manifest import ModelError, Thresholds
from imaging.pools import pooled, shared

TensorShape = tuple[int, ...]

_OUTWARDS = np.array([[-1], [-1], [1], [1]], np.float32)
"""Where left, top, right and bottom lie from the centre of their cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Which outputs belong to one stride (pixels of the input per cell)."""

    scores: int
    distances: int
    stride: int


def layout(
    shapes: Sequence[TensorShape], width: int, height: int, classes: int
) -> tuple[Head, ...]:
    """The heads of a network of input `width` x `height`, finest first.

    Raises `ModelError` where the output `shapes` (with batch) cannot be read as such.
    """
    heads = [_head(shapes, grid, width, classes) for grid in sorted(_grids(shapes))]
    whole = all(grid_of(shapes[h.scores], h.stride) == (width, height) for h in heads if h)
    if not heads or None in heads or not whole or len(shapes) != 2 * len(heads):
        raise ModelError(
            f"outputs of shapes {list(shapes)} are no nanodet heads for {classes} labels and an "
            f"input of {width}x{height}: needed are pairs [1, h, w, {classes}] and "
            "[1, h, w, 4 * bins]; check labels and input in the manifest"
        )
    return tuple(sorted((head for head in heads if head), key=lambda head: head.stride))


def grid_of(shape: TensorShape, stride: int) -> tuple[int, int]:
    """Width and height in pixels that a grid of cells covers."""
    return shape[2] * stride, shape[1] * stride


def decode(
    tensors: Sequence[Tensor],
    heads: Sequence[Head],
    thresholds: Thresholds,
    pools: IntArray | None = None,
) -> Candidates:
    """Candidates in pixels of the input; `tensors` of one picture, without batch.

    With `pools` (see `imaging.pools`) a cell counts for the sum of a pool's classes.
    """
    found = [
        _decode_head(tensors[head.scores], tensors[head.distances], head.stride, thresholds, pools)
        for head in heads
    ]
    return best(join(found), thresholds.nms_iou, thresholds.max_detections, pools)


def _decode_head(
    scores: Tensor, distances: Tensor, stride: int, thresholds: Thresholds, pools: IntArray | None
) -> Candidates:
    cells, classes, marks = _hits(scores, thresholds.score, pools)
    if not len(cells):
        return no_candidates()
    rows, columns = np.divmod(cells, scores.values.shape[1])
    sides = _expected(distances.real(distances.values[rows, columns]))
    centres = np.array((columns, rows, columns, rows), np.float32) + np.float32(0.5)
    return Candidates(
        boxes=((centres + _OUTWARDS * sides) * np.float32(stride)).T, scores=marks, classes=classes
    )


def _hits(
    scores: Tensor, least: float, pools: IntArray | None
) -> tuple[IntArray, IntArray, FloatArray]:
    """Cells (row by row), classes and scores of what reaches `least`."""
    table = scores.values.reshape(-1, scores.values.shape[2])
    hot = table >= scores.level(least)
    if pools is None:
        cells, classes = hot.nonzero()
        return cells, classes, scores.real(table[cells, classes])
    hot[:, shared(pools)] = False
    cells, classes = hot.nonzero()
    named, sums = pooled(scores, table, pools)
    (strong,) = (sums >= np.float32(least - 1e-6)).nonzero()
    return (
        np.concatenate([cells, strong]),
        np.concatenate([classes, named[strong]]),
        np.concatenate([scores.real(table[cells, classes]), sums[strong]]),
    )


def _expected(logits: FloatArray) -> FloatArray:
    """(N, 4 * bins) logits > (4, N) expected bin: left, top, right, bottom in strides."""
    bins = np.ascontiguousarray(logits.reshape(len(logits), 4, -1).transpose(2, 1, 0))
    weights = np.exp(bins - bins.max(axis=0))
    numbers = np.arange(len(bins), dtype=np.float32)[:, None, None]
    mean: FloatArray = (weights * numbers).sum(axis=0) / weights.sum(axis=0)
    return mean


def _grids(shapes: Sequence[TensorShape]) -> set[tuple[int, int]]:
    return {(shape[1], shape[2]) for shape in shapes if len(shape) == 4}


def _head(
    shapes: Sequence[TensorShape], grid: tuple[int, int], width: int, classes: int
) -> Head | None:
    here = [index for index, shape in enumerate(shapes) if shape[1:3] == grid and len(shape) == 4]
    scores = [index for index in here if shapes[index][3] == classes]
    others = [index for index in here if shapes[index][3] != classes]
    bins_fit = all(shapes[index][3] % 4 == 0 and shapes[index][3] >= 8 for index in others)
    if len(scores) != 1 or len(others) != 1 or not bins_fit:
        return None
    return Head(scores=scores[0], distances=others[0], stride=max(1, width // grid[1]))
