"""Scenes of many actors: car parks, crowds, people who run, crouch, or walk right under the camera.

PURE. Each act lays out its actors from the recipe alone. Heights and speeds are those of people: a
place says how tall someone is where they stand. Called by `render`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from tools.evaluation.compose.actors import Route, Someone, Stop
from tools.evaluation.compose.among_cars import people_among
from tools.evaluation.compose.bodies import TALL_M, Figure
from tools.evaluation.compose.car_park import car_park, standing_cars
from tools.evaluation.compose.cast import Cast
from tools.evaluation.compose.layout import StageLayout, feet_px
from tools.evaluation.compose.walkers import GAP_S, LONGEST_S

BANDS_PX = ((16, 20), (20, 25), (25, 32), (32, 40), (40, 60), (60, 80), (80, 120))
"""Heights of those who walk, run and crouch, as if they stood upright."""
CROWD = (5, 10)
CLOSE_S = 0.3
"""From one of a crowd to the next, on average: a third of a step's length apart."""
WITH_STREAM = 0.85
ABOVE_PX_PER_M = (34.0, 95.0)
"""From a mast of ten metres to a ceiling of four, at 640 px of a wide lens."""
UNDER_PX = (190, 330)
"""Upright height of who passes under the lens: up to two thirds of the picture."""
FIRST_S = 4.0
UNDER_WHOLE = 0.6
"""Whoever passes close under the lens is cut by the lower border and plainly there."""


def drawn_walkers(layout: StageLayout) -> Cast:
    """The drawn people upright and walking: what their look costs, apart from their poses."""
    return _one_by_one(layout, layout.figures["walk"], (0.6, 1.0))


def runners(layout: StageLayout) -> Cast:
    """3.4 to 5.5 m/s."""
    return _one_by_one(layout, layout.figures["run"], (2.0, 3.2))


def crouchers(layout: StageLayout) -> Cast:
    """Bent double, 0.4 to 0.7 m/s."""
    return _one_by_one(layout, layout.figures["crouch"], (0.25, 0.4))


def crowds(layout: StageLayout) -> Cast:
    """Groups of people who hide each other, most of them going the same way."""
    actors: list[Someone] = []
    spans: list[tuple[float, float]] = []
    free_s = FIRST_S
    for number in range(layout.count):
        tall = _tall(BANDS_PX[2 + number % 5], layout.rng)
        group = _crowd(layout, tall, free_s)
        actors += group
        spans.append((free_s, max(one.path[-1].at_s for one in group)))
        free_s = spans[-1][1] + GAP_S
    return Cast(actors=tuple(actors), spans=tuple(spans))


def from_above(layout: StageLayout) -> Cast:
    """One after the other, straight through the picture in any direction."""
    people = []
    free_s = FIRST_S
    for _ in range(layout.count):
        scale = float(np.exp(layout.rng.uniform(*np.log(ABOVE_PX_PER_M))))
        path = _across(layout, scale * float(layout.rng.uniform(1.0, 1.6)), 0.6 * scale, free_s)
        figure = _any(layout.figures["overhead"], layout.rng)
        people.append(
            Someone(figure=figure, path=path, tall_px=TALL_M * scale, above=True,
                    phase=float(layout.rng.uniform()))
        )  # fmt: skip
        free_s = path[-1].at_s + GAP_S
    return _in_turn(people)


def under_the_lens(layout: StageLayout) -> Cast:
    """Close before the camera, seen from the height of a door's lintel."""
    people = []
    free_s = FIRST_S
    for _ in range(layout.count):
        tall = int(layout.rng.integers(*UNDER_PX))
        feet = layout.size[1] * float(layout.rng.uniform(0.9, 1.12))
        path = crossing(layout, feet, tall, float(layout.rng.uniform(0.6, 1.0)) * tall, free_s)
        people.append(_someone(layout, layout.figures["under"], path, tall))
        free_s = path[-1].at_s + GAP_S
    return _in_turn(people, UNDER_WHOLE)


def crossing(
    layout: StageLayout,
    feet: float,
    tall: float,
    speed_px_s: float,
    start_s: float,
    rightwards: bool | None = None,
) -> Route:
    """From one side to the other, or, where that would take long, in and out again."""
    width, margin = layout.size[0], 0.45 * tall
    cross_s = (width + 2 * margin) / speed_px_s
    ends = (-margin, width + margin)
    right = bool(layout.rng.integers(2)) if rightwards is None else rightwards
    begin, end = ends if right else ends[::-1]
    if cross_s <= LONGEST_S:
        return (Stop(start_s, begin, feet), Stop(start_s + cross_s, end, feet))
    reach = begin + float(np.sign(end - begin)) * speed_px_s * LONGEST_S / 2
    return (
        Stop(start_s, begin, feet),
        Stop(start_s + LONGEST_S / 2, reach, feet),
        Stop(start_s + LONGEST_S, begin, feet),
    )


