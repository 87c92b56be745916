"""Is it day or night in the picture?

PURE. Measured, not asked of a clock: dark, or without colour as infrared pictures are. Two limits
and a time keep dusk and headlights from switching to and fro. Called once per analysed frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge.config.schema import DayNightConfig
from imaging.detections import Image

_EVERY = 8
"""Pixels between two that are measured, each way: 14 thousand of a megapixel are plenty for a
mean."""

_LUMA = (0.114, 0.587, 0.299)
"""Weights of blue, green and red in ITU-R BT.601, on which JPEG's luma is defined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayNightState:
    """What is known of one camera's light; times are monotonic seconds, `other_since_s` since when
    the picture says otherwise."""

    night: bool = False
    luma: float = 0.0
    chroma: float = 0.0
    seen_at_s: float = float("-inf")
    other_since_s: float | None = None


def measure(image: Image) -> tuple[float, float]:
    """Mean luma of a BGR image, and mean spread of a pixel's channels, both in grey levels."""
    sample = np.ascontiguousarray(image[::_EVERY, ::_EVERY])
    blue, green, red = cv2.split(sample)
    most, least = cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red)
    means = cv2.mean(sample)[:3]
    luma = sum(mean * weight for mean, weight in zip(means, _LUMA, strict=True))
    return luma, cv2.mean(cv2.subtract(most, least))[0]


def step(state: DayNightState, image: Image, now: float, settings: DayNightConfig) -> DayNightState:
    """The light after a frame; after a pause of `hold_s` the first picture decides."""
    if not settings.enabled:
        return DayNightState()
    luma, chroma = measure(image)
    paused = now - state.seen_at_s > settings.hold_s
    night = _seems(luma, chroma, state.night and not paused, settings)
    seen = replace(state, luma=luma, chroma=chroma, seen_at_s=now)
    if night == state.night:
        return replace(seen, other_since_s=None)
    since_s = now if state.other_since_s is None else state.other_since_s
    if paused or now - since_s >= settings.hold_s:
        return replace(seen, night=night, other_since_s=None)
    return replace(seen, other_since_s=since_s)


def _seems(luma: float, chroma: float, night: bool, settings: DayNightConfig) -> bool:
    """Night by either sign; day, once it was night, only by both."""
    dark = luma < (settings.day_luma if night else settings.night_luma)
    colourless = chroma < (settings.day_chroma if night else settings.night_chroma)
    return dark or (settings.infrared and colourless)
