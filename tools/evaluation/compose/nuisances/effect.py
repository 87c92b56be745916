"""What a nuisance does to a frame, in the scene before exposure or in the camera after it.

PURE. An effect is made once per sequence from an `EffectSetting`; what it does to a frame depends
on that frame's instant alone, so that any frame can be made without those before it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imaging.detections import Image
from tools.evaluation.compose.cutouts import PersonCutouts
from tools.evaluation.compose.materials import Backdrop
from tools.evaluation.compose.recipe import Instant, Light

QUALITY = 85
"""JPEG quality of an ordinary camera."""

DrawEffect = Callable[[Image, Instant], Image]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSetting:
    """Where an effect takes place: `size` is width and height of the frame as drawn."""

    size: tuple[int, int]
    light: Light
    place: Backdrop
    people: tuple[PersonCutouts, ...]
    seed: int

    def rng(self, *salt: int) -> np.random.Generator:
        """A generator of its own for each purpose, burst or frame."""
        return np.random.default_rng((self.seed, *salt))


def _same(picture: Image, instant: Instant) -> Image:
    del instant
    return picture


def _usual(instant: Instant) -> int:
    del instant
    return QUALITY


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """`in_scene` changes what is before the camera, `in_camera` what it makes of it; `quality` is
    that of the JPEG. Either may change the picture in place and returns it."""

    in_scene: DrawEffect = _same
    in_camera: DrawEffect = _same
    quality: Callable[[Instant], int] = _usual


Make = Callable[[EffectSetting], Effect]
