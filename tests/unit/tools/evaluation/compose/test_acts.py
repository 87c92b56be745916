"""Scenes of many actors: the picture shows what the labels say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.tools.evaluation.compose.staged import (
    DRAWN,
    bounds,
    cast_of,
    recipe_of,
    seen_of,
    shown,
)
from tools.evaluation.compose.actors import Someone
from tools.evaluation.compose.acts import ACTS
from tools.evaluation.compose.cast import Actor, ActorInFrame, seen
from tools.evaluation.compose.materials import Materials
from tools.evaluation.compose.recipe import ObjectBox
from tools.evaluation.compose.render import NIGHTS, stage
from tools.evaluation.compose.scenes import SQUEEZED, CompositionPlan, recipes
from tools.evaluation.compose.stages import StagedScene, Truth

PEOPLE = sorted(name for name in ACTS if name.startswith("walk"))


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


@given(st.sampled_from(sorted(ACTS)), st.integers(0, 10_000), st.floats(0.0, 0.7))
@example("walk_cars", 47, 0.7)  # its chance leaves every place of a row empty, at first
@settings(max_examples=60, deadline=None)
def test_any_seed_at_any_place_gives_acts_in_order(scene: str, seed: int, far: float) -> None:
    place = replace(DRAWN.places["slope"], far=far)
    smaller = {"width": 320, "height": 240, "seed": seed, "pause_s": 3600}
    recipe = recipe_of(scene, walkers=5).model_copy(update=smaller)
    made = stage(recipe, replace(DRAWN, places={"slope": place}))
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
