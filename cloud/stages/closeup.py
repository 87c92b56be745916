"""The crop around a detection, as a gateway would have sent it with its report.

PURE. Where a whole frame leaves it open, the live path looks at the crop that the edge cut. An
archive has none, so it is cut here by the edge's default geometry and JPEG quality; a test holds
the two against each other.
"""

from __future__ import annotations

import cv2
import numpy as np

from cloud.stages.sight import Row
from imaging.crop import cut
from imaging.detections import Image

MARGIN = 0.3
QUALITY = 88
OPEN_SCORES = (0.2, 0.5)
"""Scores of detections that get a close-up: at or over the first, under the second. Rules whose
limits leave it open outside of these get `inconclusive` there, not a guess."""
MOST = 8


def wanted(rows: tuple[Row, ...]) -> tuple[int, ...]:
    """The detections (strongest first) that deserve a close-up, at most `MOST`."""
    low, high = OPEN_SCORES
    return tuple(number for number, row in enumerate(rows) if low <= row.score < high)[:MOST]


def close_up(image: Image, box: tuple[float, float, float, float]) -> Image:
    """The part of `image` around `box`, through JPEG as on its way from a gateway."""
    crop = cut(image, box, MARGIN)
    _, encoded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
