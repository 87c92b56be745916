"""The light of a picture against that of the empty scene.

PURE. Light multiplies: a lamp, a cloud or the camera's own exposure scales what is there and leaves
its pattern. So the background is kept in one light and lit as each picture is before the two are
compared, by a coarse field of gains; what is finer than the field is distinguished from objects by
its lack of a pattern of its own. Grey levels here are offset by `BLACK`. Called by `motion` and
`foreground_blobs`.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from imaging.detections import FloatImage

Rectangle = Sequence[int]
"""x, y, width, height in pixels."""

BLACK = 4.0
"""Grey levels added before any ratio: noise on a dark pixel must not read as twice the light."""

WHITE = 255.0 + BLACK
"""The brightest grey level, so offset."""

_COLUMNS, _ROWS = 4, 3
"""Fields of gain. A field's gain is a median, which an object that covers less than half of it does
not move: a fourth of the picture's width is wider than a person at any distance that alarms."""

_STEP = 4
"""Medians are taken over every fourth pixel of every fourth row: 400 of a field at 320 x 240."""

_MOST_GAIN = 16.0
"""Four stops; beyond them one of the two pictures is black or white and says nothing."""

_NEAR = 0.1
"""Share of the width over which light is even, but for the edges of beams and shadows, for which
`foreground_blobs` allows."""

_PATTERN = 0.6
"""Of the limit for change. The mean over `_NEAR` contains the object itself and takes up to a third
of its contrast away."""

_BURNT = 245.0 + BLACK
"""A pixel near white has lost its pattern to the light: that is no sign of an object."""

_EVEN = 0.06
"""Interquartile range of the ratios within a blob about a plane, over their median. Of shadows and
beams over asphalt, paving and walls, by day and in infrared noise, nine in ten stay under it; of
people on real footage, one in a hundred, those with mostly their own shadow in the blob."""

_DEEPEST = 0.3
"""The sky lights a shadow too: what is darker than this is a dark object."""

_OUTLIER = 0.15
"""From the blob's own ratio: two to three times what infrared noise leaves after averaging."""

_FEW = 0.05
"""Share of a blob that may be neither lit like the rest nor between that and the old light, as the
soft edge of a shadow is. Somebody small before a long shadow of his own is more."""

_CORE_PX = 60
"""Fewer pixels say nothing about evenness: somebody 50 px tall in a 640 px frame has as many."""


def gains(picture: FloatImage, background: FloatImage) -> FloatImage:
    """`(h, w)` factors that light the background as `picture` is lit: per field the median of the
    ratios, smoothly joined. A strip of a picture has fewer fields, and every pixel of them counts.
    """
    height, width = picture.shape
    down, across = min(_ROWS, height), min(_COLUMNS, width)
    rows, columns = height // down, width // across
    step = min(_STEP, rows, columns)
    ratio = picture[::step, ::step] / background[::step, ::step]
    inner = ratio[: rows // step * down, : columns // step * across]
    fields = inner.reshape(down, rows // step, across, columns // step)
    values = fields.transpose(0, 2, 1, 3).reshape(down, across, -1)
    middle = np.partition(values, values.shape[-1] // 2, axis=-1)[..., values.shape[-1] // 2]
    bounded = np.clip(middle, 1 / _MOST_GAIN, _MOST_GAIN).astype(np.float32)
    return np.asarray(cv2.resize(bounded, (width, height)), np.float32)


def patterned(picture: FloatImage, lit: FloatImage, limit: FloatImage) -> npt.NDArray[np.bool_]:
    """Where `picture` has a pattern that the lit background has not, whatever the local light.

    `limit` is the difference in grey levels that counts as change.
    """
    gain = _local_gain(picture, lit)
    apart = cv2.absdiff(picture, cv2.multiply(lit, gain))
    allowed = cv2.multiply(limit, np.maximum(gain, np.float32(1)), scale=_PATTERN)
    found: npt.NDArray[np.bool_] = (apart > allowed) & (picture < _BURNT)
    return found


def _local_gain(picture: FloatImage, lit: FloatImage) -> FloatImage:
    """How much lighter `picture` is around each pixel; taken at half the size, which a mean over
    `_NEAR` does not notice."""
    height, width = picture.shape
    half = (max(1, width // 2), max(1, height // 2))
    side = 1 + 2 * round(_NEAR * half[0] / 2)
    shown, known = (
        cv2.blur(cv2.resize(image, half, interpolation=cv2.INTER_AREA), (side, side))
        for image in (picture, lit)
    )
    return np.asarray(cv2.resize(cv2.divide(shown, known), (width, height)), np.float32)


def ratios(picture: FloatImage, lit: FloatImage, within: Rectangle) -> FloatImage:
    """How much lighter each pixel is than the lit background, with its neighbours against noise;
    1 outside of `within`."""
    x, y, width, height = within
    inner = np.s_[y : y + height, x : x + width]
    found = np.ones_like(picture)
    found[inner] = cv2.divide(cv2.blur(picture[inner], (3, 3)), cv2.blur(lit[inner], (3, 3)))
    return found


def is_even(ratio: FloatImage, at: npt.NDArray[np.int64], core: npt.NDArray[np.bool_]) -> bool:
    """Whether light alone explains a blob: all of it is darker, or brighter, by one factor, which
    may rise or fall evenly across it, as a lamp's light does.

    `ratio` is `(n,)`, of the blob's pixels; `at` `(n, 2)` their rows and columns; `core` marks
    those that are not at its edge.
    """
    inner = ratio[core]
    if len(inner) < _CORE_PX:
        return False
    middle = float(np.median(inner))
    if middle < _DEEPEST:
        return False
    dark, bright = min(middle, 1.0) * (1 - _OUTLIER), max(middle, 1.0) * (1 + _OUTLIER)
    if np.count_nonzero((ratio < dark) | (ratio > bright)) > _FEW * len(ratio):
        return False
    return _spread(inner, at[core]) <= _EVEN * middle


def _spread(ratio: FloatImage, at: npt.NDArray[np.int64]) -> float:
    """Interquartile range of the ratios about the plane that fits them best."""
    plane = np.column_stack([np.ones(len(at)), at - at.mean(axis=0)])
    slope = np.linalg.lstsq(plane, ratio, rcond=None)[0]
    low, high = np.percentile(ratio - plane @ slope, (25, 75))
    return float(high - low)
