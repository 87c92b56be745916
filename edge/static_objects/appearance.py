"""What does a place look like, whatever the light?

PURE. An appearance is the field of grey-level gradients of a patch, each brought to about the same
length, so that brightness, contrast and infrared change little; it is always taken at one fixed box
(shares 0..1 of the frame), because a field that is shifted fits nothing. Called by `memory`. A
`FrameContext` keeps the appearances of its frame, since several objects are compared with one
place; it is made by `rule_engine` for every analysed frame, used by `memory` and
`verdict_feedback`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime

import cv2
import numpy as np
import numpy.typing as npt

from imaging.detections import Image
from imaging.polygons import Box

PATCH_PX = 32
"""Side of the picture of an object, whatever its shape."""

FIELD_PX = 16
"""Side of the field: half of the patch, so that a shift by a pixel of the frame does not matter."""

Field = npt.NDArray[np.int8]
Patch = npt.NDArray[np.uint8]

_BLUR = (5, 5)
_LEAST_PX = 8
"""A box with a shorter side has no appearance, only noise."""

_DARK = 10.0
"""Mean grey level under which a patch shows the sensor's noise and not the place."""

_FAINT = 0.5
"""Gradients under half of the patch's mean count less than in full: they are mostly noise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Appearance:
    """`field` is `(2, FIELD_PX, FIELD_PX) int8`, across and down; `patch` the grey picture it was
    made of, `(PATCH_PX, PATCH_PX) uint8`, for people. Both are read-only."""

    field: Field
    patch: Patch


def appearance(image: Image, box: Box) -> Appearance | None:
    """How the place `box` looks in a frame; None where it is too small or too dark to say."""
    height, width = image.shape[:2]
    x0, x1 = (round(min(max(x, 0.0), 1.0) * width) for x in (box[0], box[2]))
    y0, y1 = (round(min(max(y, 0.0), 1.0) * height) for y in (box[1], box[3]))
    if min(x1 - x0, y1 - y0) < _LEAST_PX:
        return None
    grey = cv2.cvtColor(image[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY)
    return of_patch(
        np.asarray(cv2.resize(grey, (PATCH_PX,) * 2, interpolation=cv2.INTER_AREA), np.uint8)
    )


def of_patch(patch: Patch) -> Appearance | None:
    """From the kept picture; the same picture gives the same field."""
    if cv2.mean(patch)[0] < _DARK:
        return None
    smooth = cv2.GaussianBlur(patch.astype(np.float32), _BLUR, 0)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    power = across * across + down * down
    usual = _FAINT * cv2.mean(cv2.sqrt(power))[0]
    scale = 1 / np.sqrt(power + np.float32(usual**2 + 1))
    size = (FIELD_PX, FIELD_PX)
    halved = [
        cv2.resize(part * scale, size, interpolation=cv2.INTER_AREA) for part in (across, down)
    ]
    field: Field = np.rint(np.array(halved) * np.float32(127)).astype(np.int8)
    patch = patch.copy()
    field.flags.writeable = patch.flags.writeable = False
    return Appearance(field=field, patch=patch)


def similarity(a: Appearance, b: Appearance) -> float:
    """The cosine between two fields: 1 the same, 0 nothing in common."""
    left, right = a.field.astype(np.float32).ravel(), b.field.astype(np.float32).ravel()
    lengths = math.sqrt(left.dot(left) * right.dot(right))
    return float(left.dot(right)) / lengths if lengths > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameContext:
    """The frame that was looked at: received `at`, which is `now` in monotonic seconds."""

    image: Image
    at: datetime
    now: float
    _appearances: dict[Box, Appearance | None] = field(
        default_factory=dict, repr=False, compare=False
    )

    def appearance_at(self, box: Box) -> Appearance | None:
        """How the place `box` (shares 0..1 of the frame) looks; see `appearance`."""
        if box not in self._appearances:
            self._appearances[box] = appearance(self.image, box)
        return self._appearances[box]
