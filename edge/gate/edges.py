"""The shift of a picture whose few edges all moved alike, as on a bare yard under a swaying mast.

PURE. Found from the gradients of the background's edges (Lucas and Kanade 1981), and believed only
if it lays the edges of every part of the picture on the background's: somebody who moves leaves the
edges elsewhere where they are, and a shift that explained him would move those. Called by `shake`.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]
Shift = tuple[float, float]
"""How far a picture is moved against the background, across and down, in pixels."""

_CROSS = np.ones((3, 3), np.uint8)
_EDGE = 40.0
"""Grey levels across two pixels: twice what counts as change in good light."""

_FEWEST_PX = 40
_MOST_SHARE = 0.1
"""Fewer pixels on edges are a single mark; of a picture with more, phase correlation sees more."""

_ENOUGH_PX = 1500
"""Of more, evenly spread ones are asked: as good a mean, at a bounded cost."""

_REACH = 0.02
"""Share of the width up to which a shift is looked for: edges further off are others."""

_STEPS = 4
"""Of the search; each mends what the one before left, and more than four mend nothing."""

_ALONG = 0.01
"""Determinant over squared trace of the gradients' sums: edges of one direction only, a wire's or a
kerb's, show no shift along themselves."""

_FIELDS = (3, 4)
_OF_FIELD_PX = 12
"""Of the fields (rows by columns): those with so many pixels on edges must agree, at least two."""

_LEFT = 0.7
"""Of a field's mean difference, so much may be left at most. A swaying mast leaves a third; where
something stands before some of a field's edges, nearly all of it is left."""


def shift_of_edges(picture: FloatImage, lit: FloatImage) -> Shift | None:
    """How far the edges of `lit` have moved in `picture`; None if they have not all moved alike."""
    width = picture.shape[1]
    x, y = _on_edges(lit)
    if not _FEWEST_PX <= len(x) <= _MOST_SHARE * lit.size:
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
    """Whether the shift has mended every field that has edges."""
    number, was, left = (np.bincount(field, weights=w) for w in (None, before, after))
    edged = number >= _OF_FIELD_PX
    mended = (left <= _LEFT * was)[edged]
    return len(mended) >= 2 and bool(mended.all())


def _at(image: FloatImage, x: Points, y: Points) -> FloatImage:
    """The image at points that lie between its pixels."""
    across, down = (np.asarray(values, np.float32).reshape(-1, 1) for values in (x, y))
    found = cv2.remap(image, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).ravel()
