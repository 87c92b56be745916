"""The crop around a detection, as a gateway would have sent it with its report.

PURE. Where a whole frame leaves it open, the live path looks at the crop that the edge cut. An
archive has none, so it is cut here by the edge's default geometry and JPEG quality; a test holds
the two against each other.
"""

from __future__ import annotations

import cv2
import numpy as np

from cloud.stages.detections import DetectionRow
from contract.report import RelativeBox
from imaging.crop import cut, square
from imaging.detections import Image

MARGIN = 0.6
MOST_PX = 256
QUALITY = 75
OPEN_SCORES = (0.2, 0.5)
"""Scores of detections that get a close-up: at or over the first, under the second. Rules whose
limits leave it open outside of these get `inconclusive` there, not a guess."""
MOST = 8


def wanted(rows: tuple[DetectionRow, ...]) -> tuple[int, ...]:
    """The detections (strongest first) that deserve a close-up, at most `MOST`."""
    low, high = OPEN_SCORES
    return tuple(number for number, row in enumerate(rows) if low <= row.score < high)[:MOST]


def close_up(image: Image, box: tuple[float, float, float, float]) -> tuple[Image, RelativeBox]:
    """The square of `image` around `box`, through JPEG as on its way from a gateway, and what part
    of the picture it is."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = region = square((width, height), box, MARGIN)
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    _, encoded = cv2.imencode(".jpg", cut(image, region, MOST_PX), options)
    shown = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    return shown, (x0 / width, y0 / height, x1 / width, y1 / height)
