"""The three clips, frame by frame.

PURE. `walkers`: real people, with real empty minutes between; `empty`: nobody, under shaking light
and travelling shadows; `object`: a ball rolls by. Nothing that stands in the scene is painted over.
Each function yields the frames of one clip at `FPS`; the same recording gives the same frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from imaging.detections import Image
from tools.demo.footage import ball, light
from tools.demo.footage.scene import EmptyScene, PixelField, expose, noise

FPS = 5
RECORDED_FPS = 10
SEED = 20100


@dataclass(frozen=True, slots=True)
class ClipStretch:
    """A stretch of the walkers' clip: so many seconds, empty or real frames from `start` on."""

    seconds: int
    start: int | None = None


WALKERS = (
    ClipStretch(8),
    ClipStretch(14, 160),
    ClipStretch(12),
    ClipStretch(14, 520),
    ClipStretch(12),
)
EMPTY_S = 40
OBJECT_S = 40


def walkers(scene: EmptyScene, parts: Sequence[ClipStretch] = WALKERS) -> Iterator[Image]:
    """Empty and peopled stretches in turn, under one slow drift of the light."""
    total = FPS * sum(part.seconds for part in parts)
    number = 0
    for part in parts:
        for step in range(FPS * part.seconds):
            factor = light.drift(number / total)
            yield (
                _empty(scene, number, factor)
                if part.start is None
                else expose(_recorded(scene, part.start, step), factor)
            )
            number += 1


def _recorded(scene: EmptyScene, start: int, step: int) -> Image:
    number = start + step * RECORDED_FPS // FPS
    return scene.recording[number % len(scene.recording)]


def _empty(scene: EmptyScene, number: int, factor: PixelField | float) -> Image:
    return expose(scene.background + noise(scene, number * RECORDED_FPS // FPS), factor)


def empty(scene: EmptyScene, seconds: int = EMPTY_S) -> Iterator[Image]:
    """Nobody; the light shakes, clouds pass and a tree's shadow sways."""
    height, width = scene.background.shape[:2]
    shadows = light.Shadows(height, width, SEED)
    for number in range(FPS * seconds):
        phase = number / (FPS * seconds)
        yield _empty(scene, number, shadows.at(phase) * np.float32(light.flicker(phase)))


def rolling(scene: EmptyScene, seconds: int = OBJECT_S) -> Iterator[Image]:
    """A ball rolls through and comes back."""
    height, width = scene.background.shape[:2]
    for number in range(FPS * seconds):
        phase = number / (FPS * seconds)
        picture = _empty(scene, number, light.drift(phase))
        where = ball.path(phase, width, height)
        yield picture if where is None else ball.draw(picture, where)
