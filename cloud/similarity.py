"""Does a place look the same in two pictures of one camera?

PURE. Compared by correlation, so light that changes evenly changes nothing. Called by `audit`.
"""

from __future__ import annotations

import cv2
import numpy as np

from imaging.crop import Box
from imaging.detections import FloatArray, Image

_SIDE_PX = 32
"""Places are compared at this size: finer detail than a 32nd of a thing is noise."""

_ALIKE = 0.75
"""Correlation from which the same thing stands there. Of 173 tracks of vehicles for which a rule
fired, all 68 that stood were over it, and 6 others."""

_FLAT = 4.0
"""Grey levels of deviation under which a place shows nothing that could be compared: a figure in
the dark is as flat as the dark."""


def alike(one: Image, other: Image, box: Box) -> bool:
    """Whether `box` (xyxy, pixels of both pictures, which have one size) shows the same in both."""
    first, second = _patch(one, box), _patch(other, box)
    if first is None or second is None or min(first.std(), second.std()) < _FLAT:
        return False
    return float(cv2.matchTemplate(first, second, cv2.TM_CCOEFF_NORMED)[0, 0]) >= _ALIKE


def _patch(image: Image, box: Box) -> FloatArray | None:
    height, width = image.shape[:2]
    x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
    x1, y1 = min(width, round(box[2] + 0.5)), min(height, round(box[3] + 0.5))
    if x1 - x0 < 1 or y1 - y0 < 1:
        return None
    grey = cv2.cvtColor(image[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
