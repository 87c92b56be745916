"""Which detections does an object mask take out?

PURE. Before the tracker, so that what is masked makes no track. A mask decides by the foot point,
or by the share of the box that lies in its polygon: the way to ignore a class in a place, such as
cars in a car park, without ignoring who walks past it.
"""

from __future__ import annotations

import numpy as np

from edge.config.schema import ObjectMaskConfig
from edge.records import Check, Ignored, Point, in_shares
from edge.rules import checks
from edge.track.zones import contains, foot
from imaging.crop import Box
from imaging.detections import Detections


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
        if mask.labels and label not in mask.labels:
            continue
        check = _check(mask, shares)
        if check.passed:
            return Ignored(mask=mask.id, label=label, score=score, box=box, check=check)
    return None


def _check(mask: ObjectMaskConfig, box: Box) -> Check:
    if mask.overlap is not None:
        return checks.at_least(
            "overlap", "share of the box inside", overlap(mask.polygon, box), mask.overlap
        )
    inside = (mask.id,) if contains(mask.polygon, foot(box)) else ()
    return checks.one_of("polygon", "stands in mask", inside, (mask.id,))


def overlap(polygon: tuple[Point, ...], box: Box) -> float:
    """Share of the box (xyxy) that lies in the polygon, which must not cross itself.

    Source: Sutherland and Hodgman 1974, clipping by each side of the box in turn. What is left of a
    hollow outline may have edges on the box's sides that run to and fro; they enclose nothing.
    """
    x0, y0, x1, y1 = box
    area = (x1 - x0) * (y1 - y0)
    if area <= 0:
        return 0.0
    left = list(polygon)
    for axis, bound, upper in ((0, x0, False), (0, x1, True), (1, y0, False), (1, y1, True)):
        left = _clip(left, axis, bound, upper)
    return min(abs(_area(left)) / area, 1.0)


def _clip(polygon: list[Point], axis: int, bound: float, upper: bool) -> list[Point]:
    """What lies on the inner side of one line of the box."""
    clipped: list[Point] = []
    for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        in_a, in_b = ((p[axis] <= bound) if upper else (p[axis] >= bound) for p in (a, b))
        if in_a:
            clipped.append(a)
        if in_a != in_b:
            share = (bound - a[axis]) / (b[axis] - a[axis])
            clipped.append((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
    return clipped


def _area(polygon: list[Point]) -> float:
    """Signed, by the shoelace formula."""
    return (
        sum(
            a[0] * b[1] - b[0] * a[1]
            for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True)
        )
        / 2
    )
