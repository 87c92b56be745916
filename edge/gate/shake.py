"""A camera that shakes: the picture moved back to where the background is.

PURE. The shift is found by phase correlation (Kuglin and Hines 1975) and believed only if it
explains most of the difference. Called by `motion` for pictures in which something changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]

_LEAST_PX, _MOST_SHARE = 0.1, 0.1
"""A tenth of a pixel changes nothing; a tenth of the width is another view, not a shake."""

_EXPLAINED = 0.7
"""The mean difference must fall at least to this. Somebody who crosses the picture changes a few
hundredths of it, and no shift takes that away; a shake changes every edge, and its own does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steadied:
    """The picture as if the camera had not moved; `dx`, `dy` in pixels is how far it had. Within
    `margin` pixels of the border nothing is known."""

    picture: FloatImage
    dx: float
    dy: float
    margin: int


def steady(picture: FloatImage, lit: FloatImage) -> Steadied | None:
    """`picture` shifted onto the lit background; None if no shift explains the change."""
    height, width = picture.shape
    window = _window(height, width)
    # both are multiplied by the window in place
    (dx, dy), _ = cv2.phaseCorrelate(lit.copy(), picture.copy(), window)
    reach = max(abs(dx), abs(dy))
    if not _LEAST_PX < reach < _MOST_SHARE * width:
        return None
    back = np.array([[1, 0, -dx], [0, 1, -dy]], np.float32)
    moved = cv2.warpAffine(picture, back, (width, height), borderMode=cv2.BORDER_REPLICATE)
    margin = math.ceil(reach) + 1
    inner = np.s_[margin:-margin, margin:-margin]
    before = cv2.mean(cv2.absdiff(picture[inner], lit[inner]))[0]
    after = cv2.mean(cv2.absdiff(moved[inner], lit[inner]))[0]
    if after >= _EXPLAINED * before:
        return None
    return Steadied(picture=np.asarray(moved, np.float32), dx=dx, dy=dy, margin=margin)


@lru_cache(maxsize=64)
def _window(height: int, width: int) -> FloatImage:
    """So that the picture's borders, which do not repeat, do not pass for its content."""
    return np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F), np.float32)