ACTS: Mapping[str, Callable[[StageLayout], Cast]] = MappingProxyType(
    {
        "parked": standing_cars,
        "parked_clock": standing_cars,
        "walk_cars": people_among,
        "walk_cars_far": people_among,
        "walk_crowd": crowds,
        "walk_drawn": drawn_walkers,
        "walk_run": runners,
        "walk_crouch": crouchers,
        "walk_above": from_above,
        "walk_under": under_the_lens,
        "night_cars": car_park,
    }
)
"""Every act by its scene's name."""


def _one_by_one(
    layout: StageLayout, figures: tuple[Figure, ...], speed: tuple[float, float]
) -> Cast:
    """`speed` in heights per second."""
    people = []
    free_s = FIRST_S
    for number in layout.rng.permutation(layout.count):
        tall = _tall(BANDS_PX[int(number) % len(BANDS_PX)], layout.rng)
        feet = feet_px(layout, tall) + float(layout.rng.uniform(-0.02, 0.02)) * layout.size[1]
        path = crossing(layout, feet, tall, float(layout.rng.uniform(*speed)) * tall, free_s)
        people.append(_someone(layout, figures, path, tall))
        free_s = path[-1].at_s + GAP_S
    return _in_turn(people)


def _in_turn(people: list[Someone], whole: float = 0.95) -> Cast:
    spans = tuple((one.path[0].at_s, one.path[-1].at_s) for one in people)
    return Cast(actors=tuple(people), spans=spans, whole=whole)


def _crowd(layout: StageLayout, tall: int, start_s: float) -> list[Someone]:
    """Close together, one now and then against the stream."""
    rng = layout.rng
    figures = (*layout.recorded, *layout.figures["walk"])
    count, right = int(rng.integers(*CROWD)), bool(rng.integers(2))
    people = []
    for _ in range(count):
        own = max(12, round(tall * float(rng.uniform(0.9, 1.1))))
        feet = feet_px(layout, own) + float(rng.uniform(-0.25, 0.25)) * own
        begin_s = start_s + float(rng.uniform(0, CLOSE_S * count))
        way = right if rng.uniform() < WITH_STREAM else not right
        path = crossing(layout, feet, own, float(rng.uniform(0.75, 0.9)) * own, begin_s, way)
        people.append(_someone(layout, figures, path, own))
    return people


def _across(layout: StageLayout, speed_px_s: float, margin: float, start_s: float) -> Route:
    """Through a point in the middle half of the picture, from beyond a border to beyond one."""
    width, height = layout.size
    x, y = (side * float(layout.rng.uniform(0.3, 0.7)) for side in (width, height))
    turn = float(layout.rng.uniform(0, 2 * np.pi))
    dx, dy = float(np.cos(turn)), float(np.sin(turn))
    back, ahead = (_to_border(layout, (x, y), (way * dx, way * dy), margin) for way in (-1, 1))
    length = back + ahead
    begin = Stop(start_s, x - back * dx, y - back * dy)
    return (begin, Stop(start_s + length / speed_px_s, x + ahead * dx, y + ahead * dy))


def _to_border(
    layout: StageLayout, at: tuple[float, float], way: tuple[float, float], margin: float
) -> float:
    """How far it is from `at` to `margin` beyond the first border."""
    reaches = []
    for here, step, side in zip(at, way, layout.size, strict=True):
        if abs(step) > 1e-6:
            border = side + margin if step > 0 else -margin
            reaches.append((border - here) / step)
    return min(reaches)


def _someone(layout: StageLayout, figures: tuple[Figure, ...], path: Route, tall: int) -> Someone:
    phase = float(layout.rng.uniform())
    figure = _any(figures, layout.rng)
    return Someone(figure=figure, path=path, tall_px=float(tall), phase=phase)


def _any(figures: tuple[Figure, ...], rng: np.random.Generator) -> Figure:
    return figures[int(rng.integers(len(figures)))]


def _tall(band: tuple[int, int], rng: np.random.Generator) -> int:
    return int(rng.integers(*band))
