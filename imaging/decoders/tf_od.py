"""The TensorFlow Object Detection signature.

PURE. `detection_boxes [N, 4]` as ymin, xmin, ymax, xmax in shares of the input; `detection_scores
[N]`; `detection_classes [N]`, numbers from 1 (0 is the background); `num_detections`. So the first
label of the manifest names class 1. Source: TensorFlow Models, `exporter_main_v2`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from imaging.boxes import Candidates, best
from imaging.decoders.ssd import from_shares
from imaging.detections import FloatArray
from imaging.manifest import ModelError, Thresholds

BOXES, SCORES, CLASSES, COUNT = (
    "detection_boxes",
    "detection_scores",
    "detection_classes",
    "num_detections",
)


def check(names: Collection[str]) -> None:
    """The outputs are there, else `ModelError`; further ones are left alone."""
    missing = sorted({BOXES, SCORES, CLASSES, COUNT} - set(names))
    if missing:
        raise ModelError(
            f"outputs {sorted(names)} lack {missing} of the TensorFlow Object Detection signature; "
            "choose another decoder in the manifest, or export with exporter_main_v2"
        )


def decode(
    outputs: Mapping[str, FloatArray], width: int, height: int, thresholds: Thresholds
) -> Candidates:
    """Candidates in pixels of the `width` x `height` input; `outputs` of one picture, no batch."""
    count = int(outputs[COUNT])
    scores = outputs[SCORES][:count]
    rows = np.flatnonzero(scores >= thresholds.score)
    found = Candidates(
        boxes=from_shares(outputs[BOXES][rows], width, height),
        scores=scores[rows],
        classes=outputs[CLASSES][rows].astype(np.int64) - 1,
    )
    return best(found, thresholds.nms_iou, thresholds.max_detections)
