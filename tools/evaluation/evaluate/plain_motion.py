"""Plain motion detection, as an ordinary camera or recorder has it: what the product is held
against.

PURE, and nothing of the product's own gate is in it, so that it stays the same yardstick. A reduced
grey picture is blurred and compared with a running average of those before it; it moved if enough
of it differs. Trees, rain and changes of light are motion to it, as they are to such cameras. The
constants are what such programs have when installed. Called by `run` for each frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from imaging.admission import PictureLimits, Rejected, inspect
from imaging.decode import decode_grey
from imaging.detections import FloatArray, GreyImage

WIDTH_PX = 160
"""Frigate compares at 100 rows (`frame_height` 100, frigate/config/camera/motion.py), which is some
130 to 180 columns."""
BLUR_SIGMA_PX = 1.0
CHANGED_LEVELS = 25.0
"""Grey levels by which a pixel has changed: 25 in ZoneMinder's default zone (db/zm_create.sql), 30
in Frigate (`threshold`), 32 in Motion (`DEF_NOISELEVEL`), which tunes it down to the noise."""
MOVED_SHARE = 0.005
"""Of the picture: Motion's `DEF_CHANGES` of 1500 pixels in 640 x 480 is 0.49 %. Between Frigate's
`contour_area` of 10 pixels in 100 rows (0.06 %) and ZoneMinder's 3 % of a zone, with which people
under a quarter of the picture are no motion."""
LEARNED_S = 10.0
"""The average follows the scene with this time constant: Motion takes in what stands still for 10 s
(`ACCEPT_STATIC_OBJECT_TIME`), Frigate's `frame_alpha` of 0.01 at its 5 frames/s is 20 s,
ZoneMinder's blend of 6.25 % a few seconds."""


@dataclass(frozen=True, slots=True)
class Background:
    """The scene as remembered at `at_s`: `(H, W) float32`, grey levels."""

    levels: FloatArray
    at_s: float


def changed_share(background: Background, levels: FloatArray) -> float:
    """The share of pixels that differ from the background by `CHANGED_LEVELS` or more."""
    return float(np.mean(np.abs(levels - background.levels) >= CHANGED_LEVELS))


def learned(background: Background, levels: FloatArray, at_s: float) -> Background:
    """The running average with this frame in it; it weighs more the longer ago the last one was:
    1 - exp(-t / `LEARNED_S`), so that the rate of frames does not matter."""
    weight = -math.expm1((background.at_s - at_s) / LEARNED_S)
    mixed = background.levels + weight * (levels - background.levels)
    return Background(mixed.astype(np.float32), at_s)


def blurred(grey: GreyImage) -> FloatArray:
    """`(H, W) float32`: what is compared."""
    soft = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), BLUR_SIGMA_PX)
    return np.asarray(soft, np.float32)


class PlainMotion:
    """One camera's detector; frames are given in the order of time."""

    def __init__(self, limits: PictureLimits) -> None:
        self._limits = limits
        self._background: Background | None = None

    def moved(self, picture: bytes, at_s: float) -> bool:
        """Whether there is motion in this frame; never in the first, nor in one that does not
        decode."""
        header = inspect(picture, self._limits)
        if isinstance(header, Rejected):
            return False
        grey = decode_grey(picture, header, WIDTH_PX)
        return False if isinstance(grey, Rejected) else self._compared(blurred(grey), at_s)

    def _compared(self, levels: FloatArray, at_s: float) -> bool:
        before = self._background
        if before is None or before.levels.shape != levels.shape:
            self._background = Background(levels, at_s)
            return False
        self._background = learned(before, levels, at_s)
        return changed_share(before, levels) >= MOVED_SHARE
