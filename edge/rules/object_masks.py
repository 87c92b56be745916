"""Which detections does an object mask take out?

PURE. Before the tracker, so that what is masked makes no track. A mask decides by the foot point,
or by the share of the box that lies in its polygon: the way to ignore a class in a place, such as
cars in a car park, without ignoring who walks past it.
"""

from __future__ import annotations

import numpy as np

from edge.config.schema import ObjectMaskConfig
from edge.records import Check, Ignored, in_shares
from edge.rules import checks
from imaging.detections import Detections
from imaging.polygons import Box, contains, foot, overlap


def apply(
    found: Detections, masks: tuple[ObjectMaskConfig, ...], size: tuple[int, int]
) -> tuple[Detections, tuple[Ignored, ...]]:
    """The detections that no mask takes out, and those that one does, in their order."""
    if not masks or not len(found):
        return found, ()
    kept, ignored = [], []
    for row, (box, label, score) in enumerate(
        zip(found.boxes.tolist(), found.labels, found.scores.tolist(), strict=True)
    ):
        out = _ignored((box[0], box[1], box[2], box[3]), label, score, masks, size)
        if out is None:
            kept.append(row)
        else:
            ignored.append(out)
    return found.take(np.array(kept, np.int64)), tuple(ignored)


def _ignored(
    box: Box, label: str, score: float, masks: tuple[ObjectMaskConfig, ...], size: tuple[int, int]
) -> Ignored | None:
    shares = in_shares(box, size)
    for mask in masks:
        if mask.takes_out(label, shares):
            check = _check(mask, shares)
            return Ignored(mask=mask.id, label=label, score=score, box=box, check=check)
    return None


def _check(mask: ObjectMaskConfig, box: Box) -> Check:
    """In words, what the mask decided by."""
    if mask.overlap is not None:
        return checks.at_least(
            "overlap", "share of the box inside", overlap(mask.polygon, box), mask.overlap
        )
    inside = (mask.id,) if contains(mask.polygon, foot(box)) else ()
    return checks.one_of("polygon", "stands in mask", inside, (mask.id,))
