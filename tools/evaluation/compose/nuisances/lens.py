"""What lives in front of the lens: insects and spider webs, out of focus and lit by the lamp.

PURE.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from imaging.detections import Image
from tools.demo.footage.scene import PixelField
from tools.evaluation.compose.cutouts import CutoutMask
from tools.evaluation.compose.nuisances.effect import Effect, EffectSetting
from tools.evaluation.compose.recipe import Instant


def insects(setting: EffectSetting) -> Effect:
    """One to four in each burst, on curved paths, streaked by their speed."""
    level = 40.0 if setting.light == "day" else 235.0

    def swarm(picture: Image, instant: Instant) -> Image:
        if instant.stir <= 0:
            return picture
        rng = setting.rng(1, instant.burst)
        veil = np.zeros(picture.shape[:2], np.uint8)
        blur = 1.0
        for _ in range(int(rng.integers(1, 5))):
            radius = float(rng.uniform(0.01, 0.05)) * setting.size[1]
            path = _path(rng, setting.size)
            _streak(veil, path, instant.since_s, radius)
            blur = max(blur, radius / 3)
        return _over(picture, np.asarray(cv2.GaussianBlur(veil, (0, 0), blur), np.float32), level)

    return Effect(in_scene=swarm)


def _path(rng: np.random.Generator, size: tuple[int, int]) -> PixelField:
    """Coefficients `(2, 4)` of a curve that stays before the lens: middle, amplitude, rate, phase,
    along and down."""
    rows = [
        (
            rng.uniform(0.25, 0.75) * length,
            rng.uniform(0.15, 0.5) * length,
            rng.uniform(0.7, 4),
            rng.uniform(0, 2 * math.pi),
        )
        for length in size
    ]
    return np.asarray(rows, np.float32)


def _at(path: PixelField, at_s: float) -> tuple[int, int]:
    middle, swing, rate, phase = path.T
    where = middle + swing * np.sin(rate * at_s + phase)
    return round(float(where[0])), round(float(where[1]))


def _streak(veil: CutoutMask, path: PixelField, at_s: float, radius: float) -> None:
    """Where the insect was while the shutter was open for a thirtieth of a second."""
    wide = max(2, round(2 * radius))
    cv2.line(veil, _at(path, at_s), _at(path, at_s + 1 / 30), (220,), wide, cv2.LINE_AA)


def webs(setting: EffectSetting) -> Effect:
    """Threads across a part of the picture that sway in the wind, and their spider at work."""
    level = 205.0 if setting.light == "day" else 245.0
    rng = setting.rng(1)
    width, height = setting.size
    hub = np.array([rng.uniform(0.1, 0.9) * width, rng.uniform(0.0, 0.5) * height])
    web = _web(rng, setting.size, hub)

    def sway(picture: Image, instant: Instant) -> Image:
        swing = 0.8 + 6 * instant.stir
        shift_x = swing * math.sin(2.3 * instant.at_s)
        shift_y = 0.5 * swing * math.sin(3.1 * instant.at_s)
        move = np.array([[1, 0, shift_x], [0, 1, shift_y]], np.float32)
        moved = cv2.warpAffine(web, move, (width, height), flags=cv2.INTER_LINEAR)
        veil = np.asarray(moved, np.uint8)
        if instant.stir > 0:
            _spider(veil, hub, setting.rng(2, instant.burst), instant.since_s, height)
        return _over(picture, veil.astype(np.float32), level)

    return Effect(in_scene=sway)


def _web(rng: np.random.Generator, size: tuple[int, int], hub: PixelField) -> CutoutMask:
    veil = np.zeros((size[1], size[0]), np.uint8)
    reach = size[1] * rng.uniform(0.45, 0.9)
    angles = np.sort(rng.uniform(0, 2 * math.pi, 15))
    spokes = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    for spoke in spokes:
        cv2.line(veil, _point(hub), _point(hub + reach * spoke), (200,), 2, cv2.LINE_AA)
    for ring in range(1, 12):
        bow = hub + spokes * (reach * ring / 12 * rng.uniform(0.93, 1.05, (15, 1)))
        cv2.polylines(veil, [np.rint(bow).astype(np.int32)], True, (170,), 1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(veil, (0, 0), size[1] / 300), np.uint8)


def _spider(
    veil: CutoutMask, hub: PixelField, rng: np.random.Generator, at_s: float, height: int
) -> None:
    """Climbs along a thread, legs and all, out of focus."""
    way = np.array([rng.uniform(-1, 1), rng.uniform(0.1, 1)]) * height * 0.1
    at, body = hub + way * at_s, height * 0.018
    drawn = np.zeros_like(veil)
    for leg in range(8):
        angle = leg * math.pi / 4 + 0.3 * math.sin(9 * at_s + leg)
        tip = at + 3 * body * np.array([math.cos(angle), math.sin(angle)])
        cv2.line(drawn, _point(at), _point(tip), (150,), 2, cv2.LINE_AA)
    cv2.circle(drawn, _point(at), round(body), (215,), cv2.FILLED, cv2.LINE_AA)
    np.maximum(veil, cv2.GaussianBlur(drawn, (0, 0), body / 4), out=veil)


def _point(at: PixelField) -> tuple[int, int]:
    return round(float(at[0])), round(float(at[1]))


def _over(picture: Image, veil: PixelField, level: float) -> Image:
    """The grey `level` over the picture, as strongly as the veil (0..255) says."""
    share = (veil / 255)[..., None]
    return np.asarray(picture * (1 - share) + level * share, np.uint8)
