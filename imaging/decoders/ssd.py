"""SSD with its post-processing inside: `TFLite_Detection_PostProcess` and its four outputs.

PURE. In the operator's order: boxes `[1, N, 4]` as ymin, xmin, ymax, xmax in shares of the input;
classes `[1, N]`, numbers from 0 without a background; scores `[1, N]`; count `[1]`. Rows from the
count on are garbage. The network has done its NMS; it is done again here, because its own is often
set looser. Source: TensorFlow Lite, `detection_postprocess.cc`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imaging.boxes import Candidates, best
from imaging.decoders.tensor import Tensor
from imaging.detections import FloatArray, IntArray
from imaging.manifest import ModelError, Thresholds
from imaging.pools import pool_same_boxes


def check_shapes(shapes: Sequence[tuple[int, ...]]) -> None:
    """The output `shapes` (with batch) are the operator's four in its order, else `ModelError`."""
    rows = shapes[0][1] if shapes and len(shapes[0]) == 3 else 0
    if list(shapes) not in ([(1, rows, 4), (1, rows), (1, rows), count] for count in [(1,), ()]):
        raise ModelError(
            f"outputs of shapes {list(shapes)} are not the four of TFLite_Detection_PostProcess: "
            "needed are boxes [1, N, 4], classes [1, N], scores [1, N] and count [1]; export the "
            "model with its post-processing, or choose another family in the manifest"
        )


def decode(
    tensors: Sequence[Tensor],
    width: int,
    height: int,
    thresholds: Thresholds,
    pools: IntArray | None = None,
) -> Candidates:
    """Candidates in pixels of the `width` x `height` input; `tensors` with their batch of 1.

    With `pools` (see `imaging.pools`) the classes that the operator gives for one box are summed;
    those that it kept to itself are lost.
    Raises `ModelError` where classes are no whole numbers or scores are not 0..1, for then the
    outputs come in another order than the operator's.
    """
    boxes, numbers, marks, counted = tensors
    count = max(0, int(_row(counted)[0]))
    classes, scores = _row(numbers)[:count], _row(marks)[:count]
    _check_values(classes, scores)
    found = Candidates(
        boxes=from_shares(boxes.real(boxes.values[0][:count]), width, height),
        scores=scores,
        classes=classes.astype(np.int64),
    )
    if pools is not None:
        found = pool_same_boxes(found, pools)
    found = found.take(np.flatnonzero(found.scores >= thresholds.score))
    return best(found, thresholds.nms_iou, thresholds.max_detections, pools)


def from_shares(boxes: FloatArray, width: int, height: int) -> FloatArray:
    """(N, 4) ymin, xmin, ymax, xmax in shares of the input > xyxy in its pixels."""
    pixels: FloatArray = boxes[:, [1, 0, 3, 2]] * np.array([width, height] * 2, np.float32)
    return pixels


def _row(tensor: Tensor) -> FloatArray:
    return tensor.real(tensor.values).reshape(-1)


def _check_values(classes: FloatArray, scores: FloatArray) -> None:
    whole = bool(np.all(classes == np.round(classes)))
    if not whole or not bool(np.all((scores >= -0.01) & (scores <= 1.01))):
        raise ModelError(
            f"the network gives classes {classes[:3].tolist()} and scores {scores[:3].tolist()}, "
            "needed are whole numbers and 0..1: its outputs are in an unknown order; export it "
            "again with TFLite_Detection_PostProcess"
        )
