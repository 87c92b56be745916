"""A long night: light that changes, things that stand there, someone who walks past them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.detections import Image
from tests.drawn_materials import drawn_materials
from tools.evaluation.compose import pace
from tools.evaluation.compose.night import AFTER_S, BEFORE_S, NightPlan, plan
from tools.evaluation.compose.recipe import Instant, SceneRecipe
from tools.evaluation.compose.render import NIGHT, stage
from tools.evaluation.compose.stages import StagedScene

HOURS_S = 12 * 3600.0
NIGHTS = st.builds(
    plan,
    st.floats(4 * 3600, 16 * 3600),
    st.integers(1, 20),
    st.integers(0, 1000).map(np.random.default_rng),
)


@pytest.fixture(scope="module")
def shown() -> StagedScene:
    recipe = SceneRecipe(
        scene=NIGHT,
        background="slope",
        light="infrared",
        width=320,
        height=240,
        seconds=HOURS_S,
        seed=7,
        walkers=4,
        pause_s=300,
    )
    return stage(recipe, drawn_materials())


def nearest(shown: StagedScene, at_s: float) -> Instant:
    return min(shown.instants, key=lambda instant: abs(instant.at_s - at_s))


def picture(shown: StagedScene, at_s: float) -> Image:
    return shown.picture(nearest(shown, at_s))


def is_grey(image: Image) -> bool:
    return bool(np.all(image == image[..., :1]))


@given(NIGHTS)
def test_nothing_happens_at_the_same_time(night: NightPlan) -> None:
    at_s = sorted((*night.walks_s, *night.lamps_s, *night.beams_s))
    assert at_s[0] >= 0
    assert at_s[-1] < night.seconds
    assert min((b - a for a, b in pairwise(at_s)), default=np.inf) > 60


@given(NIGHTS)
def test_it_gets_dark_and_light_again_and_the_lamp_is_off_in_the_morning(night: NightPlan) -> None:
    assert night.light(0) == night.light(night.seconds) == "day"
    assert night.light(night.seconds / 2) == "infrared"
    assert night.dusk(0) == night.dusk(night.seconds) == 0
    for at_s in night.switches_s():
        assert night.dusk(at_s) == 1
    assert not night.lamp_is_on(night.seconds)


@given(st.floats(1, 600), st.lists(st.floats(0, 40_000), max_size=6))
def test_frames_come_rarely_but_quickly_in_spans_and_bursts(
    pause_s: float, starts_s: list[float]
) -> None:
    spans = [(start_s, start_s + 6) for start_s in starts_s[::2]]
    instants = pace.rarely(spans, starts_s[1::2], HOURS_S, pause_s)
    times = np.array([instant.at_s for instant in instants])
    assert np.all(np.diff(times) >= 0)
    assert np.diff([0, *times, HOURS_S]).max() <= 2 * pause_s + 10
    for start_s in starts_s:
        within = times[(times >= start_s - 0.01) & (times <= start_s + 5)]
        assert len(within) >= 5 * pace.FPS


def test_the_camera_goes_over_to_infrared_and_back(shown: StagedScene) -> None:
    assert shown.night is not None
    into, back = shown.night.switches_s()
    assert [is_grey(picture(shown, t)) for t in (into - 0.5, into + 0.5)] == [False, True]
    assert [is_grey(picture(shown, t)) for t in (back - 0.5, back + 0.5)] == [True, False]


def test_a_lamp_lights_the_scene_at_once(shown: StagedScene) -> None:
    assert shown.night is not None
    switched = shown.night.lamps_s[0]
    off, on = (picture(shown, switched + shift) for shift in (-0.5, 0.5))
    assert on.mean() > off.mean() + 5


def test_every_change_of_light_is_seen_quickly(shown: StagedScene) -> None:
    assert shown.night is not None
    times = np.array([instant.at_s for instant in shown.instants])
    for changed in (*shown.night.lamps_s, *shown.night.switches_s()):
        around = (times > changed - BEFORE_S) & (times < changed + AFTER_S)
        assert around.sum() >= 20


def test_what_stands_there_stands_where_it_is_said(shown: StagedScene) -> None:
    bare = stage(shown.recipe.model_copy(update={"scene": "walk_day"}), drawn_materials()).ground
    changed = np.abs(shown.ground.astype(int) - bare).max(axis=2) > 40
    for thing in shown.standing:
        x0, y0, x1, y1 = (round(value) for value in thing.xyxy)
        assert changed[y0:y1, x0:x1].mean() > 0.2
        changed[y0 - 2 : y1 + 12, x0 - 20 : x1 + 20] = False  # with its shadow
    assert not changed.any()


def test_whoever_walks_passes_close_before_the_van_and_before_the_others(
    shown: StagedScene,
) -> None:
    named = {thing.name: thing.xyxy for thing in shown.standing}
    truths = shown.truths()
    for name, walker in zip(("van", "statue", "van", "poster"), shown.walkers, strict=True):
        x0, _, x1, foot = named[name]
        boxes = [
            truth.boxes[0].xyxy
            for truth in truths
            if truth.boxes and walker.is_there(truth.instant.at_s)
        ]
        assert any(left < x1 and right > x0 for left, _, right, _ in boxes)
        assert foot < walker.feet_px <= foot + 10


def test_every_walk_is_an_event_of_its_own_and_the_rest_of_the_night_is_empty(
    shown: StagedScene,
) -> None:
    present = [truth.person is True for truth in shown.truths()]
    starts = sum(b and not a for a, b in zip([False, *present], present, strict=False))
    assert starts == 4
    assert sum(present) < 0.5 * len(present)


def test_a_night_is_the_same_from_the_same_seed(shown: StagedScene) -> None:
    again = stage(shown.recipe, drawn_materials())
    for instant in shown.instants[::60]:
        assert np.array_equal(shown.picture(instant), again.picture(instant))
