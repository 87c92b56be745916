"""Scenes whose identities are known exactly: walkers and cars as boxes, and what a network sees.

PURE. A thing is a path of its feet over time with its height; a camera takes it at any frame rate;
a network misses it at times, shakes its box, does not see what is hidden behind another, and sees
what is not there. Everything follows from the seed. Pixels of a 1280 x 720 picture, seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from imaging.polygons import Box

WIDTH, HEIGHT = 1280.0, 720.0
WALKS = 0.82
"""Heights per second: 1.4 m/s at 1.7 m."""

FOUND = 0.85
"""Share of the frames in which a small network finds a thing in plain view."""

SHAKES = 0.05
"""Standard deviation of a box's edges in heights."""

FALSE_PER_FRAME = 0.1
HIDDEN_SHARE = 0.6
"""A thing of which this much is covered by a nearer one is not found."""

Feet = tuple[float, float, float]
"""Feet x, y and height."""

Trajectory = Callable[[float], Feet | None]
"""Where a thing stands at a time; None while it is out of view or hidden."""


@dataclass(frozen=True, slots=True)
class SceneObject:
    label: str
    path: Trajectory
    broad: float = 0.4
    found: float = FOUND


@dataclass(frozen=True, slots=True)
class SceneDetection:
    """One detection; `thing` is the index of what it shows, None for a false one."""

    box: Box
    score: float
    label: str
    thing: int | None


@dataclass(frozen=True, slots=True)
class TrackingScene:
    """Frames at `fps`, each with its detections by falling score."""

    name: str
    fps: float
    frames: tuple[tuple[SceneDetection, ...], ...]


Rng = np.random.Generator


def record(
    name: str, objects: Sequence[SceneObject], fps: float, rng: Rng, seconds: float = 30.0
) -> TrackingScene:
    """What a network sees of `objects`, until all have gone or `seconds` are over."""
    count = max(12, round(seconds * fps))
    frames = tuple(_frame(objects, n / fps, rng) for n in range(count))
    return TrackingScene(name, fps, frames)


def _frame(objects: Sequence[SceneObject], t: float, rng: Rng) -> tuple[SceneDetection, ...]:
    standing = [(n, thing, thing.path(t)) for n, thing in enumerate(objects)]
    boxes = {n: _box(place, thing.broad) for n, thing, place in standing if place is not None}
    seen = []
    for n, thing, place in standing:
        draw, shake, score = rng.random(), rng.normal(0, SHAKES, 4), rng.normal(0.5, 0.13)
        if place is None or draw > thing.found or _hidden(n, boxes):
            continue
        box = tuple(edge + off * place[2] for edge, off in zip(boxes[n], shake, strict=True))
        seen.append(SceneDetection(_four(box), float(np.clip(score, 0.25, 0.95)), thing.label, n))
    seen += [_false(rng) for _ in range(rng.poisson(FALSE_PER_FRAME))]
    return tuple(sorted(seen, key=lambda sighting: -sighting.score))


def _box(standing: Feet, broad: float) -> Box:
    x, y, height = standing
    return x - broad * height / 2, y - height, x + broad * height / 2, y


def _four(values: Sequence[float]) -> Box:
    x0, y0, x1, y1 = (float(value) for value in values)
    return x0, y0, x1, y1


def _hidden(n: int, boxes: dict[int, Box]) -> bool:
    mine = boxes[n]
    area = (mine[2] - mine[0]) * (mine[3] - mine[1])
    nearer = (box for other, box in boxes.items() if other != n and box[3] > mine[3])
    return any(_common(mine, box) > HIDDEN_SHARE * area for box in nearer)


def _common(a: Box, b: Box) -> float:
    across, along = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(across, 0.0) * max(along, 0.0)


def _false(rng: Rng) -> SceneDetection:
    height = float(rng.uniform(25, 120))
    place = (float(rng.uniform(0, WIDTH)), float(rng.uniform(height, HEIGHT)), height)
    return SceneDetection(_box(place, 0.4), float(rng.uniform(0.25, 0.45)), "person", None)


def straight(start: Feet, pace: float, heading: float, begin_s: float = 0.0) -> Trajectory:
    """A walk at `pace` heights per second from `start` on, until the edge of the picture."""
    x, y, height = start
    dx, dy = pace * height * math.cos(heading), pace * height * math.sin(heading)

    def path(t: float) -> Feet | None:
        gone = t - begin_s
        place = (x + dx * gone, y + dy * gone, height)
        inside = 0 <= place[0] <= WIDTH and height <= place[1] <= HEIGHT
        return place if gone >= 0 and inside else None

    return path


def there_and_back(
    start: Feet, pace: float, heading: float, turn_s: float, rest_s: float
) -> Trajectory:
    """A walk that halts after `turn_s` for `rest_s` and then goes back."""
    x, y, height = start
    dx, dy = pace * height * math.cos(heading), pace * height * math.sin(heading)

    def path(t: float) -> Feet | None:
        gone = min(t, turn_s) - max(0.0, t - turn_s - rest_s)
        place = (x + dx * gone, y + dy * gone, height)
        return place if 0 <= place[0] <= WIDTH and gone > -4 else None

    return path


def behind(path: Trajectory, from_x: float, to_x: float) -> Trajectory:
    """The path where a column hides whoever is between two abscissas."""

    def hidden(t: float) -> Feet | None:
        place = path(t)
        return None if place is None or from_x <= place[0] <= to_x else place

    return hidden


def approach(x: float, pace: float, far_m: float, near_m: float) -> Trajectory:
    """Somebody who comes towards the camera: heights grow as distance shrinks."""

    def path(t: float) -> Feet | None:
        distance = far_m - pace * 1.7 * t
        height = 900.0 / distance if distance > near_m else 0.0
        return (x, 250 + height * 2.0, height) if height else None

    return path
