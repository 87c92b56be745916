"""From class numbers on a network's canvas to labels on the picture.

PURE. The last step of every detection, on the edge and in the cloud.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from imaging.boxes import Candidates, areas
from imaging.detections import Detections
from imaging.letterbox import Letterbox, restore
from imaging.manifest import ModelError

GAPS = ("", "???")
"""How label maps mark class numbers that mean nothing; such candidates are dropped."""


class OutputError(ValueError):
    """A network gave numbers that are no boxes."""


def detections_of(candidates: Candidates, box: Letterbox, labels: Sequence[str]) -> Detections:
    """`candidates` on the canvas of `box` as detections on its picture, by falling score.

    What lies outside the picture is dropped. Raises `OutputError` for boxes that are not finite,
    and `ModelError` for a class number that has no label.
    """
    if not np.isfinite(candidates.boxes).all():
        raise OutputError("the network gave boxes that are not finite numbers")
    numbers: list[int] = candidates.classes.tolist()
    beyond = [number for number in numbers if not 0 <= number < len(labels)]
    if beyond:
        raise ModelError(
            f"the network found class {beyond[0]}, but the manifest has {len(labels)} labels "
            "(class 0 is the first); give it the label map that the model was trained with"
        )
    boxes = restore(candidates.boxes, box)
    names = [labels[number] for number in numbers]
    meant = np.array([name not in GAPS for name in names], np.bool_)
    rows = np.flatnonzero(meant & (areas(boxes) > 0))
    return Detections(
        boxes=boxes[rows],
        scores=candidates.scores[rows],
        labels=tuple(names[row] for row in rows.tolist()),
    )
