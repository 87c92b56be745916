"""The picture as the camera would send it: by day, at dusk or by its infrared lamp, with noise.

PURE. Works in grey levels 0..255. Noise by day is that of a real recording; gain in the dark adds
more, blotchy as a camera's own smoothing leaves it. Called by `render` once per frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from imaging.detections import Image
from tools.demo.footage.scene import PixelField
from tools.evaluation.compose.recipe import Instant, Light

_LEVELS = np.arange(256, dtype=np.float32)
DARK_NOISE: dict[Light, float] = {"day": 0.0, "dusk": 4.5, "infrared": 5.5}
"""Standard deviation in grey levels that high gain adds, before the camera's own smoothing."""
_TINT = (1.06, 1.0, 0.9)
"""BGR of the blue hour."""
NOISES = 6
"""Fields of noise that take turns: more look no different and take memory."""

Levels = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Exposure:
    """How one camera exposes: noises to choose from, and the infrared lamp's light, `(h, w)`."""

    light: Light
    noises: tuple[Levels, ...]
    lamp: PixelField

    def expose(self, picture: Image, instant: Instant, drift: float) -> Image:
        """The frame of that instant; `drift` is the slow change of light as a factor."""
        lit, number = self._lit(picture, drift), instant.number
        turn = (number * 7919) % 64  # so that a noise does not come back in place
        noise = np.roll(self.noises[number % len(self.noises)], (turn, 3 * turn), axis=(0, 1))
        return np.clip(lit.astype(np.int16) + noise, 0, 255).astype(np.uint8)

    def _lit(self, picture: Image, drift: float) -> Image:
        if self.light == "day":
            return np.asarray(cv2.convertScaleAbs(picture, None, drift), np.uint8)
        if self.light == "dusk":
            dim = np.stack([_dusk(_LEVELS * drift, gain) for gain in _TINT], axis=-1)
            return np.asarray(cv2.LUT(picture, dim[None]), np.uint8)
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
        lit = np.clip((grey * 0.75 + 18) * self.lamp * drift, 0, 255).astype(np.uint8)
        return np.asarray(cv2.cvtColor(lit, cv2.COLOR_GRAY2BGR), np.uint8)


def exposure(
    light: Light, size: tuple[int, int], noises: tuple[PixelField, ...], rng: np.random.Generator
) -> Exposure:
    """For frames of `size` (width, height)."""
    return Exposure(
        light, tuple(_noise(noises[n % len(noises)], light, size, rng) for n in range(NOISES)),
        _lamp(size, rng),
    )  # fmt: skip


def _dusk(levels: PixelField, gain: float) -> npt.NDArray[np.uint8]:
    dim = 255 * (levels / 255) ** 1.2 * 0.38 * gain + 7
    return np.clip(dim, 0, 255).astype(np.uint8)


def _noise(
    real: PixelField, light: Light, size: tuple[int, int], rng: np.random.Generator
) -> Levels:
    fitted = cv2.resize(real, size, interpolation=cv2.INTER_NEAREST)
    grain = rng.standard_normal((size[1], size[0], 3)).astype(np.float32)
    if light == "infrared":
        grain[:] = grain[..., :1]
        fitted[:] = fitted[..., :1]
    blotchy = cv2.GaussianBlur(grain, (0, 0), 0.8) * 2.2
    return np.rint(fitted + DARK_NOISE[light] * 0.7 * blotchy).astype(np.int16)


def _lamp(size: tuple[int, int], rng: np.random.Generator) -> PixelField:
    """Bright on the ground in front, falling off to a quarter at the sky and the corners."""
    width, height = size
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = rng.uniform(0.4, 0.6), rng.uniform(0.65, 0.8)
    far = ((xs / width - x) / 0.62) ** 2 + ((ys / height - y) / 0.55) ** 2
    lamp: PixelField = (0.12 + 1.05 * np.exp(-far)).astype(np.float32)
    return lamp
