"""Scenes of many actors: the picture shows what the labels say."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawn_materials import drawn_materials
from tools.evaluation.compose.actors import Car, Door, Someone
from tools.evaluation.compose.acts import ACTS
from tools.evaluation.compose.cast import Actor, ActorInFrame, Cast, seen
from tools.evaluation.compose.cutouts import Cutout
from tools.evaluation.compose.materials import MaterialError, Materials
from tools.evaluation.compose.nuisances.effect import Effect
from tools.evaluation.compose.recipe import ObjectBox, SceneRecipe
from tools.evaluation.compose.render import NIGHTS, stage
from tools.evaluation.compose.scenes import SQUEEZED, CompositionPlan, recipes
from tools.evaluation.compose.stages import StagedScene, Truth

_DRAWN = drawn_materials()
PEOPLE = sorted(name for name in ACTS if name.startswith("walk"))
CARS = ("parked", "parked_clock", "walk_cars", "walk_cars_far", "night_cars")
CHANGED = 76
"""Half of what is left of white where the surroundings are darkest."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Painted:
    """An actor of one grey level."""

    actor: Actor
    level: int

    def part(self, at_s: float) -> ActorInFrame | None:
        part = self.actor.part(at_s)
        if part is None:
            return None
        colour = np.full_like(part.cutout.colour, self.level)
        return replace(part, cutout=Cutout(colour, part.cutout.cover))


@pytest.fixture(scope="module")
def materials() -> Materials:
    return _DRAWN


def shown(scene: str, materials: Materials, walkers: int = 8) -> StagedScene:
    recipe = SceneRecipe(
        scene=scene,
        background="slope",
        light="day",
        width=640,
        height=480,
        seconds=12 * 3600 if scene in NIGHTS else 400,
        seed=5,
        walkers=0 if scene.startswith("parked") else walkers,
        pause_s=600,
        vehicles=("van",),
    )
    return stage(recipe, materials)


def cast_of(stage: StagedScene) -> Cast:
    assert stage.cast is not None
    return stage.cast


def painted(stage: StagedScene, actor: Actor, level: int) -> StagedScene:
    cast = cast_of(stage)
    actors = tuple(Painted(a, level) if a is actor else a for a in cast.actors)
    return replace(stage, cast=replace(cast, actors=actors))


def seen_of(stage: StagedScene, actor: Actor, truth: Truth) -> npt.NDArray[np.bool_]:
    """Where the actor shows: painted white or black, the frame differs just there. Without the
    camera's own text, which hides nobody for the labels."""
    white, black = (
        replace(painted(stage, actor, level), effect=Effect()).picture(truth.instant).astype(int)
        for level in (255, 0)
    )
    return np.asarray(np.abs(white - black).max(axis=2) > CHANGED)


def bounds(mask: npt.NDArray[np.bool_]) -> Box:
    ys, xs = np.nonzero(mask)
    return float(xs.min()), float(ys.min()), float(xs.max()) + 1, float(ys.max()) + 1


def box_of(stage: StagedScene, part: ActorInFrame, at_s: float) -> ObjectBox | None:
    """What of the part is left by those that are nearer."""
    cast = cast_of(stage)
    nearer = [other for other in cast.parts(at_s) if other.foot_px > part.foot_px]
    return seen(part, nearer, (640, 480), cast.whole)


def acting(stage: StagedScene, truth: Truth, box: ObjectBox) -> Actor:
    """Whose box it is."""
    at_s = truth.instant.at_s
    for actor in cast_of(stage).actors:
        part = actor.part(at_s)
        if part is not None and part.label == box.label and box == box_of(stage, part, at_s):
            return actor
    raise AssertionError("a box of nobody")


