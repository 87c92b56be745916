"""The empty scene: what a recording shows when nobody is there, and the noise of its camera.

PURE. A pixel's median over the whole recording is the scene, as long as nothing stands on it for
half of the time. The camera's noise is what remains of real frames once scene and slow changes are
taken off, taken only where nothing moves. Called by `clips`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from imaging.detections import Image

PixelField = npt.NDArray[np.float32]
"""`(H, W)` or `(H, W, 3)` float32, a change of grey levels or a factor of light."""

STRIDE = 5
"""Every fifth frame is enough for a median, and takes a fifth of the memory."""
MOVED_LEVELS = 14
"""Grey levels from the scene, after smoothing, above which a pixel shows something that moved."""
MARGIN_PX = 31
SLOW_PX = 25
SPARES = (0, 211, 397, 605)
"""Frames (from the one asked for) whose noise fills the places where something moved."""


@dataclass(frozen=True, slots=True)
class EmptyScene:
    """The empty scene and the recording that it was taken from."""

    background: Image
    recording: Sequence[Image]


def empty_scene(recording: Sequence[Image]) -> EmptyScene:
    """The median of the recording's frames, which must be of one size."""
    stack = np.stack(recording[::STRIDE])
    rows = [np.median(stack[:, y], axis=0) for y in range(stack.shape[1])]
    return EmptyScene(background=np.rint(np.stack(rows)).astype(np.uint8), recording=recording)


def noise(scene: EmptyScene, number: int) -> PixelField:
    """The camera's noise of frame `number` (counted round), zero-mean, `(H, W, 3)`.

    Where something moved, the noise of another frame stands in, so that no shape shows.
    """
    filled = np.zeros(scene.background.shape, np.float32)
    open_ = np.ones(scene.background.shape[:2], bool)
    for spare in SPARES:
        frame = scene.recording[(number + spare) % len(scene.recording)]
        rest, still = _rest(scene.background, frame)
        take = open_ & still
        filled[take] = rest[take]
        open_ &= ~take
    return filled


def _rest(background: Image, frame: Image) -> tuple[PixelField, npt.NDArray[np.bool_]]:
    """What remains of `frame` without scene and slow changes, and where nothing moved.

    People are cut out with a margin (the camera draws bright seams round them) before smoothing, so
    that they do not leak into it.
    """
    change = frame.astype(np.float32) - background
    moved = cv2.GaussianBlur(np.abs(change).max(axis=2), (0, 0), 2) > MOVED_LEVELS
    still = cv2.dilate(moved.astype(np.uint8), np.ones((MARGIN_PX, MARGIN_PX), np.uint8)) == 0
    change[~still] = 0
    slow = cv2.boxFilter(change, -1, (SLOW_PX, SLOW_PX))
    weight = cv2.boxFilter(still.astype(np.float32), -1, (SLOW_PX, SLOW_PX))
    rest = change - slow / np.maximum(weight, 1e-3)[..., None]
    return rest.astype(np.float32), still


def expose(picture: Image | PixelField, light: PixelField | float) -> Image:
    """`picture` under `light` (a factor, `(H, W)` or one number), cut to 0..255."""
    factor = light[..., None] if isinstance(light, np.ndarray) else light
    return np.clip(np.rint(picture * factor), 0, 255).astype(np.uint8)
