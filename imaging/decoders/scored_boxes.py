"""Boxes with a score per class, before any choice among them: `boxes` and `scores`.

PURE. `boxes [N, 4]` as x0, y0, x1, y1 in shares of the input; `scores [N, classes]` after the
sigmoid, in the order of the manifest's labels. A box counts for each class whose score suffices.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imaging.boxes import Candidates, best
from imaging.detections import FloatArray
from imaging.manifest import ModelError, Thresholds

BOXES, SCORES = "boxes", "scores"


def check(shapes: Mapping[str, tuple[int, ...]], classes: int) -> None:
    """The outputs (with batch) are there and fit each other, else `ModelError`."""
    boxes, scores = shapes.get(BOXES, ()), shapes.get(SCORES, ())
    fits = len(boxes) == len(scores) == 3 and boxes[2] == 4 and scores[2] == classes
    if not fits or boxes[1] != scores[1]:
        raise ModelError(
            f"outputs {dict(shapes)} are no scored boxes for {classes} labels: needed are "
            f"'{BOXES}' [1, N, 4] and '{SCORES}' [1, N, {classes}]; check decoder and labels in "
            "the manifest"
        )


def decode(
    outputs: Mapping[str, FloatArray], width: int, height: int, thresholds: Thresholds
) -> Candidates:
    """Candidates in pixels of the `width` x `height` input; `outputs` of one picture, no batch."""
    rows, classes = np.nonzero(outputs[SCORES] >= thresholds.score)
    sides = np.array([width, height, width, height], np.float32)
    found = Candidates(
        boxes=outputs[BOXES][rows] * sides,
        scores=outputs[SCORES][rows, classes],
        classes=classes,
    )
    return best(found, thresholds.nms_iou, thresholds.max_detections)
