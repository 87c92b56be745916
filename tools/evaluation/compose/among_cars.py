"""People between parked cars: close before a row, behind it, into a car and out of one.

PURE. Called by `acts`.
"""

from __future__ import annotations

import numpy as np

from tools.evaluation.compose.actors import Car, Door, Route, Someone, Stop
from tools.evaluation.compose.bodies import Figure
from tools.evaluation.compose.car_park import cast_of, half_px, rows_of
from tools.evaluation.compose.cast import Actor, Cast
from tools.evaluation.compose.layout import StageLayout, tall_px
from tools.evaluation.compose.walkers import GAP_S, LONGEST_S

BEFORE = (0.03, 0.14)
"""Heights of a person between a row's wheels and who passes close before them."""
HALF_HIDDEN = 0.5
"""Share of a person who passes behind a row that is hidden by a car of middling height."""
WALKS = (0.7, 1.0)
STAYS_S = 2.5
"""How long someone stands at an open door."""


def people_among(layout: StageLayout) -> Cast:
    """One after the other: close before a row, behind one, to a car's door, and out of one."""
    cars = rows_of(layout)
    ways = (_before, _behind, _gets_in, _gets_out)
    actors: list[Actor] = []
    spans: list[tuple[float, float]] = []
    free_s = 4.0
    for number in range(layout.count):
        row = cars[number // len(ways) % len(cars)]
        acting, until_s = ways[number % len(ways)](layout, row, free_s)
        actors += acting
        spans.append((free_s, until_s))
        free_s = until_s + GAP_S
    return cast_of(layout, cars, actors, tuple(spans))


def _before(layout: StageLayout, row: list[Car], start_s: float) -> tuple[list[Actor], float]:
    foot = max(car.home[1] for car in row)
    tall = tall_px(layout, foot)
    feet = foot + float(layout.rng.uniform(*BEFORE)) * tall
    return _passes(layout, feet, tall, start_s)


def _behind(layout: StageLayout, row: list[Car], start_s: float) -> tuple[list[Actor], float]:
    """Where a car of middling height hides half of them."""
    top = float(np.median([car.home[1] - len(car.cutout.cover) for car in row]))
    foot = float(np.median([car.home[1] for car in row]))
    tall = 0.95 * tall_px(layout, foot)
    return _passes(layout, min(top + HALF_HIDDEN * tall, foot - 1), tall, start_s)


def _passes(
    layout: StageLayout, feet: float, tall: float, start_s: float
) -> tuple[list[Actor], float]:
    width, margin, rng = layout.size[0], 0.45 * tall, layout.rng
    speed = float(rng.uniform(*WALKS)) * tall
    ends = (-margin, width + margin)
    begin, end = ends if rng.integers(2) else ends[::-1]
    reach_s = min(LONGEST_S, abs(end - begin) / speed)
    there = begin + (end - begin) * min(1.0, reach_s * speed / abs(end - begin))
    path: Route = (Stop(start_s, begin, feet), Stop(start_s + reach_s, there, feet))
    if there != end:
        path = (*path, Stop(start_s + 2 * reach_s, begin, feet))
    return [_walker(layout, path, tall)], path[-1].at_s


def _gets_in(layout: StageLayout, row: list[Car], start_s: float) -> tuple[list[Actor], float]:
    """They walk up, open the door, stand at it, and are gone; it closes behind them."""
    car, side = _chosen(layout, row)
    tall, at = _beside(layout, car, side)
    walk_s, begin = _way(layout, tall, at[0])
    there_s = start_s + walk_s
    path = (
        Stop(start_s, begin, at[1]), Stop(there_s, *at), Stop(there_s + STAYS_S, *at),
    )  # fmt: skip
    leaf = _door(car, side, tall, (there_s + 0.2, there_s + STAYS_S + 1.2))
    return [_walker(layout, path, tall), leaf], there_s + STAYS_S + 2.0


def _gets_out(layout: StageLayout, row: list[Car], start_s: float) -> tuple[list[Actor], float]:
    car, side = _chosen(layout, row)
    tall, at = _beside(layout, car, side)
    walk_s, end = _way(layout, tall, at[0])
    out_s = start_s + 1.5
    path = (
        Stop(out_s, *at), Stop(out_s + STAYS_S, *at), Stop(out_s + STAYS_S + walk_s, end, at[1]),
    )  # fmt: skip
    leaf = _door(car, side, tall, (start_s, out_s + STAYS_S - 0.3))
    return [_walker(layout, path, tall), leaf], path[-1].at_s


def _chosen(layout: StageLayout, row: list[Car]) -> tuple[Car, int]:
    """A car not far from a border, and the side of it that faces that border: -1 or 1."""
    width = layout.size[0]
    whole = [car for car in row if half_px(car) < car.home[0] < width - half_px(car)] or row
    near = sorted(whole, key=lambda car: min(car.home[0], width - car.home[0]))
    car = near[int(layout.rng.integers(min(2, len(near))))]
    return car, -1 if car.home[0] < width / 2 else 1


def _beside(layout: StageLayout, car: Car, side: int) -> tuple[float, tuple[float, float]]:
    """How tall someone is who stands at the door, and where."""
    tall = tall_px(layout, car.home[1])
    return tall, (car.home[0] + side * (half_px(car) + 0.12 * tall), car.home[1] + 0.04 * tall)


def _way(layout: StageLayout, tall: float, x: float) -> tuple[float, float]:
    """How long the way from the nearer border is, and where it begins."""
    begin = -0.45 * tall if x < layout.size[0] / 2 else layout.size[0] + 0.45 * tall
    return abs(x - begin) / (float(layout.rng.uniform(*WALKS)) * tall), begin


def _door(car: Car, side: int, tall: float, open_s: tuple[float, float]) -> Door:
    """In the paint that most of the car has."""
    cover = car.cutout.cover > 200
    paint = np.percentile(car.cutout.colour[cover], 70, axis=0)
    return Door(
        hinge=(car.home[0] + side * 0.86 * half_px(car), car.home[1] - 0.1 * tall),
        near_px=car.home[1] + 0.01,
        tall_px=0.68 * tall,
        wide_px=0.5 * tall,
        right=side > 0,
        paint=(int(paint[0]), int(paint[1]), int(paint[2])),
        open_s=open_s,
        ground=car.ground,
    )


def _walker(layout: StageLayout, path: Route, tall: float) -> Someone:
    figures: tuple[Figure, ...] = (*layout.recorded, *layout.figures["walk"])
    figure = figures[int(layout.rng.integers(len(figures)))]
    return Someone(figure=figure, path=path, tall_px=tall, phase=float(layout.rng.uniform()))
