"""What an act is laid out with: the place, its size, who and what may take part, and chance.

PURE. Called by `acts` and `car_park`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tools.evaluation.compose.bodies import Figure
from tools.evaluation.compose.materials import Backdrop
from tools.evaluation.compose.vehicles import Vehicle

NEAREST = 0.25
"""Whoever stands at the lower edge is a quarter of the picture tall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLayout:
    """`size` is width and height of the frame as drawn, `count` how many walk, drive or come in a
    crowd, `figures` the drawn people by sheet, `recorded` the real ones; `moves_s` are when cars
    move in a night."""

    scene: str
    place: Backdrop
    size: tuple[int, int]
    count: int
    seconds: float
    vehicles: tuple[Vehicle, ...]
    figures: Mapping[str, tuple[Figure, ...]]
    recorded: tuple[Figure, ...]
    rng: np.random.Generator
    moves_s: tuple[float, ...] = ()


def feet_px(layout: StageLayout, tall: float) -> float:
    """Where someone so tall stands: y in pixels."""
    place, height = layout.place, layout.size[1]
    near = min(1.0, tall / (NEAREST * height))
    return (place.far + (place.near - place.far) * near) * height


def tall_px(layout: StageLayout, feet: float) -> float:
    """How tall someone is who stands there; at least 4 px."""
    place, height = layout.place, layout.size[1]
    near = (feet / height - place.far) / (place.near - place.far)
    return max(4.0, NEAREST * height * near)
