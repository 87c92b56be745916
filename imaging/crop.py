"""The crop of an object: a square around its box, cut from the whole frame at native resolution.

PURE. The edge sends it as evidence; the archive stages, which have no edge before them, cut the
same one. A square, because the cloud's network takes squares: whatever else is sent of the frame is
looked at, and nothing is padded.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from imaging.detections import Image
from imaging.polygons import Box

MIN_CROP_PX = 128
"""A crop is widened to this, as far as the frame reaches, so that a far figure has surroundings. On
labelled stills at 1, 1/2 and 1/4 of their size, 160 found twice as many figures under 48 px as 96
did; between the two lies what is worth its bytes."""

Region = tuple[int, int, int, int]
"""`x0 y0 x1 y1`, whole pixels of the frame, the last column and row not included."""


def square(size: tuple[int, int], box: Box, margin: float, aspect: float = 1.0) -> Region:
    """The square around `box` (xyxy, pixels) in a frame of `size` (width, height).

    `margin` is a share of the box's longer side, added on each side. At the frame's edge the square
    moves inwards; where the frame is narrower than it, it is cut off. At least 1 px. `aspect` is
    the width of a pixel in units of its height: what is square is the scene.
    """
    side = max((box[2] - box[0]) * aspect, box[3] - box[1]) * (1 + 2 * margin)
    side = max(side, MIN_CROP_PX)
    x0, x1 = _span((box[0] + box[2]) / 2, side / aspect, size[0])
    y0, y1 = _span((box[1] + box[3]) / 2, side, size[1])
    return x0, y0, x1, y1


def cut(image: Image, region: Region, most_px: int, aspect: float = 1.0) -> Image:
    """The part of `image` in `region`, with square pixels, reduced if a side is longer than
    `most_px`."""
    x0, y0, x1, y1 = region
    return reduced(squared(image[y0:y1, x0:x1], aspect), most_px)


def squared(image: Image, aspect: float) -> Image:
    """`image`, whose pixels are `aspect` times as wide as high, with square ones: larger in the
    direction that was squeezed, so that nothing is lost."""
    if aspect == 1:
        return image
    height, width = image.shape[:2]
    size = (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def reduced(image: Image, most_px: int) -> Image:
    """`image`, made smaller if a side is longer than `most_px`."""
    height, width = image.shape[:2]
    scale = most_px / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _span(middle: float, side: float, limit: int) -> tuple[int, int]:
    """Whole pixels `[first, last)` of length `side` within `0..limit`, about `middle`."""
    length = min(max(1, math.ceil(side)), limit)
    first = math.floor(middle - length / 2)
    first = min(max(first, 0), limit - length)
    return first, first + length
