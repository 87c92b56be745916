"""A large ball that the wind rolls across the scene: it moves, and is no person and no vehicle.

PURE. Drawn at four times the size and scaled down, so that its edge is soft; lit from above, with
a shadow on the ground. Called by `clips`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from imaging.detections import Image
from tools.demo.footage.scene import PixelField

FINE = 4
"""Times the size at which it is drawn before it is scaled down."""
SEGMENTS = ((235, 235, 235), (235, 235, 235), (40, 40, 40), (235, 235, 235))
"""The panels, BGR, twice round: white, with a black one on either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    """Where the ball is: centre and radius in pixels, turn in radians, height of its bounce."""

    x: float
    y: float
    radius: float
    turn: float
    lift: float


def path(phase: float, width: int, height: int) -> Ball | None:
    """The ball at share `phase` of the clip, or None while it is out of the picture.

    It comes twice: rolls in from the left, and bounces back from the right nearer the camera.
    """
    if 0.12 <= phase < 0.48:
        return _roll((phase - 0.12) / 0.36, width, height, rightwards=True)
    if 0.6 <= phase < 0.9:
        return _roll((phase - 0.6) / 0.3, width, height, rightwards=False)
    return None


def _roll(way: float, width: int, height: int, *, rightwards: bool) -> Ball:
    """The ball at share `way` of its way across; nearer the camera it is larger."""
    radius = height * (0.026 if rightwards else 0.034)
    along = way if rightwards else 1 - way
    x = -2 * radius + along * (width + 4 * radius)
    ground = height * ((0.44 + 0.2 * way) if rightwards else (0.72 - 0.06 * way))
    hop = 0.0 if rightwards else abs(math.sin(6 * math.pi * way)) * 1.6 * radius
    return Ball(x=x, y=ground - radius, radius=radius, turn=x / radius, lift=hop)


def draw(picture: Image, ball: Ball) -> Image:
    """`picture` with the ball and its shadow on it."""
    shaded = _shadow(picture.astype(np.float32), ball)
    cover, colour = _sphere(ball)
    half = cover.shape[0] // 2
    left, top = round(ball.x) - half, round(ball.y - ball.lift) - half
    _lay(shaded, colour, cover, left, top)
    return np.clip(np.rint(shaded), 0, 255).astype(np.uint8)


def _shadow(picture: PixelField, ball: Ball) -> PixelField:
    dark = np.zeros(picture.shape[:2], np.float32)
    size = (round(ball.radius * 1.1 * 16), round(ball.radius * 0.35 * 16))
    centre = (round(ball.x * 16), round((ball.y + ball.radius) * 16))
    cv2.ellipse(dark, centre, size, 0, 0, 360, (1.0,), -1, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(dark, (0, 0), 2)
    return picture * (1 - 0.45 * soft[..., None])


def _sphere(ball: Ball) -> tuple[PixelField, PixelField]:
    """Cover `(S, S)` 0..1 and colour `(S, S, 3)` of the ball, with S odd."""
    half = math.ceil(ball.radius) + 2
    side = 2 * half + 1
    grid = (np.arange(side * FINE, dtype=np.float32) + 0.5) / FINE - side / 2
    xs, ys = np.meshgrid(grid / ball.radius, grid / ball.radius)
    inside = (xs**2 + ys**2) <= 1
    depth = np.sqrt(np.clip(1 - xs**2 - ys**2, 0, 1))
    angle = np.arctan2(ys, xs) + ball.turn
    panel = (np.floor(angle / (math.pi / 4)).astype(int)) % len(SEGMENTS)
    light = 0.5 + 0.35 * depth - 0.25 * ys
    colour = np.asarray(SEGMENTS, np.float32)[panel] * np.clip(light, 0.25, 1.05)[..., None]
    return _shrink(inside.astype(np.float32), side), _shrink(colour * inside[..., None], side)


def _shrink(fine: PixelField, side: int) -> PixelField:
    return np.asarray(cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA), np.float32)


def _lay(picture: PixelField, colour: PixelField, cover: PixelField, left: int, top: int) -> None:
    """Lay `colour` (already weighted by `cover`) onto `picture`, cut at its edges."""
    height, width = picture.shape[:2]
    side = cover.shape[0]
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x0 >= x1 or y0 >= y1:
        return
    part = slice(y0 - top, y1 - top), slice(x0 - left, x1 - left)
    under = picture[y0:y1, x0:x1]
    picture[y0:y1, x0:x1] = under * (1 - cover[part][..., None]) + colour[part]
