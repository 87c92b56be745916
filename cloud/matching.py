"""Which of the full model's detections are about the suspected thing?

PURE. Of its kind: labels are compared by group (car or truck is the same to a rule). At its place:
enough overlap with the suspected box, or the centre of either within the other, since the edge may
have boxed a part of it. Boxes here are xyxy in pixels of the picture. Called by `confirm`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contract.labels import group_of
from contract.report import RelativeBox, ThreatReport
from imaging.detections import Detections

Box = tuple[float, float, float, float]
WORTH_NAMING = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the full model saw in one picture of `width` x `height` pixels."""

    detections: Detections
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A detection by its name and score; `there` is whether it stands at the suspected place."""

    label: str
    score: float
    there: bool = True


def kind_of(label: str) -> str:
    """The group of `label`; a label of no group is only like itself."""
    group = group_of(label)
    return label if group == "other" else group


def at_suspected_place(report: ThreatReport, best: Seen, min_iou: float) -> Match | None:
    """The strongest detection of the report's kind that overlaps the suspected box."""
    return _strongest(
        _match(best.detections, row, there=True)
        for row in _rows(best.detections)
        if _alike(report, best, row) and _there(report, best, row, min_iou)
    )


def in_the_middle(report: ThreatReport, crop: Seen) -> Match | None:
    """The strongest detection of the report's kind over the crop's centre, where the thing is.

    It must contain the centre and cover at least half of the middle third: a passer-by at the
    crop's edge is another thing.
    """
    middle = (crop.width / 3, crop.height / 3, crop.width * 2 / 3, crop.height * 2 / 3)
    return _strongest(
        _match(crop.detections, row, there=True)
        for row in _rows(crop.detections)
        if _alike(report, crop, row)
        and _contains(_box_of(crop.detections, row), _centre(middle))
        and _overlap(_box_of(crop.detections, row), middle) >= _area(middle) / 2
    )


def something_else(report: ThreatReport, best: Seen, min_iou: float) -> Match | None:
    """The strongest other thing at the suspected place, or one of its kind elsewhere."""
    places = ((row, _there(report, best, row, min_iou)) for row in _rows(best.detections))
    return _strongest(
        _match(best.detections, row, there=there)
        for row, there in places
        if there != _alike(report, best, row) and best.detections.scores[row] >= WORTH_NAMING
    )


def _box_of(detections: Detections, row: int) -> Box:
    x0, y0, x1, y1 = detections.boxes[row].tolist()
    return x0, y0, x1, y1


def _rows(detections: Detections) -> range:
    return range(len(detections))


def _alike(report: ThreatReport, seen: Seen, row: int) -> bool:
    return kind_of(seen.detections.labels[row]) == kind_of(report.label)


def _there(report: ThreatReport, seen: Seen, row: int, min_iou: float) -> bool:
    suspected = _in_pixels(report.box, seen)
    return same_place(suspected, _box_of(seen.detections, row), min_iou)


def _match(detections: Detections, row: int, *, there: bool) -> Match:
    # float32 0.35 is a little under 0.35: scores are compared as people read them
    score = round(float(detections.scores[row]), 4)
    return Match(label=detections.labels[row], score=score, there=there)


def _strongest(matches: Iterable[Match]) -> Match | None:
    return max(matches, key=lambda match: match.score, default=None)


def _in_pixels(box: RelativeBox, seen: Seen) -> Box:
    x0, y0, x1, y1 = box
    return x0 * seen.width, y0 * seen.height, x1 * seen.width, y1 * seen.height


def same_place(a: Box, b: Box, min_iou: float) -> bool:
    """IoU at or over `min_iou`, or the centre of either in the other."""
    shared = _overlap(a, b)
    union = _area(a) + _area(b) - shared
    alike = union > 0 and shared / union >= min_iou
    return alike or _contains(a, _centre(b)) or _contains(b, _centre(a))


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(width, 0.0) * max(height, 0.0)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _contains(box: Box, point: tuple[float, float]) -> bool:
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]
