"""The situations in which trackers go wrong, each drawn anew from a seed.

PURE. Called by the command line, which plays each at several frame rates.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tools.evaluation.tracking.scenes import (
    WALKS,
    Rng,
    SceneObject,
    approach,
    behind,
    straight,
    there_and_back,
)

RIGHT, LEFT = 0.0, math.pi


def _alone(rng: Rng) -> list[SceneObject]:
    size = rng.uniform(25, 90)
    start = (0.0, rng.uniform(200, 700), size)
    return [SceneObject("person", straight(start, WALKS * rng.uniform(0.7, 1.4), RIGHT))]


def _crossing(rng: Rng) -> list[SceneObject]:
    """Two who pass each other, one row nearer to the camera."""
    size = rng.uniform(40, 80)
    y, row = rng.uniform(200, 500), size * rng.uniform(0.1, 0.5)
    middle, half = 640.0, size * 4
    pace = WALKS * rng.uniform(0.8, 1.3)
    return [
        SceneObject("person", straight((middle - half, y, size), WALKS, RIGHT)),
        SceneObject("person", straight((middle + half, y + row, size * 1.05), pace, LEFT)),
    ]


def _overtaking(rng: Rng) -> list[SceneObject]:
    size, y = rng.uniform(40, 70), rng.uniform(200, 600)
    row = size * rng.uniform(0.1, 0.4)
    slow = straight((size * 3, y, size), WALKS * 0.7, RIGHT)
    fast = straight((0.0, y + row, size), WALKS * 1.5, RIGHT)
    return [SceneObject("person", slow), SceneObject("person", fast)]


def _pair(rng: Rng) -> list[SceneObject]:
    """Two who walk side by side, half a height apart."""
    size, y = rng.uniform(40, 80), rng.uniform(200, 600)
    return [
        SceneObject("person", straight((shift * size, y, size), WALKS, RIGHT))
        for shift in (0.5, 0.0)
    ]


def _turning(rng: Rng) -> list[SceneObject]:
    size, y = rng.uniform(40, 80), rng.uniform(200, 600)
    return [SceneObject("person", there_and_back((200.0, y, size), WALKS, RIGHT, 6.0, 3.0))]


def _meeting(rng: Rng) -> list[SceneObject]:
    """Two who walk up to each other, stand a pace apart, and go back where they came from."""
    size, y = rng.uniform(40, 70), rng.uniform(250, 600)
    reach = WALKS * size * 6 + size * 0.35
    return [
        SceneObject("person", there_and_back((640.0 + s * reach, y, size), WALKS, h, 6.0, 2.0))
        for s, h in ((-1, RIGHT), (1, LEFT))
    ]


def _crowd(rng: Rng) -> list[SceneObject]:
    things = []
    for _ in range(8):
        size, y = rng.uniform(40, 80), rng.uniform(150, 700)
        heading = RIGHT if rng.random() < 0.5 else LEFT
        x = rng.uniform(0, 500) if heading == RIGHT else rng.uniform(780, 1280)
        pace = WALKS * rng.uniform(0.6, 1.4)
        things.append(
            SceneObject("person", straight((x, y, size), pace, heading, rng.uniform(0, 4)))
        )
    return things


def _column(rng: Rng) -> list[SceneObject]:
    """Somebody who is hidden for about a second."""
    size, y = rng.uniform(40, 80), rng.uniform(200, 600)
    walk = straight((100.0, y, size), WALKS, RIGHT)
    return [SceneObject("person", behind(walk, 500.0, 500.0 + WALKS * size * 1.2))]


def _approach(rng: Rng) -> list[SceneObject]:
    x = rng.uniform(200, 1000)
    return [SceneObject("person", approach(x, WALKS, 30.0, 5.0))]


def _cars(rng: Rng) -> list[SceneObject]:
    """Cars that drive by, and two parked side by side, which the network finds now and then."""
    y = rng.uniform(300, 600)
    driving = [
        SceneObject("car", straight((0.0, y, 60.0), rng.uniform(2.0, 5.0), RIGHT, 0.0), broad=1.8),
        SceneObject("car", straight((0.0, y, 60.0), rng.uniform(2.0, 5.0), RIGHT, 8.0), broad=1.8),
        SceneObject("car", straight((1280.0, y - 70, 50.0), 3.0, LEFT, 4.0), broad=1.8),
    ]
    parked = [
        SceneObject("car", straight((x, 200.0, 50.0), 0.0, RIGHT), broad=1.8, found=0.5)
        for x in (400.0, 480.0)
    ]
    return driving + parked


SITUATIONS: dict[str, Callable[[Rng], list[SceneObject]]] = {
    "alone": _alone,
    "crossing": _crossing,
    "overtaking": _overtaking,
    "pair": _pair,
    "turning": _turning,
    "meeting": _meeting,
    "crowd": _crowd,
    "column": _column,
    "approach": _approach,
    "cars": _cars,
}
