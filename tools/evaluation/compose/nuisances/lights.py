"""Light that moves or shakes: shadows of clouds and branches, headlights, lamps.

PURE. No lamp is in the picture, only what it lights.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from imaging.detections import Image
from tools.demo.footage.light import Shadows
from tools.demo.footage.scene import PixelField
from tools.evaluation.compose.nuisances.effect import Effect, EffectSetting
from tools.evaluation.compose.recipe import Instant

COARSE = 2
"""Shadows are soft: half of the resolution is enough for them."""
CLOUDS_S = 40.0
"""A bank of clouds takes this long to pass."""


def shadows(setting: EffectSetting) -> Effect:
    """Clouds pass and branches sway, and a hard-edged shadow, as of someone out of view, comes in
    and goes."""
    width, height = setting.size
    field = Shadows(height // COARSE, width // COARSE, setting.seed % 2**32)

    def cast(picture: Image, instant: Instant) -> Image:
        light = cv2.resize(field.at(instant.at_s / CLOUDS_S % 1.0), setting.size)
        if instant.stir > 0:
            light = light * _long_shadow(setting, instant)
        return np.asarray((picture * light[..., None]).clip(0, 255), np.uint8)

    return Effect(in_scene=cast)


def _long_shadow(setting: EffectSetting, instant: Instant) -> PixelField:
    """A tall figure's shadow on the ground, which grows from the lower edge."""
    width, height = setting.size
    rng = setting.rng(3, instant.burst)
    x = rng.uniform(0.1, 0.9) * width + rng.uniform(-0.08, 0.08) * width * instant.since_s
    tall, wide = height * 0.5 * instant.stir, width * rng.uniform(0.03, 0.06)
    lean = rng.uniform(-0.5, 0.5) * tall
    foot = np.array([[x - wide, height], [x + wide, height]])
    shoulder = np.array([[x + wide + lean, height - tall], [x - wide + lean, height - tall]])
    dark = np.zeros((height, width), np.float32)
    cv2.fillPoly(dark, [np.rint(np.vstack([foot, shoulder])).astype(np.int32)], (1.0,))
    head = round(x + 1.15 * lean), round(height - 1.15 * tall)
    cv2.circle(dark, head, max(1, round(0.8 * wide)), (1.0,), cv2.FILLED)
    soft: PixelField = 1 - 0.38 * cv2.GaussianBlur(dark, (0, 0), 2.5)
    return soft


def headlights(setting: EffectSetting) -> Effect:
    """The beams of a car that turns somewhere out of view sweep over the scene."""
    width, height = setting.size
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)

    def sweep(picture: Image, instant: Instant) -> Image:
        if instant.stir <= 0:
            return picture
        rng = setting.rng(1, instant.burst)
        way = instant.since_s / 5 * 1.6 - 0.3
        x = (way if rng.integers(2) else 1 - way) * width
        y = rng.uniform(0.35, 0.8) * height
        beams = sum(_pool(xs - x - side * 0.09 * width, ys - y, setting.size) for side in (-1, 1))
        warm = np.array([0.85, 0.97, 1.0], np.float32)
        gain = 1 + 1.9 * np.asarray(beams, np.float32)[..., None] * warm
        return np.asarray((picture * gain + 6 * (gain - 1)).clip(0, 255), np.uint8)

    return Effect(in_camera=sweep)


def _pool(dx: PixelField, dy: PixelField, size: tuple[int, int]) -> PixelField:
    """Where a beam falls: a soft ellipse, lying."""
    pool: PixelField = np.exp(-((dx / (0.13 * size[0])) ** 2) - (dy / (0.16 * size[1])) ** 2)
    return pool


def flicker(setting: EffectSetting) -> Effect:
    """A failing lamp: the whole picture beats, rows in bands; between bursts it may stay off."""
    rows = np.linspace(0, 1, setting.size[1], dtype=np.float32)

    def beat(picture: Image, instant: Instant) -> Image:
        rng = setting.rng(1, instant.number)
        band = np.sin(2 * math.pi * (rows * 2.5 + rng.uniform()))
        off = 0.55 if setting.rng(2, instant.burst).uniform() < 0.4 and instant.stir > 0.6 else 1.0
        whole = 1 + instant.stir * rng.uniform(-0.25, 0.1)
        gain = off * whole * (1 + (0.02 + 0.06 * instant.stir) * band)
        return np.asarray((picture * gain[:, None, None]).clip(0, 255), np.uint8)

    return Effect(in_scene=beat)
