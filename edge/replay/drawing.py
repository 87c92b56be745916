"""Draws marks, places and words on pictures.

PURE. A picture is first brought to the size at which it is shown, with square pixels, and drawn on
then, so that lines and letters are as fine on a large picture as on a tiny one. `Scale` leads from
pixels of the frame to pixels of what is shown. Called by `overlay`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from edge.records import Mask
from imaging.detections import Image
from imaging.polygons import Box, Point

Colour = tuple[int, int, int]
"""BGR."""

_Pixel = tuple[int, int]
_Spot = tuple[int, int, int, int]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
LINE_PX = 17
"""From one line of words to the next."""

CAPTION_PX = 14

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_LETTERS = 0.4
_LETTER_PX = 7.2
"""Width of a usual letter of that size; the font's wide ones are made up for by its narrow ones."""
_TINT = 0.25
_CORNER = 0.25
"""Share of a box's sides that its corners take."""


@dataclass(frozen=True, slots=True)
class DrawnBox:
    """An object in a frame: its box (xyxy, pixels of the frame), the words over it, and how its box
    is drawn; `trail` are the feet of its earlier boxes."""

    box: Box
    colour: Colour
    words: tuple[str, ...] = ()
    style: Literal["full", "thin", "corners"] = "full"
    trail: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """From pixels of a frame to those of what is shown: `across` and `down` per pixel, after the
    frame was moved by `left` and `top`."""

    across: float
    down: float
    left: float = 0.0
    top: float = 0.0

    def point(self, x: float, y: float) -> tuple[int, int]:
        return round((x - self.left) * self.across), round((y - self.top) * self.down)

    def corners(self, box: Box) -> tuple[tuple[int, int], tuple[int, int]]:
        """Upper left and lower right one."""
        return self.point(box[0], box[1]), self.point(box[2], box[3])


def shown_size(width: int, height: int, aspect: float, wide: tuple[int, int]) -> tuple[int, int]:
    """Width and height, both even, at which a picture is shown: within `wide` if it can be, no
    higher than the larger of these."""
    least, most = wide
    square = width * aspect
    factor = min(max(1.0, least / square), most / square, most / height)
    return max(2, round(square * factor / 2) * 2), max(2, round(height * factor / 2) * 2)


def resized(image: Image, size: tuple[int, int]) -> tuple[Image, Scale]:
    """A copy of that width and height, and how to draw on it."""
    height, width = image.shape[:2]
    shrinks = size[0] < width or size[1] < height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    shown = np.array(cv2.resize(image, size, interpolation=how), np.uint8)
    return shown, Scale(size[0] / width, size[1] / height)


def tint(image: Image, mask: Mask, colour: Colour) -> None:
    """Colours where the mask, which stands for the whole picture, is set."""
    size = (image.shape[1], image.shape[0])
    where = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST) > 0
    image[where] = (image[where] * (1 - _TINT) + np.array(colour) * _TINT).astype(np.uint8)


def outline(
    image: Image, points: Iterable[Point], colour: Colour, name: str, *, closed: bool = True
) -> None:
    """A polygon, or a line, of points in shares of the picture, with its name."""
    height, width = image.shape[:2]
    corners = [(round(x * (width - 1)), round(y * (height - 1))) for x, y in points]
    cv2.polylines(image, [np.array(corners, np.int32)], closed, colour, 1, cv2.LINE_AA)
    left, top = min(corners, key=lambda at: (at[1], at[0]))
    text(image, (left + 3, min(max(top + 13, 12), height - 3)), name, colour)


def draw(image: Image, marks: Sequence[DrawnBox], scale: Scale) -> None:
    """All marks, the last on top: first trails and boxes, then the words, each where none are."""
    for one in marks:
        _shape(image, one, scale)
    taken: list[_Spot] = []
    for one in reversed(marks):
        _caption(image, one, scale, taken)


def _shape(image: Image, one: DrawnBox, scale: Scale) -> None:
    feet = [scale.point(x, y) for x, y in one.trail]
    if len(feet) > 1:
        cv2.polylines(image, [np.array(feet, np.int32)], False, one.colour, 1, cv2.LINE_AA)
    first, last = scale.corners(one.box)
    if one.style == "corners":
        _corners(image, first, last, one.colour)
    else:
        cv2.rectangle(image, first, last, one.colour, 2 if one.style == "full" else 1)


