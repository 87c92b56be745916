"""Rain and snow.

PURE. Drops and flakes are drawn anew for each frame: at 4 frames/s none is seen twice.
"""

from __future__ import annotations

import cv2
import numpy as np

from imaging.detections import Image
from tools.demo.footage.scene import PixelField
from tools.evaluation.compose.nuisances.effect import Effect, EffectSetting
from tools.evaluation.compose.recipe import Instant


def rain(setting: EffectSetting) -> Effect:
    """Streaks that brighten what is behind them, denser in a squall."""
    slant = setting.rng(1).uniform(-0.35, 0.35)
    width, height = setting.size

    def fall(picture: Image, instant: Instant) -> Image:
        rng = setting.rng(2, instant.number)
        veil = np.zeros((height, width), np.uint8)
        for _ in range(int(width * height / 900 * (0.4 + instant.stir))):
            near = rng.uniform(0.25, 1.0) ** 3
            x, y = rng.uniform(-0.1, 1.1) * width, rng.uniform(-0.1, 1) * height
            length = height * 0.07 * near
            ends = (round(x), round(y)), (round(x + slant * length), round(y + length))
            cv2.line(veil, *ends, (70 + 60 * near,), 1 if near < 0.8 else 2, cv2.LINE_AA)
        return _brighten(picture, cv2.GaussianBlur(veil, (0, 0), 0.9).astype(np.float32))

    return Effect(in_scene=fall)


def snow(setting: EffectSetting) -> Effect:
    """Flakes of all distances; those close to the lens are large, blurred and few."""
    width, height = setting.size

    def fall(picture: Image, instant: Instant) -> Image:
        rng = setting.rng(1, instant.number)
        thick = 0.5 + instant.stir
        far = _flakes(rng, (width, height), int(260 * thick), 0.003, 0.8)
        close = _flakes(rng, (width, height), int(14 * thick), 0.016, 3.5)
        return _brighten(picture, np.maximum(far, close))

    return Effect(in_scene=fall)


def _flakes(
    rng: np.random.Generator, size: tuple[int, int], count: int, radius: float, blur: float
) -> PixelField:
    width, height = size
    veil = np.zeros((height, width), np.uint8)
    for _ in range(count):
        at = int(rng.uniform(0, width)), int(rng.uniform(0, height))
        largest = max(1.0, radius * height)
        fell = round(largest * rng.uniform(1.0, 2.2))  # while the shutter was open
        axes = (round(largest * rng.uniform(0.5, 1)), fell)
        cv2.ellipse(veil, at, axes, rng.uniform(-25, 25), 0, 360, (rng.uniform(110, 220),), -1)
    return np.asarray(cv2.GaussianBlur(veil, (0, 0), blur), np.float32)


def _brighten(picture: Image, veil: PixelField) -> Image:
    """White of the veil's strength (0..255) over the picture."""
    share = (veil / 255)[..., None]
    return (picture + (235 - np.minimum(picture, 235)) * share).astype(np.uint8)
