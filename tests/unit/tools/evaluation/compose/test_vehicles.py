"""Vehicles in other paints."""

from __future__ import annotations

import numpy as np
import pytest

from tools.evaluation.compose.cutouts import Cutout
from tools.evaluation.compose.vehicles import OUTLINES, Vehicle, recorded, tinted


def car(paint: tuple[int, int, int]) -> Vehicle:
    """Paint above, dark glass below."""
    colour = np.full((20, 30, 3), 30, np.uint8)
    colour[:12] = paint
    return Vehicle("car", Cutout(colour, np.full((20, 30), 255, np.uint8)), 1.5, 120.0)


@pytest.mark.parametrize(
    ("paint", "white"), [((240, 245, 250), True), ((60, 50, 200), False), ((95, 95, 95), False)]
)
def test_only_white_cars_take_any_paint(paint: tuple[int, int, int], white: bool) -> None:
    assert car(paint).is_white() is white


def test_paint_changes_and_glass_does_not() -> None:
    red = tinted(car((240, 240, 240)).cutout, (0.4, 0.4, 0.8))
    assert red.colour[0, 0] == pytest.approx((96, 96, 192), abs=1)
    assert red.colour[-1, -1].tolist() == [30, 30, 30]


def test_cars_of_folders_that_the_footage_lacks_are_left_out() -> None:
    picture = np.full((432, 768, 3), 128, np.uint8)
    found = recorded(lambda folder, _: picture if folder.startswith("dev") else None)
    wanted = [outline.name for outline in OUTLINES if outline.folder.startswith("dev")]
    assert [vehicle.name for vehicle in found] == wanted
    for vehicle, outline in zip(found, OUTLINES, strict=False):
        xs, ys = zip(*outline.points(), strict=True)
        h, w = vehicle.cutout.cover.shape
        assert (w, h) == (max(xs) - min(xs) + 1, max(ys) - min(ys) + 1)
