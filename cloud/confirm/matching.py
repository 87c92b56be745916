"""Which of the full model's detections are about the suspected thing?

PURE. Of its kind: labels are compared by group (car or truck is the same to a rule). At its place:
enough overlap with the suspected box, or the centre of either within the other, since the edge may
have boxed a part of it. Boxes here are xyxy in pixels of the picture. Called by `decision`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contract.labels import group_of
from contract.report import RelativeBox, ThreatReport
from imaging.detections import Detections, Image
from imaging.polygons import Box

WORTH_NAMING = 0.2
_SIMILAR = 10.0
"""Times the area: a head is an eighth of a person's box."""

ALL: RelativeBox = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureDetections:
    """What the full model saw in one picture of `width` x `height` pixels."""

    detections: Detections
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """A picture of the suspected thing, and what the model saw in it.

    `region` is the part of the camera's frame that it shows, `place` where in the frame the thing
    is; None in a crop whose writer did not say, which has it in the middle. Views with one `moment`
    are of one frame. `image` are the pixels, where they are at hand.
    """

    seen: PictureDetections
    moment: datetime
    close: bool
    region: RelativeBox = ALL
    place: RelativeBox | None = None
    image: Image | None = None

    def to_pixels(self, box: RelativeBox) -> Box:
        """A box in shares of the frame, in pixels of this picture."""
        left, top, right, bottom = self.region
        across, down = max(right - left, 1e-9), max(bottom - top, 1e-9)
        width, height = self.seen.width / across, self.seen.height / down
        return (
            (box[0] - left) * width,
            (box[1] - top) * height,
            (box[2] - left) * width,
            (box[3] - top) * height,
        )

    def to_frame(self, box: Box) -> RelativeBox:
        """A box in pixels of this picture as shares of the frame, cut off at its edges."""
        left, top, right, bottom = self.region
        width, height = (right - left) / self.seen.width, (bottom - top) / self.seen.height
        x0, y0 = left + box[0] * width, top + box[1] * height
        x1, y1 = left + box[2] * width, top + box[3] * height
        return _share(x0), _share(y0), _share(x1), _share(y1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionMatch:
    """A detection by its name and score; `there` is whether it stands at the suspected place.

    `votes` has the score of each network, where several are fused."""

    label: str
    score: float
    there: bool = True
    votes: Mapping[str, float] = field(default_factory=dict)


def kind_of(label: str) -> str:
    """The group of `label`; a label of no group is only like itself."""
    group = group_of(label)
    return label if group == "other" else group


def match_in(report: ThreatReport, view: EvidenceView, min_iou: float) -> DetectionMatch | None:
    """The strongest detection of the report's kind where the thing should be."""
    row = _matching_row(report, view, min_iou)
    return None if row is None else _match(view.seen.detections, row, there=True)


def seen_at(report: ThreatReport, view: EvidenceView, min_iou: float) -> RelativeBox | None:
    """Where in the frame that detection is."""
    row = _matching_row(report, view, min_iou)
    return None if row is None else view.to_frame(box_of(view.seen.detections, row))


def _matching_row(report: ThreatReport, view: EvidenceView, min_iou: float) -> int | None:
    found = view.seen.detections
    rows = (
        row
        for row in range(len(found))
        if _alike(report, found, row) and _there(view, row, min_iou)
    )
    return max(rows, key=lambda row: float(found.scores[row]), default=None)


def rider_in(view: EvidenceView, min_score: float, min_iou: float) -> bool:
    """Whether a person of at least `min_score` is at the suspected place."""
    found = view.seen.detections
    return any(
        found.labels[row] == "person" and found.scores[row] >= min_score
        for row in range(len(found))
        if _there(view, row, min_iou)
    )


def something_else(
    report: ThreatReport, view: EvidenceView, min_iou: float
) -> DetectionMatch | None:
    """The strongest other thing at the suspected place, or one of its kind elsewhere."""
    found = view.seen.detections
    places = ((row, _there(view, row, min_iou)) for row in range(len(found)))
    return _strongest(
        _match(found, row, there=there)
        for row, there in places
        if there != _alike(report, found, row) and found.scores[row] >= WORTH_NAMING
    )


def _there(view: EvidenceView, row: int, min_iou: float) -> bool:
    box = box_of(view.seen.detections, row)
    if view.place is None:
        return _in_the_middle(box, view.seen)
    return same_place(view.to_pixels(view.place), box, min_iou)


def _in_the_middle(box: Box, seen: PictureDetections) -> bool:
    """It contains the centre and covers at least half of the middle third: a passer-by at the
    crop's edge is another thing."""
    middle = (seen.width / 3, seen.height / 3, seen.width * 2 / 3, seen.height * 2 / 3)
    return _contains(box, _centre(middle)) and _overlap(box, middle) >= _area(middle) / 2


def box_of(detections: Detections, row: int) -> Box:
    """Box number `row`, in pixels of its picture."""
    x0, y0, x1, y1 = detections.boxes[row].tolist()
    return x0, y0, x1, y1


def _alike(report: ThreatReport, found: Detections, row: int) -> bool:
    return kind_of(found.labels[row]) == kind_of(report.label)


def _match(detections: Detections, row: int, *, there: bool) -> DetectionMatch:
    # float32 0.35 is a little under 0.35: scores are compared as people read them
    score = round(float(detections.scores[row]), 4)
    votes = {name: round(float(given[row]), 4) for name, given in detections.votes.items()}
    return DetectionMatch(label=detections.labels[row], score=score, there=there, votes=votes)


def _strongest(matches: Iterable[DetectionMatch]) -> DetectionMatch | None:
    return max(matches, key=lambda match: match.score, default=None)


def same_place(a: Box, b: Box, min_iou: float) -> bool:
    """IoU at or over `min_iou`, or the centre of either in the other if they are of similar size:
    either may have boxed a part of the thing, but a small one in a large one is another."""
    shared = _overlap(a, b)
    union = _area(a) + _area(b) - shared
    if union > 0 and shared / union >= min_iou:
        return True
    alike = min(_area(a), _area(b)) * _SIMILAR >= max(_area(a), _area(b))
    return alike and (_contains(a, _centre(b)) or _contains(b, _centre(a)))


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


def _share(at: float) -> float:
    return round(min(max(at, 0.0), 1.0), 5)
