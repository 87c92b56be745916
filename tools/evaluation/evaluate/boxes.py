"""Which labelled people the edge's detector found in a frame.

PURE. Called by `run` for each frame.
"""

from __future__ import annotations

import numpy as np

from edge.records import Analysed, Outcome
from imaging.boxes import iou
from imaging.detections import Detections, FloatArray
from tools.evaluation.evaluate.corpus import Labelled
from tools.evaluation.evaluate.observed import BoxSeen

MIN_IOU = 0.5
"""The overlap at which PASCAL VOC and COCO's AP50 take a thing for found."""


def boxes_seen(labelled: Labelled, t: float, outcome: Outcome) -> tuple[BoxSeen, ...]:
    """Each labelled person of a frame; one detection finds at most one of them."""
    people = [box for box in labelled.boxes if box.label == "person" and not box.partial]
    if not people:
        return ()
    found = _found(np.asarray([box.xyxy for box in people], np.float32), outcome)
    return tuple(
        BoxSeen(
            t=t,
            height_px=box.tall_px(),
            visible=box.visible,
            looked=isinstance(outcome, Analysed),
            found=hit,
        )
        for box, hit in zip(people, found, strict=True)
    )


def _found(boxes: FloatArray, outcome: Outcome) -> list[bool]:
    found = [False] * len(boxes)
    if not isinstance(outcome, Analysed):
        return found
    overlaps = iou(boxes, _people(outcome.detections))
    for _ in range(min(overlaps.shape)):
        row, column = np.unravel_index(int(overlaps.argmax()), overlaps.shape)
        if overlaps[row, column] < MIN_IOU:
            break
        found[int(row)] = True
        overlaps[row, :] = 0
        overlaps[:, column] = 0
    return found


def _people(found: Detections) -> FloatArray:
    rows = [row for row, label in enumerate(found.labels) if label == "person"]
    people: FloatArray = found.boxes[rows]
    return people
