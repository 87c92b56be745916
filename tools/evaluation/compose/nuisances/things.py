"""Things that move or look like people: laundry, statues, posters.

PURE. Statues and posters are real people of the recording, frozen; they stand there from the first
frame to the last, and passing shadows make the gate look at them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from imaging.detections import Image
from tools.evaluation.compose.cutouts import Cutout
from tools.evaluation.compose.nuisances.effect import Effect, EffectSetting
from tools.evaluation.compose.nuisances.lights import shadows
from tools.evaluation.compose.paste import matching, paste, scaled, shade
from tools.evaluation.compose.recipe import Instant

SHAPES = (
    ((0.3, 0), (0.7, 0), (1, 0.15), (0.95, 0.5), (0.8, 0.45), (0.78, 1), (0.22, 1), (0.2, 0.45),
     (0.05, 0.5), (0, 0.15)),
    ((0.1, 0), (0.9, 0), (1, 1), (0.62, 1), (0.5, 0.35), (0.38, 1), (0, 1)),
    ((0, 0), (1, 0.02), (0.98, 1), (0.02, 0.97)),
)  # fmt: skip
"""Outlines of a shirt, trousers, a sheet, in shares of width and height."""


def laundry(setting: EffectSetting) -> Effect:
    """A line of shirts, trousers and sheets that hang still and flap in gusts."""
    rng = setting.rng(1)
    width, height = setting.size
    line_y = height * rng.uniform(0.3, 0.5)
    tall = height * rng.uniform(0.18, 0.3)
    pieces = [_piece(rng, round(tall * rng.uniform(0.8, 1.15))) for _ in range(6)]

    def hang(picture: Image, instant: Instant) -> Image:
        left = 0.08 * width
        ends = (round(0.04 * width), round(line_y)), (round(0.97 * width), round(line_y + 4))
        cv2.line(picture, *ends, (60, 60, 60), 1, cv2.LINE_AA)
        for number, piece in enumerate(pieces):
            swung = _flap(piece, instant, 1.7 * number)
            light = matching(picture, left, line_y, round(tall), 140.0)
            bright = cv2.convertScaleAbs(swung.colour, None, light)
            paste(picture, Cutout(np.asarray(bright), swung.cover), round(left), round(line_y) - 2)
            left += piece.cover.shape[1] + 0.02 * width
        return picture

    return Effect(in_scene=hang)


def _piece(rng: np.random.Generator, height: int) -> Cutout:
    """One piece of cloth with its folds; a third of it empty on both sides, to flap into."""
    shape = SHAPES[int(rng.integers(len(SHAPES)))]
    wide = round(height * rng.uniform(0.55, 0.8))
    points = [(wide * (0.33 + x), (height - 1) * y) for x, y in shape]
    cover = np.zeros((height, round(1.66 * wide)), np.uint8)
    cv2.fillPoly(cover, [np.rint(points).astype(np.int32)], (255,), cv2.LINE_AA)
    across = np.arange(cover.shape[1], dtype=np.float32)
    folds = 1 + 0.14 * np.sin(across / wide * rng.uniform(14, 26) + rng.uniform(0, 6))
    colour = rng.uniform(40, 225, 3).astype(np.float32) * folds[:, None]
    cloth = np.broadcast_to(colour.clip(0, 255).astype(np.uint8), (*cover.shape, 3))
    return Cutout(cloth.copy(), np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.8), np.uint8))


def _flap(piece: Cutout, instant: Instant, phase: float) -> Cutout:
    """Waves run down the cloth; it is held at its upper edge."""
    height, width = piece.cover.shape
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    down = ys / height
    swing = width * (0.01 + 0.14 * instant.stir)
    moved = xs + swing * down * np.sin(7 * instant.at_s + phase - 4 * down)
    lifted = ys * (1 + 0.12 * instant.stir * (1 + math.sin(5 * instant.at_s + phase)) / 2)
    colour = cv2.remap(piece.colour, moved, lifted, cv2.INTER_LINEAR)
    cover = cv2.remap(piece.cover, moved, lifted, cv2.INTER_LINEAR)
    return Cutout(np.asarray(colour, np.uint8), np.asarray(cover, np.uint8))


def statues(setting: EffectSetting) -> Effect:
    """Two people of stone or bronze on plinths."""
    return _standing(setting, 2, _statue)


def posters(setting: EffectSetting) -> Effect:
    """A poster and a display with a person on it, and a life-size figure of cardboard."""
    return _standing(setting, 3, _poster)


def night_watch(setting: EffectSetting) -> list[tuple[Cutout, float, float]]:
    """A statue in the left third and a poster in the middle, and where their feet stand: x, y;
    without passing shadows."""
    return [_placed(setting, number, 3, make) for number, make in enumerate((_statue, _poster))]


def _standing(
    setting: EffectSetting, count: int, make: Callable[[Cutout, int, np.random.Generator], Cutout]
) -> Effect:
    passing = shadows(setting)
    things = [_placed(setting, number, count, make) for number in range(count)]

    def stand(picture: Image, instant: Instant) -> Image:
        for thing, x, y in things:
            shade(picture, x, y - 1, 0.8 * thing.cover.shape[1])
            paste(picture, thing, round(x - thing.cover.shape[1] / 2), round(y) - len(thing.cover))
        return passing.in_scene(picture, instant)

    return Effect(in_scene=stand)


def _placed(
    setting: EffectSetting,
    number: int,
    count: int,
    make: Callable[[Cutout, int, np.random.Generator], Cutout],
) -> tuple[Cutout, float, float]:
    """The thing, and where its foot stands: x, y."""
    rng = setting.rng(5, number)
    width, height = setting.size
    person = setting.people[int(rng.integers(len(setting.people)))]
    frame = person.frames[int(rng.integers(len(person.frames)))]
    near = rng.uniform(0.2, 1.0)
    tall = round(height * (0.1 + 0.13 * near))
    y = height * (setting.place.far + (setting.place.near - setting.place.far) * near)
    x = width * (number + rng.uniform(0.25, 0.75)) / count
    return make(scaled(frame, tall), number, rng), x, y


def _statue(person: Cutout, number: int, rng: np.random.Generator) -> Cutout:
    """Stone or bronze: one hue, contrast of form only, on a plinth of a third of its height."""
    hue = np.array(((0.88, 0.97, 1.0), (0.5, 0.78, 0.72))[number % 2], np.float32)
    grey = cv2.cvtColor(person.colour, cv2.COLOR_BGR2GRAY).astype(np.float32)
    form = 105 + 0.55 * (cv2.GaussianBlur(grey, (0, 0), 0.6) - 60)
    stone = (form[..., None] * hue + rng.normal(0, 5, (*form.shape, 1))).clip(0, 255)
    h, w = person.cover.shape
    plinth = h // 3
    colour = np.zeros((h + plinth, w + 6, 3), np.uint8)
    cover = np.zeros((h + plinth, w + 6), np.uint8)
    colour[:h, 3 : 3 + w], cover[:h, 3 : 3 + w] = stone.astype(np.uint8), person.cover
    colour[h:], cover[h:] = (115 * hue).astype(np.uint8), 255
    colour[h : h + 3] = (150 * hue).astype(np.uint8)
    return Cutout(colour, cover)


def _poster(person: Cutout, number: int, rng: np.random.Generator) -> Cutout:
    """A framed board with the person on a plain ground; the third is cut out along its outline."""
    if number % 3 == 2:
        return person
    h, w = person.cover.shape
    rim, ground = max(2, h // 25), rng.uniform(60, 235, 3).astype(np.uint8)
    colour = np.full((round(1.25 * h), round(w + 0.45 * h), 3), 45, np.uint8)
    colour[rim:-rim, rim:-rim] = ground
    paste(colour, person, (colour.shape[1] - w) // 2, (colour.shape[0] - h) // 2)
    return Cutout(colour, np.full(colour.shape[:2], 255, np.uint8))
