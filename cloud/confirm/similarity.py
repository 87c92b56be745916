"""Does a place look the same in two pictures of one camera?

PURE. Compared by correlation, so light that changes evenly changes nothing. Called by
`audit` and `movement`.
"""

from __future__ import annotations

import cv2
import numpy as np

from imaging.detections import FloatArray, Image
from imaging.polygons import Box

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
    return first is not None and second is not None and _same(first, second) is True


def alike_parts(one: tuple[Image, Box], other: tuple[Image, Box]) -> tuple[int, int]:
    """How many quarters of a place show the same in both pictures, in each of which it has a box of
    its own, and of how many that can be said. Where one alone is flat, something came or went."""
    first, second = _patch(*one), _patch(*other)
    if first is None or second is None:
        return 0, 0
    half = _SIDE_PX // 2
    corners = [(y, x) for y in (0, half) for x in (0, half)]
    quarters = [
        _same(*(patch[y : y + half, x : x + half] for patch in (first, second))) for y, x in corners
    ]
    return quarters.count(True), len(quarters) - quarters.count(None)


def _same(first: FloatArray, second: FloatArray) -> bool | None:
    """None where both are flat."""
    if max(first.std(), second.std()) < _FLAT:
        return None
    if min(first.std(), second.std()) < _FLAT:
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
