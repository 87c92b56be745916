"""Motion and privacy masks: where in the gate's picture changes do not count.

PURE. Polygons become pixels of the gate's small picture once per shape; the gate blanks them in its
mask of changes, so that what is behind them is taken for background and is in no region.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from edge.config.schema import MotionMaskConfig, PrivacyMaskConfig
from imaging.detections import GreyImage
from imaging.polygons import Point

Unwatched = MotionMaskConfig | PrivacyMaskConfig

_PICTURES = 64
"""Pictures of masks kept, of some 20 kB each: as many cameras as a gateway has at most, twice."""


def blank(changed: GreyImage, masks: tuple[Unwatched, ...]) -> GreyImage:
    """`changed` (`(h, w)`, 255 where the picture changed) with 0 wherever a mask lies."""
    if not masks:
        return changed
    height, width = changed.shape
    open_ = watched(tuple(mask.polygon for mask in masks), width, height)
    return np.asarray(cv2.bitwise_and(changed, open_), np.uint8)


@lru_cache(maxsize=_PICTURES)
def watched(polygons: tuple[tuple[Point, ...], ...], width: int, height: int) -> GreyImage:
    """`(height, width)`, 0 where a pixel's middle lies in a polygon or on its edge, else 255."""
    picture = np.full((height, width), 255, np.uint8)
    for polygon in polygons:
        corners = [(x * width - 0.5, y * height - 0.5) for x, y in polygon]
        cv2.fillPoly(picture, [np.rint(corners).astype(np.int32)], (0,))
    picture.setflags(write=False)
    return picture
