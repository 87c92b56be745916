"""Actors: people on their way, cars that stand and drive, doors that open.

PURE. Positions are pixels of the frame as drawn, times seconds of the sequence. Called by `acts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from tools.evaluation.compose.bodies import Figure
from tools.evaluation.compose.cast import ActorInFrame
from tools.evaluation.compose.cutouts import Cutout
from tools.evaluation.compose.paste import flipped, scaled

OPENS_S = 0.75
"""A car's door swings open in this."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A point (x, foot's y) of a path and when it is passed."""

    at_s: float
    x: float
    y: float


Route = tuple[Stop, ...]


def place(path: Route, at_s: float) -> tuple[float, float] | None:
    """Where on the path, in a straight line between stops; None before and after."""
    if not path[0].at_s <= at_s <= path[-1].at_s:
        return None
    times = [stop.at_s for stop in path]
    x = np.interp(at_s, times, [stop.x for stop in path])
    return float(x), float(np.interp(at_s, times, [stop.y for stop in path]))


def moved_s(path: Route, at_s: float) -> float:
    """How many seconds of the way so far were spent moving: who stands makes no steps."""
    return sum(
        min(at_s, b.at_s) - a.at_s
        for a, b in pairwise(path)
        if at_s > a.at_s and (a.x, a.y) != (b.x, b.y)
    )


def heading(path: Route, at_s: float) -> tuple[float, float]:
    """The direction (x, y) of the leg that is walked then, or was walked last."""
    legs = [
        (b.x - a.x, b.y - a.y)
        for a, b in pairwise(path)
        if a.at_s <= at_s and (a.x, a.y) != (b.x, b.y)
    ]
    return legs[-1] if legs else (path[-1].x - path[0].x, path[-1].y - path[0].y)


@dataclass(frozen=True, slots=True, kw_only=True)
class Someone:
    """A person on a path, `tall_px` tall when upright. `above`: seen from straight above, so that
    they turn with their way and their place is their middle."""

    figure: Figure
    path: Route
    tall_px: float
    phase: float = 0.0
    above: bool = False
    label: str = "person"

    def part(self, at_s: float) -> ActorInFrame | None:
        where = place(self.path, at_s)
        if where is None:
            return None
        look = self._look(at_s)
        h, w = look.cover.shape
        top = round(where[1] - h / 2) if self.above else round(where[1]) - h
        return ActorInFrame(
            label=self.label,
            cutout=look,
            left=round(where[0] - w / 2),
            top=top,
            foot_px=where[1],
            moving=True,
            ground=self.figure.person.ground,
            tall_px=float(max(h, w) if self.above else h),
            shadow_px=0.45 * self.tall_px,
        )

    def _look(self, at_s: float) -> Cutout:
        person = self.figure.person
        step = int(moved_s(self.path, at_s) * person.fps + self.phase * len(person.frames))
        frame = person.frames[step % len(person.frames)]
        share = self.tall_px / self.figure.standing_px
        seen = scaled(frame, max(2, round(len(frame.cover) * share)))
        x, y = heading(self.path, at_s)
        if self.above:
            return turned(seen, float(np.degrees(np.arctan2(y, x))))
        return seen if (x >= 0) == person.rightwards else flipped(seen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """A car at `home` (middle, foot) that is away on `trips`: each a path out and one back."""

    cutout: Cutout
    home: tuple[float, float]
    ground: float
    trips: tuple[tuple[Route, Route], ...] = ()

    def part(self, at_s: float) -> ActorInFrame | None:
        where, moving = self._where(at_s)
        return None if where is None else self._part(where, moving=moving)

    def parked(self) -> ActorInFrame:
        """At home."""
        return self._part(self.home, moving=False)

    def _part(self, where: tuple[float, float], *, moving: bool) -> ActorInFrame:
        h, w = self.cutout.cover.shape
        return ActorInFrame(
            label="car",
            cutout=self.cutout,
            left=round(where[0] - w / 2),
            top=round(where[1]) - h,
            foot_px=where[1],
            moving=moving,
            ground=self.ground,
            tall_px=float(h),
            shadow_px=0.8 * w,
        )

    def away_s(self) -> tuple[tuple[float, float], ...]:
        """From when to when it does not stand at home."""
        return tuple((out[0].at_s, back[-1].at_s) for out, back in self.trips)

    def _where(self, at_s: float) -> tuple[tuple[float, float] | None, bool]:
        for out, back in self.trips:
            if out[0].at_s < at_s < back[-1].at_s:
                return place(out, at_s) or place(back, at_s), True
        return self.home, False


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The door of a parked car, open from `open_s[0]` to `open_s[1]`: `tall_px` high, `wide_px`
    wide when open, hinged at `hinge` (x, foot), swinging to the right if `right`; of the car's
    paint. `near_px` puts it before the car."""

    hinge: tuple[float, float]
    near_px: float
    tall_px: float
    wide_px: float
    right: bool
    paint: tuple[int, int, int]
    open_s: tuple[float, float]
    ground: float

    def part(self, at_s: float) -> ActorInFrame | None:
        begin_s, end_s = self.open_s
        swung = min(at_s - begin_s, end_s - at_s) / OPENS_S
        if swung <= 0:
            return None
        look = door(self.tall_px, max(2.0, self.wide_px * min(1.0, swung)), self.paint)
        look = look if self.right else flipped(look)
        h, w = look.cover.shape
        return ActorInFrame(
            label="",
            cutout=look,
            left=round(self.hinge[0]) - (0 if self.right else w),
            top=round(self.hinge[1]) - h,
            foot_px=self.near_px,
            moving=True,
            ground=self.ground,
            tall_px=self.tall_px,
        )


