"""Light that changes: drift, flicker, and the soft shadows of clouds and branches.

PURE. Everything is periodic over the clip, so that a clip played in a loop has no seam. A light is
a factor, 1 meaning as recorded. Called by `clips`.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from tools.demo.footage.scene import PixelField

CLOUD_PX = 60.0
BRANCH_PX = 9.0


def drift(phase: float) -> float:
    """The slow change of daylight, 2.5 per cent; `phase` is the share 0..1 of the clip."""
    return 1 + 0.025 * math.sin(2 * math.pi * phase)


def flicker(phase: float) -> float:
    """Light that shakes: a lamp or thin cloud, up to 6 per cent at uneven times."""
    beats = ((3, 0.5), (11, 0.3), (29, 0.2))
    return 1 + 0.06 * sum(share * math.sin(2 * math.pi * times * phase) for times, share in beats)


class Shadows:
    """Shadows over a scene of `height` x `width`: clouds that pass and branches that sway.

    The patterns are drawn once from `seed`; both are tori, so that they can travel round.
    """

    def __init__(self, height: int, width: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._size = height, width
        self._clouds = _pattern(rng, height, 2 * width, CLOUD_PX)
        self._branches = _pattern(rng, height, width, BRANCH_PX)
        self._crown = _crown(height, width)

    def at(self, phase: float) -> PixelField:
        """The light `(H, W)` at share `phase` of the clip; one cloud bank passes per clip."""
        width = self._size[1]
        clouds = _travel(self._clouds, phase * 2 * width, 0)[:, :width]
        sway = 7 * math.sin(2 * math.pi * 9 * phase) + 3 * math.sin(2 * math.pi * 23 * phase)
        branches = _travel(self._branches, sway, 0.4 * sway) * self._crown
        light: PixelField = 1 - 0.28 * clouds - 0.3 * branches
        return light


def _pattern(rng: np.random.Generator, height: int, width: int, grain_px: float) -> PixelField:
    """Smooth random spots of `grain_px`, 0..1, that meet at opposite edges."""
    pad = int(3 * grain_px)
    spots = np.pad(rng.standard_normal((height, width)).astype(np.float32), pad, mode="wrap")
    smooth = cv2.GaussianBlur(spots, (0, 0), grain_px)[pad:-pad, pad:-pad]
    normal = (smooth - smooth.mean()) / smooth.std()
    pattern: PixelField = np.clip(0.5 + normal, 0, 1).astype(np.float32)
    return pattern


def _travel(pattern: PixelField, right_px: float, down_px: float) -> PixelField:
    """`pattern` moved round its torus, to a fraction of a pixel."""
    whole = np.roll(pattern, (math.floor(down_px), math.floor(right_px)), axis=(0, 1))
    x, y = right_px % 1, down_px % 1
    beside = np.roll(whole, 1, axis=1)
    row = (1 - x) * whole + x * beside
    moved: PixelField = ((1 - y) * row + y * np.roll(row, 1, axis=0)).astype(np.float32)
    return moved


def _crown(height: int, width: int) -> PixelField:
    """Where the tree's shadow falls: a soft ellipse on the ground at the lower right."""
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    far = ((xs / width - 0.75) / 0.3) ** 2 + ((ys / height - 0.7) / 0.28) ** 2
    crown: PixelField = np.clip(1.5 - far, 0, 1).astype(np.float32)
    return crown
