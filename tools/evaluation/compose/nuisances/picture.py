"""What the camera itself does to its picture: burned-in text, jitter, hard compression.

PURE.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from imaging.detections import Image
from tools.evaluation.compose.nuisances.effect import QUALITY, Effect, EffectSetting
from tools.evaluation.compose.recipe import Instant

_BEGIN = datetime(2024, 3, 9, 23, 58, 0, tzinfo=UTC)
"""The clock of every composed camera; soon after, every digit of the date changes."""
_NAMES = ("CAM 01", "FRONT GATE", "Einfahrt", "IPC-HFW", "CH-03 YARD")
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN)


def clock(setting: EffectSetting) -> Effect:
    """Date and time that change each second, a name, and a line of figures that jumps in bursts."""
    return _clock(setting, None)


def clock_over(setting: EffectSetting, share: float) -> Effect:
    """The same, the time not at the upper border but so far down, over what stands there."""
    return _clock(setting, share)


def _clock(setting: EffectSetting, share: float | None) -> Effect:
    rng = setting.rng(1)
    scale = setting.size[1] / 480 * float(rng.uniform(0.6, 1.3))
    font, name = _FONTS[int(rng.integers(len(_FONTS)))], _NAMES[int(rng.integers(len(_NAMES)))]
    top = round(34 * scale) if share is None else round(share * setting.size[1])
    low = setting.size[1] - round(16 * scale)

    def burn(picture: Image, instant: Instant) -> Image:
        now = _BEGIN + timedelta(seconds=instant.at_s)
        _write(picture, f"{now:%Y-%m-%d %H:%M:%S}", (12, top), font, scale)
        _write(picture, name, (setting.size[0] // 2, low), font, scale)
        if instant.stir > 0:
            figures = setting.rng(2, instant.number).integers(0, 999, 3)
            line = f"{figures[0]:03d} km/h  {figures[1]:03d}  T {figures[2] / 10:.1f}C"
            _write(picture, line, (12, setting.size[1] // 2), font, 1.6 * scale)
        return picture

    return Effect(in_camera=burn)


def _write(picture: Image, text: str, at: tuple[int, int], font: int, scale: float) -> None:
    for colour, thick in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        width = max(1, round(thick * scale))
        cv2.putText(picture, text, at, font, scale, colour, width, cv2.LINE_AA)


def camera_jitter(setting: EffectSetting) -> Effect:
    """A mast in the wind: the picture swings and turns a little, blurred while it moves fast."""
    width, height = setting.size
    tall = height * 0.018

    def swing(picture: Image, instant: Instant) -> Image:
        t, strength = instant.at_s, tall * (0.08 + instant.stir)
        x = strength * math.sin(2 * math.pi * 1.7 * t)
        y = 0.7 * strength * math.sin(2 * math.pi * 2.3 * t + 1)
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), 0.12 * x, 1.0)
        move = turn + np.array([[0, 0, x], [0, 0, y]])
        moved = cv2.warpAffine(picture, move, (width, height), borderMode=cv2.BORDER_REFLECT_101)
        speed = abs(math.cos(2 * math.pi * 1.7 * t)) * strength
        if speed > 2:
            moved = cv2.blur(moved, (max(1, round(speed / 2)), 1))
        return np.asarray(moved, np.uint8)

    return Effect(in_scene=swing)


def compression(setting: EffectSetting) -> Effect:
    """Bits run short in bursts: blocks and rings that change from frame to frame."""
    width, height = setting.size

    def smear(picture: Image, instant: Instant) -> Image:
        if instant.number % 8 == 0 or instant.stir <= 0:  # a key frame is sharp
            return picture
        small = cv2.resize(picture, (width // 3, height // 3), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (width, height)), np.uint8)

    def quality(instant: Instant) -> int:
        if instant.stir <= 0:
            return QUALITY if instant.number % 2 else 40
        return int(setting.rng(1, instant.number).integers(4, 22))

    return Effect(in_camera=smear, quality=quality)
