"""Average precision at IoU 0.5 of found boxes against true ones, over many pictures.

PURE. 101-point interpolated, as COCO counts it: by falling score over all pictures, each box takes
the true box of its picture that it overlaps best and that no better-scored box has taken. Labels of
one group count as one class: any vehicle may be found as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imaging.boxes import iou
from imaging.detections import Detections, FloatArray

LEAST_OVERLAP = 0.5
RECALLS = np.linspace(0, 1, 101)
"""AP50 as COCO defines it: an overlap of a half, precision averaged at 101 recalls."""

DetectionPair = tuple[Detections, Detections]
"""What was found in a picture, and what is truly there (its scores do not matter)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """`average` in 0..1, or 0 where nothing is `true`, the number of true boxes."""

    average: float
    true: int


def average_precision(pairs: Sequence[DetectionPair], labels: frozenset[str]) -> Precision:
    """Of the boxes whose label is in `labels`."""
    matched = [_match(_only(found, labels), _only(true, labels)) for found, true in pairs]
    count = sum(len(_only(true, labels)) for _, true in pairs)
    scores = np.concatenate([scores for scores, _ in matched] or [np.zeros(0, np.float32)])
    hits = np.concatenate([hits for _, hits in matched] or [np.zeros(0, np.float32)])
    if not count or not len(scores):
        return Precision(average=0.0, true=count)
    ranked = np.cumsum(hits[np.argsort(-scores, kind="stable")])
    precision = ranked / np.arange(1, len(ranked) + 1)
    return Precision(average=_interpolated(precision, ranked / count), true=count)


def _interpolated(precision: FloatArray, recall: FloatArray) -> float:
    """The best precision at or beyond each recall, averaged over `RECALLS`."""
    best = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(best[np.searchsorted(recall, RECALLS - 1e-9)].mean())


def _match(found: Detections, true: Detections) -> tuple[FloatArray, FloatArray]:
    """Per found box, by falling score: its score, and 1 if it hits a true box of its own."""
    overlap = iou(found.boxes, true.boxes)
    hits = np.zeros(len(found), np.float32)
    for row in np.argsort(-found.scores, kind="stable"):
        best = int(overlap[row].argmax()) if len(true) else -1
        if best >= 0 and overlap[row, best] >= LEAST_OVERLAP:
            hits[row] = 1
            overlap[:, best] = 0
    return found.scores, hits


def _only(detections: Detections, labels: frozenset[str]) -> Detections:
    rows = [row for row, label in enumerate(detections.labels) if label in labels]
    return detections.take(np.array(rows, np.int64))