def door(tall_px: float, wide_px: float, paint: tuple[int, int, int]) -> Cutout:
    """A leaf of sheet metal with a dark window in its upper third, its far edge a little lower."""
    h, w = max(4, round(tall_px)), max(2, round(wide_px))
    colour, cover = np.zeros((h, w, 3), np.uint8), np.zeros((h, w), np.uint8)
    sink = 0.1 * h
    leaf = [(0, 0), (w - 1, sink), (w - 1, h - 1), (0, h - 1 - sink)]
    pane = [
        (0.12 * w, 0.1 * h),
        (0.85 * w, sink + 0.08 * h),
        (0.85 * w, 0.45 * h),
        (0.12 * w, 0.4 * h),
    ]
    cv2.fillPoly(cover, [_points(leaf)], (255,), cv2.LINE_AA)
    colour[:] = paint
    cv2.fillPoly(colour, [_points(pane)], (45, 42, 40), cv2.LINE_AA)
    return Cutout(colour, cover)


def turned(cutout: Cutout, degrees: float) -> Cutout:
    """Turned clockwise about its middle, tight to the box again."""
    h, w = cutout.cover.shape
    side = int(np.ceil(np.hypot(h, w))) + 2
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), -degrees, 1.0)
    turn = turn + np.array([[0, 0, (side - w) / 2], [0, 0, (side - h) / 2]])
    share = cutout.cover[..., None].astype(np.float32) / 255
    light = cv2.warpAffine(cutout.colour * share, turn, (side, side))
    cover = cv2.warpAffine(share[..., 0], turn, (side, side))
    colour = (light / np.maximum(cover, 1e-2)[..., None]).clip(0, 255).astype(np.uint8)
    soft = np.rint(255 * cover).clip(0, 255).astype(np.uint8)
    ys, xs = np.nonzero(soft > 127)
    if not ys.size:
        return cutout
    tight = slice(int(ys.min()), int(ys.max()) + 1), slice(int(xs.min()), int(xs.max()) + 1)
    return Cutout(np.ascontiguousarray(colour[tight]), np.ascontiguousarray(soft[tight]))


def _points(
    points: Sequence[tuple[float, float]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return np.rint(points).astype(np.int32)