@pytest.mark.parametrize("scene", [*PEOPLE, "night_cars"])
def test_a_box_holds_just_what_is_seen_of_who_it_is_about(scene: str, materials: Materials) -> None:
    stage = shown(scene, materials)
    wanted = "car" if scene in NIGHTS else "person"
    whole = [
        (truth, box)
        for truth in stage.truths()
        for box in truth.boxes
        if not box.partial and box.label == wanted
    ]
    for truth, box in whole[:: max(1, len(whole) // 6)]:
        if truth.instant.stir > 0:
            continue
        mask = seen_of(stage, acting(stage, truth, box), truth)
        assert bounds(mask) == pytest.approx(box.xyxy, abs=4)
    assert len(whole) > 20


@pytest.mark.parametrize("scene", PEOPLE)
def test_frames_are_labelled_by_who_is_wholly_there(scene: str, materials: Materials) -> None:
    truths = shown(scene, materials).truths()
    for truth in truths:
        people = [box for box in truth.boxes if box.label == "person"]
        if any(not box.partial for box in people):
            assert truth.person is True
        elif truth.person is not True:  # else they are lost behind a car, between two sights
            assert truth.person is (None if people else False)
        assert truth.vehicle is False
    present = [truth.person is True for truth in truths]
    events = sum(b and not a for a, b in zip([False, *present], present, strict=False))
    assert 6 <= events <= 8  # who is hidden all the way is not scored


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


def test_people_behind_cars_are_seen_in_part(materials: Materials) -> None:
    stage = shown("walk_cars", materials)
    shares = [box.visible for truth in stage.truths() for box in truth.boxes if not box.partial]
    assert min(shares) < 0.7
    assert max(shares) > 0.95


def test_crowds_hide_each_other(materials: Materials) -> None:
    stage = shown("walk_crowd", materials)
    together = max(len(truth.boxes) for truth in stage.truths())
    hidden = [box for truth in stage.truths() for box in truth.boxes if box.visible < 0.9]
    assert together >= 4
    assert len(hidden) > 20


def test_who_crouches_is_short_and_who_runs_is_fast(materials: Materials) -> None:
    def people(scene: str) -> list[Someone]:
        return [a for a in cast_of(shown(scene, materials)).actors if isinstance(a, Someone)]

    def look(one: Someone) -> float:
        part = one.part((one.path[0].at_s + one.path[1].at_s) / 2)
        assert part is not None
        return len(part.cutout.cover) / one.tall_px

    def speed(one: Someone) -> float:
        (a, b), _ = one.path[:2], None
        return abs(b.x - a.x) / (b.at_s - a.at_s) / one.tall_px

    assert max(look(one) for one in people("walk_crouch")) < 0.85
    assert min(look(one) for one in people("walk_drawn")) > 0.9
    assert min(speed(one) for one in people("walk_run")) > 1.9
    assert max(speed(one) for one in people("walk_drawn")) < 1.1


@pytest.mark.parametrize("name", sorted(SQUEEZED))
def test_a_recorder_s_stream_is_of_its_size_and_people_in_it_are_squeezed(
    name: str, materials: Materials
) -> None:
    places = {"plaza": materials.places["slope"]}
    plan = CompositionPlan(scenes=[name], places=places, hours=0.1, walkers=1, seed=3)
    [(_, recipe)] = recipes(plan)
    width, height = (int(side) for side in name.removeprefix("walk_").split("x"))
    assert recipe.sent_size() == (width, height)
    stage_ = stage(recipe.model_copy(update={"background": "slope"}), materials)
    instant = stage_.instants[0]
    assert stage_.picture(instant).shape == (height, width, 3)
    plain = replace(stage_, recipe=stage_.recipe.model_copy(update={"squeeze": (1.0, 1.0)}))
    for drawn, sent in zip(plain.truths(), stage_.truths(), strict=True):
        for a, b in zip(drawn.boxes, sent.boxes, strict=True):
            assert (b.xyxy[2] - b.xyxy[0]) * recipe.width == pytest.approx(
                (a.xyxy[2] - a.xyxy[0]) * width
            )
            assert b.height_px * recipe.height == pytest.approx(a.height_px * height)


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


@given(st.sampled_from(sorted(ACTS)), st.integers(0, 10_000), st.floats(0.0, 0.7))
@settings(max_examples=60, deadline=None)
def test_any_seed_at_any_place_gives_acts_in_order(scene: str, seed: int, far: float) -> None:
    place = replace(_DRAWN.places["slope"], far=far)
    recipe = SceneRecipe(
        scene=scene,
        background="slope",
        light="day",
        width=320,
        height=240,
        seconds=12 * 3600 if scene in NIGHTS else 400,
        seed=seed,
        walkers=0 if scene.startswith("parked") else 5,
        pause_s=3600,
        vehicles=("van",),
    )
    made = stage(recipe, replace(_DRAWN, places={"slope": place}))
    times = [instant.at_s for instant in made.instants]
    assert times == sorted(times)
    for start_s, end_s in cast_of(made).spans:
        assert start_s < end_s
    for actor in cast_of(made).actors:
        if isinstance(actor, Someone):
            stops = [stop.at_s for stop in actor.path]
            assert stops == sorted(stops)
            assert any(start_s <= stops[0] <= end_s for start_s, end_s in cast_of(made).spans)
    for truth in made.truths()[::7]:
        for box in truth.boxes:
            x0, y0, x1, y1 = box.xyxy
            assert 0 <= x0 < x1 <= 320
            assert 0 <= y0 < y1 <= 240
            assert 0 < box.visible <= 1
