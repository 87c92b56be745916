"""The crop of a thing: its box with a margin, cut from the whole frame.

PURE. The edge sends it as evidence; the archive stages, which have no edge before them, cut the
same one.
"""

from __future__ import annotations

import math

from imaging.detections import Image

MIN_CROP_PX = 64
"""A crop is widened to this, as far as the frame reaches, so that a far figure has surroundings."""


def cut(image: Image, box: tuple[float, float, float, float], margin: float) -> Image:
    """The part of `image` around `box` (xyxy, pixels), `margin` of its size wider on each side, at
    least 1 px."""
    height, width = image.shape[:2]
    left, right = _span(box[0], box[2], margin, width)
    top, bottom = _span(box[1], box[3], margin, height)
    return image[top:bottom, left:right]


def _span(low: float, high: float, margin: float, limit: int) -> tuple[int, int]:
    """Whole pixels `[first, last)` within `0..limit` around `low..high`."""
    middle = min(max((low + high) / 2, 0.5), limit - 0.5)
    half = max((high - low) * (0.5 + margin), MIN_CROP_PX / 2)
    return max(0, math.floor(middle - half)), min(limit, math.ceil(middle + half))
