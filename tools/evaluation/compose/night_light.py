"""What the light does in a long night, before the camera and in it.

PURE. Dusk and dawn fade, the camera goes over to infrared and back at once, clouds drift while
there is daylight, a lamp out of view lights part of the scene, rain falls for a while, headlights
sweep. Called by `render`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from imaging.detections import Image
from tools.demo.footage.scene import Field
from tools.evaluation.compose.exposure import Exposure, exposure
from tools.evaluation.compose.night import NightPlan
from tools.evaluation.compose.nuisances.effect import Effect, Setting
from tools.evaluation.compose.nuisances.lights import headlights, shadows
from tools.evaluation.compose.nuisances.weather import rain
from tools.evaluation.compose.recipe import Instant, Light

LAMP_GAIN = 1.1
"""How much brighter it is at the foot of the lamp."""


@dataclass(frozen=True, slots=True)
class NightExposure:
    """The camera's exposure through the night."""

    night: NightPlan
    lights: dict[Light, Exposure]

    def expose(self, picture: Image, instant: Instant, drift: float) -> Image:
        """The frame of that instant; `drift` is the slow change of light as a factor."""
        if self.night.light(instant.at_s) == "infrared":
            return self.lights["infrared"].expose(picture, instant, drift)
        dusk = self.night.dusk(instant.at_s)
        shown = [self.lights[light].expose(picture, instant, drift) for light in _FADE]
        return np.asarray(cv2.addWeighted(shown[0], 1 - dusk, shown[1], dusk, 0), np.uint8)


_FADE: tuple[Light, Light] = ("day", "dusk")


def night_exposure(
    night: NightPlan, size: tuple[int, int], noises: tuple[Field, ...], rng: np.random.Generator
) -> NightExposure:
    """For frames of `size` (width, height)."""
    lights: tuple[Light, ...] = ("day", "dusk", "infrared")
    return NightExposure(night, {light: exposure(light, size, noises, rng) for light in lights})


def night_effect(night: NightPlan, setting: Setting) -> Effect:
    """What moves over the scene, and the headlights, which dazzle the camera."""
    clouds, rainfall, pool = shadows(setting), rain(setting), _pool(setting)

    def over(picture: Image, instant: Instant) -> Image:
        calm = replace(instant, stir=0.0)
        if night.light(instant.at_s) != "infrared":
            picture = clouds.in_scene(picture, calm)
        if night.lamp_is_on(instant.at_s):
            picture = np.asarray((picture * pool).clip(0, 255), np.uint8)
        return rainfall.in_scene(picture, calm) if night.rains(instant.at_s) else picture

    return Effect(in_scene=over, in_camera=headlights(setting).in_camera)


def _pool(setting: Setting) -> Field:
    """The lamp's light as a factor, `(H, W, 1)`: a soft ellipse in the middle of the ground."""
    rng = setting.rng(6)
    width, height = setting.size
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = rng.uniform(0.3, 0.8) * width, rng.uniform(0.25, 0.6) * height
    far = ((xs - x) / (0.4 * width)) ** 2 + ((ys - y) / (0.4 * height)) ** 2
    pool: Field = (1 + LAMP_GAIN * np.exp(-far)).astype(np.float32)[..., None]
    return pool
