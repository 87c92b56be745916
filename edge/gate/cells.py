"""The gate's picture in cells of 4 x 4 pixels, in which is remembered what happens where.

PURE. Used by `auto_mask` and `motion`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from imaging.detections import GreyImage
from imaging.polygons import Box

Cells = npt.NDArray[np.bool_]
CellValues = npt.NDArray[np.float32]
"""A number per cell."""

CELL_PX = 4
"""Of the grey picture: the height of a small letter, half the width of somebody 30 px tall in a 640
px frame."""


def shape_of(picture: GreyImage) -> tuple[int, int]:
    """Rows and columns of the picture's cells; those at the border may be larger."""
    height, width = picture.shape
    return max(1, height // CELL_PX), max(1, width // CELL_PX)


def touched(mask: GreyImage) -> Cells:
    """Cells in which a pixel of `mask` is 255."""
    rows, columns = shape_of(mask)
    found: Cells = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA) > 0
    return found


def spread(cells: Cells, shape: tuple[int, ...]) -> GreyImage:
    """255 where one of the cells is, in a picture of `shape`."""
    marks = cells.astype(np.uint8) * np.uint8(255)
    size = (shape[1], shape[0])
    return np.asarray(cv2.resize(marks, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def within(boxes: Iterable[Box], size: tuple[int, int], shape: tuple[int, int]) -> Cells:
    """Cells that a box touches; `size` is width and height of the frame that the boxes are in."""
    rows, columns = shape
    found = np.zeros(shape, np.bool_)
    across, down = columns / size[0], rows / size[1]
    for x0, y0, x1, y1 in boxes:
        top, left = max(0, math.floor(y0 * down)), max(0, math.floor(x0 * across))
        found[
            top : max(top + 1, math.ceil(y1 * down)), left : max(left + 1, math.ceil(x1 * across))
        ] = True
    return found


def grown(cells: Cells, by: int = 1) -> Cells:
    """The cells and their neighbours up to `by` away."""
    around = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    found: Cells = cv2.dilate(cells.astype(np.uint8), around) > 0
    return found
