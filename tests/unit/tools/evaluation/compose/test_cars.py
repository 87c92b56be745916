"""Cars of composed scenes stand, leave and come back as the labels say."""

from __future__ import annotations

import pytest

from tests.unit.tools.evaluation.compose.staged import bounds, cast_of, seen_of, shown
from tools.evaluation.compose.actors import Car, Door
from tools.evaluation.compose.materials import MaterialError, Materials
from tools.evaluation.compose.render import stage
from tools.evaluation.compose.scenes import CompositionPlan, recipes

CARS = ("parked", "parked_clock", "walk_cars", "walk_cars_far", "night_cars")


@pytest.mark.parametrize("scene", CARS)
def test_each_parked_car_stands_where_it_is_said(scene: str, materials: Materials) -> None:
    stage = shown(scene, materials)
    cars = sorted((a for a in cast_of(stage).actors if isinstance(a, Car)), key=lambda c: c.home[1])
    named = {thing.name: thing.xyxy for thing in stage.standing}
    first = next(truth for truth in stage.truths() if not truth.boxes)
    for number, car in enumerate(cars):
        mask = seen_of(stage, car, first)
        if f"car {number}" in named:
            assert bounds(mask) == pytest.approx(named[f"car {number}"], abs=4)
        else:
            assert mask.sum() < 20
    assert len(cars) > 6


def test_a_car_that_left_does_not_stand_there_until_it_is_back(materials: Materials) -> None:
    stage = shown("night_cars", materials)
    away = [thing for thing in stage.standing if thing.away_s]
    assert sum(len(thing.away_s) for thing in away) == 8
    moving = [truth for truth in stage.truths() if truth.vehicle]
    assert moving
    for truth in moving:
        on_the_way = [
            thing for thing in away if any(a < truth.instant.at_s < b for a, b in thing.away_s)
        ]
        assert on_the_way
    gone_s = away[0].away_s[0]
    middle = (gone_s[0] + gone_s[1]) / 2
    car = next(a for a in cast_of(stage).actors if isinstance(a, Car) and gone_s in a.away_s())
    assert car.part(middle) is None
    assert car.part(gone_s[0]) == car.part(gone_s[1]) == car.parked()


def test_cars_that_leave_are_plainly_seen_for_a_while(materials: Materials) -> None:
    """So that a night asks of the product what a person could do."""
    stage = shown("night_cars", materials)
    for start_s, end_s in cast_of(stage).spans:
        plain = [
            truth.instant.at_s
            for truth in stage.truths()
            if start_s <= truth.instant.at_s <= end_s
            and any(not box.partial and box.visible > 0.5 for box in truth.boxes)
        ]
        assert plain
        assert max(plain) - min(plain) > 2.0


def test_the_rest_of_the_night_nothing_moves(materials: Materials) -> None:
    stage = shown("night_cars", materials)
    for truth in stage.truths():
        assert truth.person is False
        assert truth.parked
    still = [truth for truth in stage.truths() if truth.vehicle is False]
    assert len(still) > 30


def test_a_door_opens_beside_who_gets_in_and_out(materials: Materials) -> None:
    stage = shown("walk_cars", materials)
    doors = [actor for actor in cast_of(stage).actors if isinstance(actor, Door)]
    assert len(doors) == 4
    by_time = {truth.instant.at_s: truth for truth in stage.truths()}
    shows = []
    for door in doors:
        middle = sum(door.open_s) / 2
        truth = by_time[min(by_time, key=lambda t: abs(t - middle))]
        mask = seen_of(stage, door, truth)
        shows.append(bool(mask.any()))
        if mask.any():
            leaf = bounds(mask)
            near = [box.xyxy for box in truth.boxes if box.label == "person"]
            assert any(box[0] - 60 < leaf[2] and box[2] + 60 > leaf[0] for box in near)
    assert sum(shows) >= 2  # a nearer row may hide the others


def test_a_vehicle_that_is_not_there_is_named(materials: Materials) -> None:
    parked = shown("parked", materials).recipe.model_copy(update={"vehicles": ("van", "tram")})
    with pytest.raises(MaterialError, match="no vehicle 'tram', only van"):
        stage(parked, materials)


def test_a_recipe_names_the_vehicles_that_it_parks(materials: Materials) -> None:
    names = ("parked", "walk_cars", "walk_run", "rain")
    plan = CompositionPlan(
        scenes=names,
        places=materials.places,
        hours=0.1,
        walkers=1,
        seed=1,
        vehicles=("van", "red_car"),
    )
    made = recipes(plan)
    named = {recipe.scene: recipe.vehicles for _, recipe in made}
    assert named["parked"] == named["walk_cars"] == ("van", "red_car")
    assert named["rain"] == named["walk_run"] == ()
