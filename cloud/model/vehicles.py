"""Cars, buses and trucks share a score: seen from above, one is half each of them to a network.

PURE. A network spreads its certainty about a thing over its classes. Whoever asks for a vehicle
wants the sum of what it gave to car, bus and truck for one box, not the largest part. Called on
whatever the full model sees, live and in archives alike.
"""

from __future__ import annotations

import numpy as np

from contract.labels import SUMMED
from imaging.boxes import iou
from imaging.detections import Detections, FloatArray

SAME_BOX = 0.55
"""Overlap (IoU) of two classes' boxes of one thing; that at which networks' boxes are fused."""


def summed(found: Detections) -> Detections:
    """One detection per vehicle, under its strongest class, with the sum of its classes' scores.

    At most one box of each class goes into a sum, which is capped at 1; each network's votes are
    summed in the same way. By falling score.
    """
    wheels = [row for row, label in enumerate(found.labels) if label in SUMMED]
    if len(wheels) < 2:
        return found
    overlap = iou(found.boxes, found.boxes)
    scores, gone = found.scores.copy(), set[int]()
    votes = {name: given.copy() for name, given in found.votes.items()}
    for row in wheels:
        if row not in gone:
            others = _others(row, [w for w in wheels if w not in gone], found.labels, overlap)
            for summing in (scores, *votes.values()):
                summing[row] = min(1.0, float(summing[row] + sum(summing[o] for o in others)))
            gone.update(others)
    kept = [row for row in np.argsort(-scores, kind="stable").tolist() if row not in gone]
    return Detections(
        boxes=found.boxes[kept],
        scores=scores[kept],
        labels=tuple(found.labels[k] for k in kept),
        votes={name: given[kept] for name, given in votes.items()},
    )


def _others(
    row: int, candidates: list[int], labels: tuple[str, ...], overlap: FloatArray
) -> list[int]:
    """Per other class the weaker row that overlaps `row` most, if it is the same box."""
    best: dict[str, int] = {}
    for other in candidates:
        label = labels[other]
        if other <= row or label == labels[row] or overlap[row, other] < SAME_BOX:
            continue
        if label not in best or overlap[row, other] > overlap[row, best[label]]:
            best[label] = other
    return list(best.values())
