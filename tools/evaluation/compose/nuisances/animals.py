"""Animals that walk through: dogs, cats, foxes and deer, drawn, and birds before the camera.

PURE. Drawn at four times the size and shrunk: body, neck, head, ears, tail, and four legs in the
gait of a walk. Another one in each burst.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from imaging.detections import Image
from tools.evaluation.compose.cutouts import Cutout
from tools.evaluation.compose.nuisances.effect import Effect, EffectSetting
from tools.evaluation.compose.paste import brightened, flipped, matching, paste, shade
from tools.evaluation.compose.recipe import Instant

FINE = 4
"""Times the size at which one is drawn before it is scaled down."""
_STRIDES = (0.0, math.pi, 0.5 * math.pi, 1.5 * math.pi)
"""Phase of each leg in a walk: each sets down a quarter after the one before."""


@dataclass(frozen=True, slots=True)
class AnimalBuild:
    """Build of an animal: height at the shoulder as a share of a person's, and lengths per
    height: body, legs, neck, tail."""

    shoulder: float
    body: float
    legs: float
    neck: float
    tail: float
    colour: tuple[int, int, int]


KINDS = (
    AnimalBuild(0.35, 1.25, 0.55, 0.30, 0.50, (50, 75, 105)),  # a dog
    AnimalBuild(0.16, 1.55, 0.45, 0.20, 0.80, (60, 60, 62)),  # a cat
    AnimalBuild(0.24, 1.50, 0.48, 0.25, 0.75, (40, 95, 165)),  # a fox
    AnimalBuild(0.55, 1.15, 0.60, 0.60, 0.12, (70, 100, 130)),  # a roe deer
    AnimalBuild(0.38, 1.20, 0.52, 0.28, 0.45, (215, 222, 228)),  # a white dog
)


def animals(setting: EffectSetting) -> Effect:
    """One animal walks or trots through in each burst."""
    width, height = setting.size

    def pass_by(picture: Image, instant: Instant) -> Image:
        if instant.stir <= 0:
            return picture
        rng = setting.rng(1, instant.burst)
        kind, near = KINDS[int(rng.integers(len(KINDS)))], rng.uniform(0.15, 1.0)
        person = height * (0.1 + 0.25 * near)
        y = height * (setting.place.far + (setting.place.near - setting.place.far) * near)
        way = person * rng.uniform(0.6, 1.6) * instant.since_s
        x = rng.uniform(0.05, 0.6) * width + way
        animal = _drawn(kind, person * kind.shoulder, way, rng)
        if rng.integers(2):
            animal, x = flipped(animal), width - x
        if setting.light == "infrared":
            animal = brightened(animal, 0.6, 100)
        else:
            animal = brightened(animal, matching(picture, x, y, round(person), 120.0))
        shade(picture, x, y - 1, 0.9 * animal.cover.shape[1])
        paste(picture, animal, round(x - animal.cover.shape[1] / 2), round(y) - len(animal.cover))
        return picture

    return Effect(in_scene=pass_by)


def _drawn(
    kind: AnimalBuild, shoulder_px: float, way_px: float, rng: np.random.Generator
) -> Cutout:
    """The animal, facing right, after walking `way_px`."""
    s = shoulder_px * FINE
    long, tall = round(s * (kind.body + 1.5)), round(s * (1.25 + kind.neck))
    cover = np.zeros((tall, long), np.uint8)
    back_y, left, right = tall - s, 0.75 * s, (0.75 + kind.body) * s
    _body(cover, kind, s, (left, right, back_y))
    step = way_px * FINE / (0.9 * s) * math.pi
    for leg, phase in enumerate(_STRIDES):
        hip = (left + 0.12 * s) if leg % 2 else (right - 0.15 * s)
        _leg(cover, hip, back_y + (1 - kind.legs) * s, tall - 1, s, step + phase)
    return _coloured(cover, kind, rng)


def _body(cover: Image, kind: AnimalBuild, s: float, at: tuple[float, float, float]) -> None:
    left, right, back_y = at
    deep = (1 - kind.legs) * s
    middle = round((left + right) / 2), round(back_y + 0.55 * deep)
    _ellipse(cover, middle, ((right - left) / 2, 0.55 * deep), 0)
    _ellipse(cover, (round(right - 0.12 * s), round(back_y + 0.55 * deep)), (0.3 * s, 0.6 * deep))
    head = round(right + 0.22 * s + 0.2 * kind.neck * s), round(back_y - (kind.neck - 0.1) * s)
    neck = max(2, round(0.26 * s))
    cv2.line(cover, (round(right - 0.1 * s), round(back_y + 0.3 * deep)), head, (255,), neck)
    _ellipse(cover, head, (0.24 * s, 0.15 * s), 20)
    ear = [(head[0] - 0.12 * s, head[1]), (head[0] - 0.16 * s, head[1] - 0.26 * s), head]
    cv2.fillPoly(cover, [np.rint(ear).astype(np.int32)], (255,))
    tip = round(left - kind.tail * 0.8 * s), round(back_y + 0.1 * s)
    cv2.line(cover, (round(left + 0.1 * s), round(back_y + 0.3 * deep)), tip, (255,), neck // 2)


def _ellipse(
    cover: Image, at: tuple[int, int], axes: tuple[float, float], angle: float = 0
) -> None:
    whole = max(1, round(axes[0])), max(1, round(axes[1]))
    cv2.ellipse(cover, at, whole, angle, 0, 360, (255,), cv2.FILLED)


def _leg(cover: Image, hip: float, top: float, ground: int, s: float, phase: float) -> None:
    swing, lift = 0.2 * s * math.sin(phase), 0.08 * s * max(0.0, math.cos(phase))
    knee = round(hip + 0.6 * swing), round((top + ground) / 2)
    paw = round(hip + swing), round(ground - lift)
    for ends, wide in ((((round(hip), round(top)), knee), 0.17), ((knee, paw), 0.1)):
        cv2.line(cover, *ends, (255,), max(2, round(wide * s)))


def _coloured(cover: Image, kind: AnimalBuild, rng: np.random.Generator) -> Cutout:
    """Fur: blotches, lighter above, darker below; shrunk to its size."""
    height, width = cover.shape[:2]
    small = max(3, width // FINE), max(3, height // FINE)
    fur = cv2.GaussianBlur(rng.standard_normal((small[1], small[0])), (0, 0), 1.5)
    light = np.linspace(1.2, 0.75, small[1])[:, None] + 0.25 * fur
    colour = (np.asarray(kind.colour) * light[..., None]).clip(0, 255).astype(np.uint8)
    shrunk = cv2.resize(cover, small, interpolation=cv2.INTER_AREA)
    return Cutout(colour, np.asarray(cv2.GaussianBlur(shrunk, (0, 0), 0.6), np.uint8))
