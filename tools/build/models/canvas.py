"""A picture onto a network's input by OpenCV's own interpolation, which is part of the recipe.

PURE. The product's letterbox is a faster approximation of this one and may change; calibration and
reference must not change with it.
"""

from __future__ import annotations

import cv2
import numpy as np

from imaging.detections import Image
from imaging.letterbox import Letterbox, Resize, lay

GREY = 114


def rgb_canvas(picture: Image, side_px: int, resize: Resize) -> tuple[Image, Letterbox]:
    """A BGR picture as `(side_px, side_px, 3) uint8 RGB`, and how to come back."""
    rows, columns = picture.shape[:2]
    box = lay(columns, rows, side_px, side_px, resize)
    size = (round(columns * box.scale_x), round(rows * box.scale_y))
    shrinks = box.scale_x * box.scale_y < 1
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    fitted = cv2.cvtColor(cv2.resize(picture, size, interpolation=how), cv2.COLOR_BGR2RGB)
    canvas = np.full((side_px, side_px, 3), GREY, np.uint8)
    top, left = box.offset_y, box.offset_x
    canvas[top : top + size[1], left : left + size[0]] = fitted
    return canvas, box
