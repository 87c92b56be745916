"""A camera that shakes: the picture moved back to where the background is.

PURE. Where most of the picture changed, the shift is found by phase correlation (Kuglin and Hines
1975) and accepted only if it explains most of the difference. On a bare yard under a swaying mast,
it is found from the gradients of the background's few edges (Lucas and Kanade 1981), and accepted
only if it lays the edges of every part of the picture on the background's: somebody who moves
leaves the edges elsewhere where they are, and a shift that explained him would move those. Called
by `motion` for pictures in which something changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from imaging.detections import FloatImage, GreyImage

_CROSS = np.ones((3, 3), np.uint8)

_LEAST_PX, _MOST_SHARE = 0.1, 0.1
"""A tenth of a pixel changes nothing; a tenth of the width is another view, not jitter."""

_EXPLAINED = 0.7
"""The mean difference must fall at least to this. Somebody who crosses the picture changes a few
hundredths of it, and no shift takes that away; jitter changes every edge, and its own does."""


_HALVED_FROM_PX = 320
_LEAST_SIDE_PX = 16
"""Across a strip no shift can be found."""

_FIELDS = (3, 4)
_SPREAD = 6
"""Of the fields (rows by columns): jitter changes edges wherever there are any, so in more than
half of a picture with as much plain sky. Something that moves before a plain wall is explained by a
shift as well, and must not pass for jitter; it fills half of the fields only from close by, where
its own edges are more than a shift explains."""

_TOLERANCE_PX = 0.3
"""By so much a shift is off: between pixels, and because a mast turns as well as it sways."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stabilised:
    """The picture as if the camera had not moved; `dx`, `dy` in pixels is how far it had. Within
    `margin` pixels of the border nothing is known; `tolerance` is what a shift that is not quite
    right leaves of difference, in grey levels. `everywhere`: most of the picture changed, so that
    the background is updated from the picture that was moved back; where a few edges moved a
    little, they may have moved for good, and it is updated from the picture as it is."""

    picture: FloatImage
    tolerance: FloatImage
    dx: float
    dy: float
    margin: int
    everywhere: bool


def stabilise(picture: FloatImage, lit: FloatImage, changed: GreyImage) -> Stabilised | None:
    """`picture` shifted onto the lit background; None if no shift explains what has `changed`
    (255)."""
    if min(picture.shape) < _LEAST_SIDE_PX:
        return None
    everywhere = _is_all_over(changed)
    shift = _shift(picture, lit) if everywhere else shift_of_edges(picture, lit)
    if shift is None or not _LEAST_PX < max(map(abs, shift)) < _MOST_SHARE * picture.shape[1]:
        return None
    moved, margin = _back(picture, shift), math.ceil(max(map(abs, shift))) + 1
    if everywhere and not _explains(picture, moved, lit, margin):
        return None
    return Stabilised(
        picture=moved,
        tolerance=cv2.morphologyEx(lit, cv2.MORPH_GRADIENT, _CROSS) * np.float32(_TOLERANCE_PX / 2),
        dx=shift[0],
        dy=shift[1],
        margin=margin,
        everywhere=everywhere,
    )


