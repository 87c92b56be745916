"""A long night: when it gets dark, when lamps go on and off, when headlights sweep and someone
walks, and what the light does then before the camera and in it.

PURE. What happens is spread over the night, each in a part of its own and at a moment of its own,
so that any length of night has the same course. Dusk and dawn fade, the camera goes over to
infrared and back at once, clouds drift while there is daylight, a lamp out of view lights part of
the scene, rain falls for a while. Called by `render`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from imaging.detections import Image
from tools.demo.footage.scene import PixelField
from tools.evaluation.compose.exposure import Exposure, exposure
from tools.evaluation.compose.nuisances.effect import Effect, EffectSetting
from tools.evaluation.compose.nuisances.lights import headlights, shadows
from tools.evaluation.compose.nuisances.weather import rain
from tools.evaluation.compose.recipe import Instant, Light

What = Literal["walk", "lamp", "beams"]

DARK, INFRARED, DAYLIGHT, DAWN = 0.12, 0.14, 0.86, 0.88
"""Shares of the night: dusk has fallen; the camera goes over to its lamp, and back; dawn begins."""
RAIN = (0.35, 0.42)
BEFORE_S, AFTER_S = 1.0, 5.0
"""How long around a change of light a camera sends quickly."""
_MARGIN = 0.2
"""Share of its part of the night that lies before and after anything that happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NightPlan:
    """When what happens, in seconds from the beginning, in order."""

    seconds: float
    walks_s: tuple[float, ...]
    lamps_s: tuple[float, ...]
    beams_s: tuple[float, ...]

    def switches_s(self) -> tuple[float, float]:
        """When the camera goes over to infrared, and back."""
        return INFRARED * self.seconds, DAYLIGHT * self.seconds

    def light(self, at_s: float) -> Light:
        """The light that prevails."""
        into, back = self.switches_s()
        if into <= at_s < back:
            return "infrared"
        return "day" if self.dusk(at_s) < 0.5 else "dusk"

    def dusk(self, at_s: float) -> float:
        """How far dusk has fallen, 0 to 1; outside of infrared."""
        share = at_s / self.seconds
        fallen = share / DARK if share < 0.5 else (1 - share) / (1 - DAWN)
        return float(np.clip(fallen, 0, 1))

    def lamp_is_on(self, at_s: float) -> bool:
        return sum(switched <= at_s for switched in self.lamps_s) % 2 == 1

    def rains(self, at_s: float) -> bool:
        return RAIN[0] <= at_s / self.seconds < RAIN[1]

    def changes_s(self) -> Iterator[tuple[float, float]]:
        """Spans around the changes of light."""
        for at_s in (*self.lamps_s, *self.switches_s()):
            yield at_s - BEFORE_S, at_s + AFTER_S


def plan(seconds: float, walks: int, rng: np.random.Generator) -> NightPlan:
    """A night of that length with so many walks, half as often a lamp that is switched (evenly, so
    that it is off in the morning) and three quarters as often a car that turns."""
    lamps, beams = 2 * max(1, round(walks / 4)), max(1, round(0.75 * walks))
    happening = _in_turn({"walk": walks, "lamp": lamps, "beams": beams})
    part_s = seconds / len(happening)
    at_s: dict[What, list[float]] = {"walk": [], "lamp": [], "beams": []}
    for number, what in enumerate(happening):
        at_s[what].append(part_s * (number + float(rng.uniform(_MARGIN, 1 - _MARGIN))))
    return NightPlan(
        seconds=seconds,
        walks_s=tuple(at_s["walk"]),
        lamps_s=tuple(at_s["lamp"]),
        beams_s=tuple(at_s["beams"]),
    )


def _in_turn(counts: dict[What, int]) -> list[What]:
    """Everything, each kind evenly spread."""
    spread = ((n + 0.5) / count for count in counts.values() for n in range(count))
    kinds = (what for what, count in counts.items() for _ in range(count))
    return [what for _, what in sorted(zip(spread, kinds, strict=True))]


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
    night: NightPlan,
    size: tuple[int, int],
    noises: tuple[PixelField, ...],
    rng: np.random.Generator,
) -> NightExposure:
    """For frames of `size` (width, height)."""
    lights: tuple[Light, ...] = ("day", "dusk", "infrared")
    return NightExposure(night, {light: exposure(light, size, noises, rng) for light in lights})


def night_effect(night: NightPlan, setting: EffectSetting) -> Effect:
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


def _pool(setting: EffectSetting) -> PixelField:
    """The lamp's light as a factor, `(H, W, 1)`: a soft ellipse in the middle of the ground."""
    rng = setting.rng(6)
    width, height = setting.size
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = rng.uniform(0.3, 0.8) * width, rng.uniform(0.25, 0.6) * height
    far = ((xs - x) / (0.4 * width)) ** 2 + ((ys - y) / (0.4 * height)) ** 2
    pool: PixelField = (1 + LAMP_GAIN * np.exp(-far)).astype(np.float32)[..., None]
    return pool