def _corners(image: Image, first: _Pixel, last: _Pixel, colour: Colour) -> None:
    wide, high = (int(_CORNER * (last[n] - first[n])) for n in (0, 1))
    for x, along in ((first[0], wide), (last[0], -wide)):
        for y, down in ((first[1], high), (last[1], -high)):
            cv2.line(image, (x, y), (x + along, y), colour, 2)
            cv2.line(image, (x, y), (x, y + down), colour, 2)


def _caption(image: Image, one: DrawnBox, scale: Scale, taken: list[_Spot]) -> None:
    """The words over the box, under it or beside it; in a crowd only the first line."""
    if not one.words:
        return
    for lines in (one.words, one.words[:1]):
        spots = list(_spots(image, scale.corners(one.box), lines))
        free = (spot for spot in spots if not any(_touch(spot, other) for other in taken))
        spot = next(free, None)
        if spot is not None:
            break
    else:
        spot = spots[0]
    taken.append(spot)
    left, top, right, bottom = spot
    cv2.rectangle(image, (left, top), (right, bottom), one.colour, cv2.FILLED)
    for number, line in enumerate(lines):
        text(image, (left + 3, top + (number + 1) * CAPTION_PX - 4), line, _against(one.colour))


def _spots(image: Image, box: tuple[_Pixel, _Pixel], lines: Sequence[str]) -> Iterator[_Spot]:
    """Where the words might stand, the best first."""
    height, width = image.shape[:2]
    (x0, y0), (x1, y1) = box
    wide = max(cv2.getTextSize(line, _FONT, _LETTERS, 1)[0][0] for line in lines) + 6
    tall = CAPTION_PX * len(lines)
    for left, top in ((x0, y0 - tall), (x0, y1), (x1, y0), (x0 - wide, y0), (x1 - wide, y0 - tall)):
        inner = max(0, min(left, width - wide - 1)), max(0, min(top, height - tall - 1))
        yield (*inner, inner[0] + wide, inner[1] + tall)


def _touch(a: _Spot, b: _Spot) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _against(colour: Colour) -> Colour:
    """Black on what is bright, white on what is dark (luma of ITU-R BT.601)."""
    blue, green, red = colour
    return BLACK if 0.114 * blue + 0.587 * green + 0.299 * red > 140 else WHITE


def text(image: Image, at: tuple[int, int], words: str, colour: Colour) -> None:
    """A line that begins at its lower left corner; OpenCV's font knows ASCII alone."""
    ascii_ = words.encode("ascii", "replace").decode()
    cv2.putText(image, ascii_, at, _FONT, _LETTERS, colour, 1, cv2.LINE_AA)


def banner(image: Image, lines: Sequence[str], colour: Colour) -> None:
    """Lines over the upper border, each as much of it as there is room for."""
    wide = image.shape[1]
    for number, line in enumerate(lines):
        y0 = number * (LINE_PX + 3)
        cv2.rectangle(image, (0, y0), (wide, y0 + LINE_PX + 3), colour, cv2.FILLED)
        text(image, (6, y0 + LINE_PX - 3), wrapped(line, wide)[0], _against(colour))


def wrapped(line: str, wide_px: int) -> list[str]:
    """The line in pieces that fit into a width; what goes on is set in."""
    letters = max(16, int((wide_px - 12) / _LETTER_PX))
    return textwrap.wrap(line, letters, subsequent_indent="    ") or [""]


def panel(wide_px: int, lines: Sequence[tuple[str, Colour]], count: int) -> Image:
    """A dark strip with room for `count` lines, as many of these as fit in it."""
    strip = np.full((count * LINE_PX + 8, wide_px, 3), 24, np.uint8)
    pieces = [(piece, colour) for line, colour in lines for piece in wrapped(line, wide_px)]
    for number, (piece, colour) in enumerate(pieces[:count]):
        text(strip, (6, (number + 1) * LINE_PX), piece, colour)
    return strip


def legend(wide_px: int, words: Sequence[tuple[str, Colour]]) -> Image:
    """A dark line of words side by side, each in its colour, as many as there is room for."""
    strip = np.full((LINE_PX + 5, wide_px, 3), 24, np.uint8)
    left = 6
    for word, colour in words:
        text(strip, (left, LINE_PX - 3), word, colour)
        left += cv2.getTextSize(word, _FONT, _LETTERS, 1)[0][0] + 14
    return strip


def framed(image: Image, size: tuple[int, int]) -> Image:
    """The picture at that width and height: as large as it can be, in black."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    factor = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
    whole = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    whole[top : top + inner[1], left : left + inner[0]] = small
    return whole
