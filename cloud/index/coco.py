"""What operators marked, as a COCO data set.

PURE. One image per picture, one annotation per box; a picture of what was called false has none,
and so trains as a picture in which nothing is. Boxes are `x y w h` in pixels of the picture, cut
at its edges. Source of the format: the COCO data format, cocodataset.org/#format-data, as
pycocotools reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from contract.operator_action import OutcomeCode
from contract.report import EvidenceRef, RelativeBox, ThreatReport

LABELLED: frozenset[OutcomeCode] = frozenset({"real", "expected", "false"})
"""Outcomes that say what is in the pictures."""

_WHOLE: RelativeBox = (0.0, 0.0, 1.0, 1.0)
_LEAST_PX = 1.0

PixelBox = tuple[float, float, float, float]
"""`x y w h` in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPicture:
    """A picture of a marked alarm; `box` is where the object is, None: it shows none."""

    report_id: str
    key: str
    file_name: str
    width: int
    height: int
    taken_at: datetime
    outcome: OutcomeCode
    label: str
    box: PixelBox | None


def pictures_of(
    report: ThreatReport, label: str, outcome: OutcomeCode
) -> Iterator[LabelledPicture]:
    """Those that say where the object is; all of them where it was called false."""
    for ref in report.evidence:
        box = None if outcome == "false" else _box_in(ref, report)
        if outcome == "false" or box is not None:
            yield LabelledPicture(
                report_id=report.report_id,
                key=ref.key,
                file_name=f"{ref.sha256}.jpg",
                width=ref.width,
                height=ref.height,
                taken_at=ref.received_at,
                outcome=outcome,
                label=label,
                box=box,
            )


def data_set(pictures: Iterable[LabelledPicture], made_at: datetime) -> dict[str, object]:
    """The whole file, as JSON takes it. A picture that several alarms name stands there once."""
    some = list(pictures)
    files = {name: number for number, name in enumerate(dict.fromkeys(_names(some)), start=1)}
    labels = sorted({one.label for one in some})
    categories = {label: number for number, label in enumerate(labels, start=1)}
    images = {one.file_name: _image(one, files[one.file_name]) for one in some}
    boxed = dict.fromkeys((one.file_name, one.label, one.box) for one in some if one.box)
    return {
        "info": {"description": "Alarms marked by operators", "date_created": made_at.isoformat()},
        "licenses": [],
        "images": list(images.values()),
        "categories": [
            {"id": number, "name": label, "supercategory": "object"}
            for label, number in categories.items()
        ],
        "annotations": [
            _annotation(number, files[name], categories[label], box)
            for number, (name, label, box) in enumerate(boxed, start=1)
            if box is not None
        ],
    }


def _names(pictures: Sequence[LabelledPicture]) -> Iterator[str]:
    return (one.file_name for one in pictures)


def _image(one: LabelledPicture, number: int) -> dict[str, object]:
    return {
        "id": number,
        "file_name": one.file_name,
        "width": one.width,
        "height": one.height,
        "date_captured": one.taken_at.isoformat(),
        "stillwatch": {"key": one.key, "report_id": one.report_id, "outcome": one.outcome},
    }


def _annotation(number: int, image: int, category: int, box: PixelBox) -> dict[str, object]:
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": list(box),
        "area": round(box[2] * box[3], 2),
        "iscrowd": 0,
    }


def _box_in(ref: EvidenceRef, report: ThreatReport) -> PixelBox | None:
    """The object in pixels of the picture; None where nothing says where it is, or it is not in
    it. Writers before 1.1 left places away: their best picture is a whole frame."""
    box = ref.box or (report.box if ref.role == "best" and ref.region is None else None)
    if box is None:
        return None
    left, top, right, bottom = ref.region or _WHOLE
    across, down = right - left, bottom - top
    if across <= 0 or down <= 0:
        return None
    x0, x1 = (_inside((x - left) / across, ref.width) for x in (box[0], box[2]))
    y0, y1 = (_inside((y - top) / down, ref.height) for y in (box[1], box[3]))
    if x1 - x0 < _LEAST_PX or y1 - y0 < _LEAST_PX:
        return None
    return x0, y0, round(x1 - x0, 2), round(y1 - y0, 2)


def _inside(share: float, pixels: int) -> float:
    return round(min(max(share, 0.0), 1.0) * pixels, 2)
