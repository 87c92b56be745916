"""Composed scenes: exact labels, and the same bytes from the same seed."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drawn_materials import background, recording
from tools.evaluation.compose import pace
from tools.evaluation.compose.cutouts import people
from tools.evaluation.compose.materials import MaterialError, Materials
from tools.evaluation.compose.nuisances.table import NUISANCES
from tools.evaluation.compose.recipe import Light, SceneRecipe
from tools.evaluation.compose.render import stage
from tools.evaluation.compose.scenes import USUAL, CompositionPlan, recipes

LIGHTS: tuple[Light, ...] = ("day", "dusk", "infrared")


def recipe(scene: str, light: Light = "day", seed: int = 7, walkers: int = 0) -> SceneRecipe:
    return SceneRecipe(
        scene=scene,
        background="slope",
        light=light,
        width=320,
        height=240,
        seconds=400 if walkers else 20,
        seed=seed,
        walkers=walkers,
    )


def test_a_walker_is_cut_out_whole_and_without_the_ground() -> None:
    found = people(recording(), background(), 5.0)
    assert len(found) == 1
    assert found[0].rightwards
    for cutout in found[0].frames:
        assert cutout.cover.shape == pytest.approx((90, 30), abs=3)
        inside = cutout.colour[cutout.cover > 200]
        assert np.all(np.abs(inside.astype(int) - 128).max(axis=1) > 90)  # red or black, not grey


def test_what_is_no_person_is_not_cut_out() -> None:
    frames = []
    for number in range(30):
        picture = background()
        picture[60:150, 20 + 5 * number : 110 + 5 * number] = 0  # as wide as tall
        frames.append(picture)
    assert people(frames, background(), 5.0) == ()


@given(st.floats(1, 2000), st.integers(0, 1000))
@settings(max_examples=50)
def test_frames_come_in_order_within_the_time_and_a_camera_is_never_silent(
    seconds: float, seed: int
) -> None:
    instants = pace.bursts(seconds, np.random.default_rng(seed))
    times = [instant.at_s for instant in instants]
    assert [instant.number for instant in instants] == list(range(len(instants)))
    assert all(a < b for a, b in pairwise(times))
    assert times[-1] <= seconds
    gaps = np.diff([*times, seconds])
    assert gaps.size == 0 or gaps.max() <= 2 * pace.QUIET_S + 1.5


@pytest.mark.parametrize("scene", sorted(NUISANCES))
@pytest.mark.parametrize("light", LIGHTS)
def test_a_nuisance_is_the_same_from_the_same_seed_and_changes_the_picture(
    scene: str, light: Light, materials: Materials
) -> None:
    first, again = (stage(recipe(scene, light), materials) for _ in range(2))
    pictures = list(first)
    assert pictures == list(again)
    nothing = dict(stage(recipe("nothing", light), materials))
    assert any(nothing[name] != jpeg for name, jpeg in pictures)
    assert all(truth.person is False and not truth.boxes for truth in first.truths())


def test_another_seed_gives_other_frames(materials: Materials) -> None:
    first, other = (list(stage(recipe("snow", seed=seed), materials)) for seed in (1, 2))
    assert first != other


def test_a_frame_does_not_depend_on_those_before_it(materials: Materials) -> None:
    shown = stage(recipe("animals"), materials)
    late = shown.instants[-4]
    alone = shown.picture(late)
    for instant in shown.instants:
        picture = shown.picture(instant)
        if instant is late:
            assert np.array_equal(picture, alone)


@pytest.mark.parametrize("scene", ["walk_day", "walk_hidden"])
def test_a_box_holds_just_what_the_walker_changed(scene: str, materials: Materials) -> None:
    shown = stage(recipe(scene, walkers=8), materials)
    checked = 0
    for truth in shown.truths()[::5]:
        if len(truth.boxes) != 1 or truth.boxes[0].height_px < 20 or truth.boxes[0].partial:
            continue
        with_walker = shown.picture(truth.instant).astype(int)
        ground = shown.ground.copy()
        still = shown.exposure.expose(ground, truth.instant, 1.0).astype(int)
        if shown.hedge is not None:
            still[round(shown.hedge[1]) :] = with_walker[round(shown.hedge[1]) :]
        ys, xs = np.nonzero(np.abs(with_walker - still).max(axis=2) > 60)
        x0, y0, x1, y1 = truth.boxes[0].xyxy
        assert (xs.min(), ys.min()) == pytest.approx((x0, y0), abs=3)
        assert (xs.max(), ys.max()) == pytest.approx((x1, y1), abs=3)
        checked += 1
    assert checked > 5


def test_a_hidden_walker_is_half_visible_and_keeps_the_whole_height(materials: Materials) -> None:
    shown = stage(recipe("walk_hidden", walkers=8), materials)
    boxes = [box for truth in shown.truths() for box in truth.boxes if not box.partial]
    assert boxes
    for box in boxes:
        assert box.visible == pytest.approx(0.5, abs=0.1)
        assert (box.xyxy[3] - box.xyxy[1]) == pytest.approx(box.height_px / 2, abs=2)


def test_a_squeezed_stream_squeezes_its_boxes(materials: Materials) -> None:
    plain = recipe("walk_flat", walkers=8)
    flat = plain.model_copy(update={"squeeze": (1.0, 0.5)})
    shown = stage(flat, materials)
    assert shown.picture(shown.instants[0]).shape == (120, 320, 3)
    for whole, half in zip(stage(plain, materials).truths(), shown.truths(), strict=True):
        for a, b in zip(whole.boxes, half.boxes, strict=True):
            assert b.height_px == a.height_px / 2
            assert b.xyxy == (a.xyxy[0], a.xyxy[1] / 2, a.xyxy[2], a.xyxy[3] / 2)


def test_each_walker_is_an_event_of_its_own(materials: Materials) -> None:
    shown = stage(recipe("walk_day", walkers=16), materials)
    present = [truth.person is True for truth in shown.truths()]
    starts = sum(b and not a for a, b in zip([False, *present], present, strict=False))
    assert starts == len(shown.walkers) == 16


def test_the_hours_are_shared_by_the_nuisances(materials: Materials) -> None:
    plan = CompositionPlan(scenes=USUAL, places=materials.places, hours=10.0, walkers=2, seed=1)
    made = [r for _, r in recipes(plan)]
    nuisances = [r for r in made if not r.walkers]
    assert sum(r.seconds for r in nuisances) == pytest.approx(36_000, abs=1)
    assert {r.scene for r in made} == set(USUAL)
    assert len({r.seed for r in made}) == len(made)


def test_a_place_that_is_not_there_is_named(materials: Materials) -> None:
    elsewhere = recipe("rain").model_copy(update={"background": "moon"})
    with pytest.raises(MaterialError, match="no place 'moon', only slope"):
        stage(elsewhere, materials)


def test_frames_are_pictures_of_the_size_that_the_recipe_says(materials: Materials) -> None:
    shown = stage(recipe("compression"), materials)
    for _, jpeg in shown:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert (picture.shape[1], picture.shape[0]) == shown.recipe.sent_size()


def test_a_recipe_survives_the_manifest(tmp_path: Path) -> None:
    written = recipe("walk_day", walkers=3)
    (tmp_path / "r.json").write_text(json.dumps(written.model_dump(mode="json")))
    assert SceneRecipe.model_validate_json((tmp_path / "r.json").read_bytes()) == written
