"""The gate: things that move pass, noise and light do not, and a still scene is still looked at."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from edge.config.schema import GateConfig
from edge.gate.motion import GateState, detect_motion
from edge.records import Motion

SETTINGS = GateConfig()
SIZE = (640, 480)
Grey = npt.NDArray[np.uint8]


def scene(rng: np.random.Generator, brightness: float = 0.0, noise: float = 3.0) -> Grey:
    columns = np.linspace(60, 180, 160)[None, :].repeat(120, axis=0)
    noisy = columns + brightness + rng.normal(0, noise, columns.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def with_object(grey: Grey, x: int, width: int = 6, height: int = 16) -> Grey:
    marked = grey.copy()
    marked[60 : 60 + height, x : x + width] = 20
    return marked


def watch(
    frames: list[Grey], fps: float = 5.0, settings: GateConfig = SETTINGS, *, followed: bool = True
) -> list[Motion]:
    state, seen = GateState(), []
    for n, grey in enumerate(frames):
        state, motion = detect_motion(state, grey, SIZE, n / fps, settings, followed=followed)
        seen.append(motion)
    return seen


def test_the_first_frame_is_always_looked_at() -> None:
    (first,) = watch([scene(np.random.default_rng(1))])
    assert first.moved
    assert first.why == "first_look"


def test_noise_is_no_motion_once_the_start_is_over() -> None:
    rng = np.random.default_rng(2)
    seen = watch([scene(rng) for _ in range(60)])
    assert not any(motion.moved for motion in seen[12:])


def test_a_still_scene_is_looked_at_every_full_look() -> None:
    rng = np.random.default_rng(3)
    seen = watch([scene(rng) for _ in range(200)])
    assert [n for n, m in enumerate(seen) if m.why == "full_look"] == list(range(85, 200, 75))


@pytest.mark.parametrize("height", [30, 60])
def test_who_runs_further_than_his_own_width_between_pictures_is_seen(height: int) -> None:
    rng = np.random.default_rng(14)
    wide, step = height // 3, round(height * 0.5)
    frames = [scene(rng) for _ in range(30)]
    frames += [with_object(scene(rng), 5 + step * n, wide, height) for n in range(120 // step)]
    seen = watch(frames, fps=4.0)
    assert [motion.why for motion in seen[31:]] == ["motion"] * (len(frames) - 31)


def test_a_thing_that_enters_moves_and_is_placed_in_frame_pixels() -> None:
    rng = np.random.default_rng(4)
    frames = [scene(rng) for _ in range(30)] + [
        with_object(scene(rng), 40 + 2 * n) for n in range(10)
    ]
    seen = watch(frames)
    assert seen[30].why == "brief"
    assert all(motion.why == "motion" for motion in seen[31:])
    mask = seen[35].mask
    assert mask is not None
    assert not mask.flags.writeable
    assert mask[60:76, 50:56].all()
    assert mask.mean() < 255 * 0.05
    x0, y0, x1, y1 = seen[35].regions[0]
    assert x0 <= 200
    assert x1 >= 224  # 50..56 of 160 columns, times 4
    assert y0 <= 240
    assert y1 >= 304


def test_a_slow_change_of_light_is_no_motion() -> None:
    rng = np.random.default_rng(5)
    seen = watch([scene(rng, brightness=0.4 * n) for n in range(100)])
    assert not any(motion.why in ("motion", "light_change") for motion in seen[1:])


def test_a_picture_that_is_all_another_begins_anew() -> None:
    rng = np.random.default_rng(6)
    yard = [scene(rng) for _ in range(30)]
    hall = [np.asarray(rng.integers(0, 2, (30, 40)) * 200 + 20, np.uint8).repeat(4, 0).repeat(4, 1)]
    seen = watch(yard + hall * 20)
    assert seen[30].why == "light_change"
    assert seen[30].moved
    assert not any(motion.regions for motion in seen[30:])


def test_a_light_switch_is_told_from_a_thing_and_from_a_look() -> None:
    rng = np.random.default_rng(6)
    dark = [scene(rng) for _ in range(30)]
    lit = [np.asarray(255 - scene(rng), np.uint8) for _ in range(20)]
    seen = watch(dark + lit)
    assert not any(motion.regions for motion in seen[30:])
    assert {motion.why for motion in seen[30:]} <= {
        "light",
        "ghost",
        "camera_jitter",
        "still",
        "full_look",
    }


@pytest.mark.parametrize("width", [80, 160])
def test_a_change_of_picture_size_begins_anew(width: int) -> None:
    rng = np.random.default_rng(7)
    frames = [scene(rng)[:, :width] if n >= 5 else scene(rng)[:, :100] for n in range(6)]
    assert watch(frames)[5].why == "first_look"


@pytest.mark.parametrize(
    "size", [(1, 1), (320, 1), (320, 3), (320, 4), (320, 8), (2, 240), (13, 11)]
)
def test_a_strip_or_speck_of_a_picture_is_evaluated_without_harm(size: tuple[int, int]) -> None:
    rng, shape = np.random.default_rng(14), size[::-1]
    frames = [np.asarray(rng.integers(0, 60 + 190 * (n % 2), shape), np.uint8) for n in range(12)]
    assert len(watch(frames)) == 12


def test_a_thing_that_stays_becomes_background_and_leaves_no_ghost_when_it_goes() -> None:
    rng = np.random.default_rng(8)
    empty = [scene(rng) for _ in range(30)]
    parked = [with_object(scene(rng), 60) for _ in range(40)]
    left = [scene(rng) for _ in range(40)]
    seen = watch(empty + parked + left)
    quiet = [n for n, motion in enumerate(seen) if motion.why not in ("motion", "first_look")]
    until_known = 1 + round(SETTINGS.background_s / 2 * 5)
    assert not set(range(31, 30 + until_known)) & set(quiet)
    assert set(range(31 + until_known, 70)) <= set(quiet)
    assert set(range(71 + until_known, 110)) <= set(quiet)


def test_one_thing_that_moves_is_one_region_and_the_largest_comes_first() -> None:
    rng = np.random.default_rng(9)
    two = [with_object(with_object(scene(rng), 20), 100, width=20, height=30) for _ in range(2)]
    seen = watch([scene(rng) for _ in range(30)] + two)
    large, small = seen[-1].regions
    assert large[0] < 4 * 110 < large[2]
    assert small[0] < 4 * 23 < small[2]


def test_comparing_a_picture_leaves_the_state_that_was_given_as_it_was() -> None:
    rng = np.random.default_rng(10)
    state, _ = detect_motion(GateState(), scene(rng), SIZE, 0.0, SETTINGS)
    assert state.model is not None
    before = state.model.background.copy(), state.model.noise.copy(), state.model.still_s.copy()
    detect_motion(state, with_object(scene(rng), 60), SIZE, 0.2, SETTINGS)
    after = state.model.background, state.model.noise, state.model.still_s
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_a_faint_thing_is_looked_at_now_and_then_until_something_is_found_in_it() -> None:
    rng = np.random.default_rng(11)
    frames = [scene(rng) for _ in range(30)]
    frames += [with_object(scene(rng), 40 + n // 2, width=2, height=5) for n in range(50)]
    faint = GateConfig(min_share=0.0002, faint_share=0.002, faint_every_s=1.0)
    seen = watch(frames, settings=faint, followed=False)[31:]
    assert {motion.why for motion in seen} <= {"motion", "faint", "brief"}
    looks = [n for n, motion in enumerate(seen) if motion.moved]
    assert len(looks) >= 8
    assert min(b - a for a, b in pairwise(looks)) >= 5
    assert all(motion.why == "motion" for motion in watch(frames, settings=faint)[32:])


def test_only_what_was_found_is_lingered_for() -> None:
    rng = np.random.default_rng(12)
    frames = [
        with_object(scene(rng), 40 + 2 * n) if 30 <= n < 40 else scene(rng) for n in range(50)
    ]
    whys = {
        followed: [motion.why for motion in watch(frames, followed=followed)]
        for followed in (False, True)
    }
    assert "linger" not in whys[False]
    assert whys[True][-8:].count("linger") >= 6


@pytest.mark.parametrize(("light", "moves"), [(0.2, True), (1.0, False)])
def test_in_the_dark_less_of_a_difference_is_a_thing(light: float, moves: bool) -> None:
    rng = np.random.default_rng(13)
    ground = np.full((120, 160), 150 * light)

    def frame(x: int | None) -> Grey:
        shown = ground + rng.normal(0, 0.5, ground.shape)
        if x is not None:
            shown[60:76, x : x + 6] -= 8
        return np.asarray(np.rint(shown), np.uint8)

    seen = watch([frame(None) for _ in range(60)] + [frame(40 + 2 * n) for n in range(10)])
    assert any(motion.regions for motion in seen[62:]) == moves
