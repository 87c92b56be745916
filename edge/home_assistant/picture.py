"""The last evidence as people see it: one JPEG, the object's box drawn in.

PURE. Made of a report's own pictures, which have their privacy masks in them already; bounded by
its longer side. Called by `announcer`.
"""

from __future__ import annotations

import cv2
import numpy as np

from contract.report import EvidenceRef, RelativeBox, ThreatReport
from edge.deliver.evidence import ReportBundle
from imaging.crop import reduced
from imaging.detections import Image

_COLOUR = (0, 0, 255)
_QUALITY = 80


def evidence_picture(bundle: ReportBundle, most_px: int) -> bytes | None:
    """A JPEG no longer than `most_px` on either side; None where no picture of the bundle shows the
    moment of its box: a later report of an event repeats the scene of the first."""
    ref = _shown(bundle.report)
    jpeg = next((one.jpeg for one in bundle.pictures if ref and one.key == ref.key), None)
    if ref is None or ref.box is None or jpeg is None:
        return None
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        return None
    image = np.ascontiguousarray(reduced(np.asarray(decoded, np.uint8), most_px))
    _draw(image, _within(ref.box, ref.region))
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return bytes(encoded.tobytes())


def _shown(report: ThreatReport) -> EvidenceRef | None:
    """The scene at the best moment; where no scenes are kept, the first crop."""
    whole = [ref for ref in report.evidence if ref.role != "crop"]
    best = [ref for ref in whole if ref.role == "best"]
    crops = [ref for ref in report.evidence if ref.role == "crop"]
    return next(iter(best or ([] if whole else crops)), None)


def _within(box: RelativeBox, region: RelativeBox | None) -> RelativeBox:
    """The box in shares of what the picture shows."""
    if region is None:
        return box
    left, top, right, bottom = region
    wide, high = max(right - left, 1e-6), max(bottom - top, 1e-6)
    x0, y0, x1, y1 = box
    return (x0 - left) / wide, (y0 - top) / high, (x1 - left) / wide, (y1 - top) / high


def _draw(image: Image, box: RelativeBox) -> None:
    height, width = image.shape[:2]
    x0, y0, x1, y1 = (
        round(min(max(side, 0.0), 1.0) * (size - 1))
        for side, size in zip(box, (width, height, width, height), strict=True)
    )
    cv2.rectangle(image, (x0, y0), (x1, y1), _COLOUR, 2)