def _back(picture: FloatImage, shift: Shift) -> FloatImage:
    """The picture moved back by the shift."""
    height, width = picture.shape
    back = np.array([[1, 0, -shift[0]], [0, 1, -shift[1]]], np.float32)
    moved = cv2.warpAffine(picture, back, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _explains(picture: FloatImage, moved: FloatImage, lit: FloatImage, margin: int) -> bool:
    """Whether most of the difference is gone from the picture that was moved back."""
    inner = np.s_[margin:-margin, margin:-margin]
    before = cv2.mean(cv2.absdiff(picture[inner], lit[inner]))[0]
    after = cv2.mean(cv2.absdiff(moved[inner], lit[inner]))[0]
    return after < _EXPLAINED * before


def _shift(picture: FloatImage, lit: FloatImage) -> Shift:
    """How far `picture` is moved against the background, in pixels; found at half the size where
    there are enough, which is a quarter of the work and finds a shift just as well."""
    height, width = picture.shape
    scale = 2 if width >= _HALVED_FROM_PX else 1
    size = (width // scale, height // scale)
    # resizing to the same size copies, as it must: both are multiplied by the window in place
    known, shown = (cv2.resize(i, size, interpolation=cv2.INTER_AREA) for i in (lit, picture))
    (dx, dy), _ = cv2.phaseCorrelate(known, shown, _window(size[1], size[0]))
    return dx * width / size[0], dy * height / size[1]


def _is_all_over(changed: GreyImage) -> bool:
    rows, columns = (length // parts for length, parts in zip(changed.shape, _FIELDS, strict=True))
    inner = changed[: rows * _FIELDS[0], : columns * _FIELDS[1]]
    fields = inner.reshape(_FIELDS[0], rows, _FIELDS[1], columns)
    return int(np.count_nonzero(fields.any(axis=(1, 3)))) >= _SPREAD


@lru_cache(maxsize=64)
def _window(height: int, width: int) -> FloatImage:
    """So that the picture's borders, which do not repeat, do not pass for its content."""
    return np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F), np.float32)


Points = npt.NDArray[np.float64]
Shift = tuple[float, float]
"""How far a picture is moved against the background, across and down, in pixels."""

_EDGE = 40.0
"""Grey levels across two pixels: twice what counts as change in good light."""

_FEWEST_PX = 40
_MOST_EDGES = 0.1
"""Fewer pixels on edges are a single mark; of a picture with more, phase correlation sees more."""

_ENOUGH_PX = 1500
"""Of more, evenly spread ones are asked: as good a mean, at a bounded cost."""

_REACH = 0.02
"""Share of the width up to which a shift is looked for: edges further off are others."""

_STEPS = 4
"""Of the search; each corrects what the one before left, and more than four correct nothing."""

_ALONG = 0.01
"""Determinant over squared trace of the gradients' sums: edges of one direction only, a wire's or a
kerb's, show no shift along themselves."""

_OF_FIELD_PX = 12
"""Of the fields (rows by columns): those with so many pixels on edges must agree, at least two."""

_LEFT = 0.7
"""Of a field's mean difference, so much may be left at most. A swaying mast leaves a third; where
something stands before some of a field's edges, nearly all of it is left."""


def shift_of_edges(picture: FloatImage, lit: FloatImage) -> Shift | None:
    """How far the edges of `lit` have moved in `picture`; None if they have not all moved alike."""
    width = picture.shape[1]
    x, y = _on_edges(lit)
    if not _FEWEST_PX <= len(x) <= _MOST_EDGES * lit.size:
        return None
    stride = -(-len(x) // _ENOUGH_PX)
    x, y = x[::stride], y[::stride]
    known = _at(lit, x, y)
    gx = (_at(lit, x + 1, y) - _at(lit, x - 1, y)) / 2
    gy = (_at(lit, x, y + 1) - _at(lit, x, y - 1)) / 2
    normal = np.array([[gx @ gx, gx @ gy], [gx @ gy, gy @ gy]], np.float64)
    if np.linalg.det(normal) <= _ALONG * np.trace(normal) ** 2:
        return None
    dx, dy = 0.0, 0.0
    for _ in range(_STEPS):
        apart = _at(picture, x + dx, y + dy) - known
        step = np.linalg.solve(normal, np.array([gx @ apart, gy @ apart], np.float64))
        dx, dy = dx - float(step[0]), dy - float(step[1])
        if max(abs(dx), abs(dy)) > _REACH * width:
            return None
    before, after = (np.abs(_at(picture, x + a, y + b) - known) for a, b in ((0, 0), (dx, dy)))
    field = y // (picture.shape[0] / _FIELDS[0]) * _FIELDS[1] + x // (width / _FIELDS[1])
    return (dx, dy) if _agree(field.astype(np.int64), before, after) else None


def _on_edges(lit: FloatImage) -> tuple[Points, Points]:
    """Columns and rows of the pixels on edges, but for the rim, which a shift takes out of view."""
    rim = math.ceil(_REACH * lit.shape[1]) + 1
    strong = cv2.morphologyEx(lit, cv2.MORPH_GRADIENT, _CROSS)[rim:-rim, rim:-rim] >= _EDGE
    y, x = np.nonzero(strong)
    return x + float(rim), y + float(rim)


def _agree(field: npt.NDArray[np.int64], before: FloatImage, after: FloatImage) -> bool:
    """Whether the shift explains every field that has edges."""
    number, was, left = (np.bincount(field, weights=w) for w in (None, before, after))
    edged = number >= _OF_FIELD_PX
    explained = (left <= _LEFT * was)[edged]
    return len(explained) >= 2 and bool(explained.all())


def _at(image: FloatImage, x: Points, y: Points) -> FloatImage:
    """The image at points that lie between its pixels."""
    across, down = (np.asarray(values, np.float32).reshape(-1, 1) for values in (x, y))
    found = cv2.remap(image, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).ravel()
