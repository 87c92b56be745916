"""Rows of parked cars: alone, with people between them, and with some that leave and come back.

PURE. Neighbours hide parts of each other, and the picture's border cuts some. Called by `acts`.
"""

from __future__ import annotations

from collections.abc import Sequence

from tools.evaluation.compose.actors import Car, Route, Stop
from tools.evaluation.compose.cast import WITHIN, Actor, Cast, seen
from tools.evaluation.compose.layout import StageLayout, feet_px
from tools.evaluation.compose.paste import flipped, scaled
from tools.evaluation.compose.standing import PlacedObject
from tools.evaluation.compose.vehicles import tinted

ROWS_PX = {"walk_cars_far": (18.0, 42.0)}
NEAR_ROWS_PX = (42.0, 105.0)
"""How tall a person is beside the cars of each row. An aisle lies between the rows, so that the
nearer one does not hide who walks before the other."""
PAINTS = (
    (1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.42, 0.4, 0.38), (0.7, 0.7, 0.7), (0.8, 0.5, 0.42),
    (0.4, 0.42, 0.8), (0.85, 0.95, 1.0), (0.55, 0.6, 0.5),
)  # fmt: skip
"""Gains of blue, green and red; most cars are white, grey or black (Axalta's colour report)."""
APART = (0.84, 1.06)
"""From car to car, in their widths: some hide a part of the next."""
EMPTY = 0.12
"""Share of empty places."""
PULL_OUT_S = 3.0
DRIVES = 1.1
"""Car widths per second: 2 to 3 m/s, 7 to 11 km/h."""
PLAIN = 0.8
"""Share of a car that must be seen when all stand there, for it to be one of those that move."""


def standing_cars(layout: StageLayout) -> Cast:
    """Nobody is there."""
    return cast_of(layout, rows_of(layout), [], ())


def car_park(layout: StageLayout) -> Cast:
    """Every second move of the night a car drives off, and it comes back two moves later."""
    rows = rows_of(layout)
    movers = _movers(rows, layout)
    spans: list[tuple[float, float]] = []
    moved: dict[int, Car] = {}
    moves = list(layout.moves_s)
    for number, (leave_s, return_s) in enumerate(_trips(moves) if movers else ()):
        row, place = movers[number % len(movers)]
        car = moved.get(id(rows[row][place]), rows[row][place])
        out, back = _trip(layout, car, leave_s, return_s)
        moved[id(rows[row][place])] = _with_trip(car, (out, back))
        spans += [(out[0].at_s - 1.0, out[-1].at_s + 5.0), (back[0].at_s - 5.0, back[-1].at_s + 15)]
    rows = [[moved.get(id(car), car) for car in row] for row in rows]
    return cast_of(layout, rows, [], tuple(sorted(spans)))


def _trips(moves: Sequence[float]) -> list[tuple[float, float]]:
    """A leaves, B leaves, A returns, B returns, and so on."""
    fours = [moves[n : n + 4] for n in range(0, len(moves) - 3, 4)]
    return [trip for a, b, c, d in fours for trip in ((a, c), (b, d))]


def _with_trip(car: Car, trip: tuple[Route, Route]) -> Car:
    return Car(cutout=car.cutout, home=car.home, ground=car.ground, trips=(*car.trips, trip))


def _movers(rows: list[list[Car]], layout: StageLayout) -> list[tuple[int, int]]:
    """Row and number of the cars that are plainly in view, in any order."""
    parts = [car.parked() for cars in rows for car in cars]
    whole = []
    for row, cars in enumerate(rows):
        for number, car in enumerate(cars):
            nearer = [part for part in parts if part.foot_px > car.home[1]]
            box = seen(car.parked(), nearer, layout.size, WITHIN)
            if box is not None and not box.partial and box.visible >= PLAIN:
                whole.append((row, number))
    return [whole[int(n)] for n in layout.rng.permutation(len(whole))]


def _trip(layout: StageLayout, car: Car, leave_s: float, return_s: float) -> tuple[Route, Route]:
    """Out of the row and away to the nearer side; the same way back."""
    (x, foot), width = car.home, 2 * half_px(car)
    lane = min(foot + 0.35 * len(car.cutout.cover), layout.size[1] - 4.0)
    off = -width if x < layout.size[0] / 2 else layout.size[0] + width
    drive_s = abs(off - x) / (DRIVES * width)
    clear_s = leave_s + PULL_OUT_S
    out = Stop(leave_s, x, foot), Stop(clear_s, x, lane), Stop(clear_s + drive_s, off, lane)
    turn_s = return_s + drive_s
    back = Stop(return_s, off, lane), Stop(turn_s, x, lane), Stop(turn_s + PULL_OUT_S, x, foot)
    return out, back


def rows_of(layout: StageLayout) -> list[list[Car]]:
    return [_row(layout, tall) for tall in ROWS_PX.get(layout.scene, NEAR_ROWS_PX)]


def _row(layout: StageLayout, tall: float) -> list[Car]:
    """From beyond the left border to beyond the right one; never without any car."""
    rng, foot = layout.rng, feet_px(layout, tall)
    cars: list[Car] = []
    x = -tall * float(rng.uniform(0.2, 1.0))
    while x < layout.size[0]:
        car = _car(layout, tall, foot + float(rng.uniform(-0.04, 0.04)) * tall)
        x += half_px(car) * float(rng.uniform(*APART))
        if rng.uniform() > EMPTY:
            cars.append(Car(cutout=car.cutout, home=(x, car.home[1]), ground=car.ground))
        x += half_px(car) * float(rng.uniform(*APART))
    return cars or _row(layout, tall)


def _car(layout: StageLayout, tall: float, foot: float) -> Car:
    rng = layout.rng
    vehicle = layout.vehicles[int(rng.integers(len(layout.vehicles)))]
    height = round(tall * vehicle.tall * float(rng.uniform(0.95, 1.05)))
    paint = PAINTS[int(rng.integers(len(PAINTS)))]
    gains = paint if vehicle.is_white() else (paint[1],) * 3
    look = tinted(scaled(vehicle.cutout, height), gains)
    look = flipped(look) if rng.integers(2) else look
    return Car(cutout=look, home=(0.0, foot), ground=vehicle.ground)


def half_px(car: Car) -> float:
    return car.cutout.cover.shape[1] / 2


def cast_of(
    layout: StageLayout,
    rows: list[list[Car]],
    actors: Sequence[Actor],
    spans: tuple[tuple[float, float], ...],
) -> Cast:
    cars = [car for row in rows for car in row]
    return Cast(actors=(*cars, *actors), spans=spans, standing=tuple(_named(cars, layout.size)))


def _named(cars: list[Car], size: tuple[int, int]) -> list[PlacedObject]:
    """Each car by the box of what the others and the border leave of it when all are there."""
    parts = sorted((car.parked() for car in cars), key=lambda part: part.foot_px)
    named = sorted(cars, key=lambda car: car.home[1])
    boxes = [seen(part, parts[n + 1 :], size, 0.0) for n, part in enumerate(parts)]
    return [
        PlacedObject(name=f"car {number}", xyxy=box.xyxy, away_s=car.away_s())
        for number, (car, box) in enumerate(zip(named, boxes, strict=True))
        if box is not None
    ]
