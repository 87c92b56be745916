"""Changes that are no thing do not pass the gate, and what walks through them does."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.gate import NUISANCES, Nuisance
from edge.config.schema import GateConfig
from edge.gate.illumination import BLACK, gains, patterned
from edge.gate.motion import GateState, detect_motion
from edge.gate.stabilisation import stabilise
from edge.records import Motion

Grey = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]
Nuance = Callable[[Field, float, np.random.Generator], Field]

HEIGHT, WIDTH = 120, 160
SIZE = (640, 480)
FPS = 5.0
START = 10
"""Seconds; by then the first look is over."""


def yard(seed: int = 0) -> Field:
    """A scene with some pattern everywhere, 60 to 180 grey levels."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(-1, 1, (12, 16)).astype(np.float32), (WIDTH, HEIGHT))
    fine = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 1.5)
    return np.asarray(120 + 40 * coarse + 30 * fine, np.float32)


def walker(picture: Field, t: float, start_s: float) -> Field:
    """Somebody 24 pixels tall in light trousers and a dark coat, 6 pixels a second."""
    if t < start_s:
        return picture
    x = 20 + round(6 * (t - start_s))
    shown = picture.copy()
    shown[50:62, x : x + 8] = 15
    shown[62:74, x + 1 : x + 7] = 235
    return shown


def lamp(picture: Field, t: float, _rng: np.random.Generator) -> Field:
    """Switched off and on every two seconds."""
    return picture * np.float32(0.35 if int(t / 2) % 2 else 1.0)


def beam(picture: Field, t: float, _rng: np.random.Generator) -> Field:
    """Headlights that sweep across in four seconds."""
    xs = np.arange(WIDTH, dtype=np.float32)
    at = WIDTH * ((t / 4) % 1.4 - 0.2)
    light = 0.5 + 0.5 * np.exp(-(((xs - at) / 22) ** 2))
    return np.asarray(picture * light, np.float32)


def cast(picture: Field, t: float, _rng: np.random.Generator) -> Field:
    """The shadow, as sharp as the sun's, of somebody out of view who walks to and fro."""
    shown = picture.copy()
    x = round(60 + 40 * np.sin(0.9 * t))
    shown[60:, x : x + 14] *= 0.6
    return shown


def gusts(picture: Field, _t: float, rng: np.random.Generator) -> Field:
    """The camera shakes by up to 6 pixels."""
    dx, dy = rng.uniform(-6, 6, 2)
    there = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    moved = cv2.warpAffine(picture, there, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def rain(picture: Field, _t: float, rng: np.random.Generator) -> Field:
    """Fifteen streaks, elsewhere in each picture."""
    shown = picture.copy()
    for x, y in rng.integers((0, 0), (WIDTH, HEIGHT - 6), (15, 2)):
        shown[y : y + 6, x : x + 2] += 60
    return shown


def film(nuance: Nuance | None, seconds: float = 24.0, start_s: float = 1e9) -> list[Grey]:
    """A yard, a nuisance after five seconds, and somebody who walks from `start_s` on."""
    rng, base = np.random.default_rng(3), yard()
    frames = []
    for n in range(round(seconds * FPS)):
        picture = walker(base, n / FPS, start_s)
        if nuance is not None and n >= 5 * FPS:
            picture = nuance(picture, n / FPS, rng)
        noisy = picture + rng.normal(0, 2, picture.shape)
        frames.append(np.asarray(np.clip(noisy, 0, 255), np.uint8))
    return frames


def watch(frames: list[Grey], gate: GateConfig) -> list[Motion]:
    state, seen = GateState(), []
    for n, grey in enumerate(frames):
        state, motion = detect_motion(state, grey, SIZE, n / FPS, gate)
        seen.append(motion)
    return seen


def _all_over() -> Grey:
    """A change that reaches everywhere."""
    return np.full((HEIGHT, WIDTH), 255, np.uint8)


def moving(seen: list[Motion]) -> float:
    """The share of the pictures after the start that the gate calls motion."""
    later = seen[round(START * FPS) :]
    return sum(motion.why == "motion" for motion in later) / len(later)


@pytest.mark.parametrize(
    ("nuance", "most"),
    [(None, 0.0), (lamp, 0.05), (beam, 0.05), (cast, 0.05), (gusts, 0.05), (rain, 0.15)],
)
def test_a_nuisance_hardly_passes(nuance: Nuance | None, most: float) -> None:
    assert moving(watch(film(nuance), GateConfig())) <= most


@pytest.mark.parametrize(
    ("nuance", "name"), [(beam, "light"), (gusts, "camera_jitter"), (rain, "brief")]
)
def test_a_nuisance_that_is_not_ignored_passes(nuance: Nuance, name: Nuisance) -> None:
    others = tuple(other for other in NUISANCES if other != name)
    assert moving(watch(film(nuance), GateConfig(ignore=others))) >= 0.3


@pytest.mark.parametrize("nuance", [None, lamp, beam, cast, gusts, rain])
def test_somebody_who_walks_through_a_nuisance_passes_where_he_is(nuance: Nuance | None) -> None:
    seen = watch(film(nuance, start_s=START), GateConfig())[round(START * FPS) + 1 :]
    found = []
    for n, motion in enumerate(seen):
        x = 4 * (20 + 6 * (n + 1) / FPS)
        found.append(any(x0 < x + 32 and x1 > x for x0, _, x1, _ in motion.regions))
    assert sum(found) / len(found) >= 0.9


def test_leaves_that_sway_are_known_after_a_while_and_somebody_before_them_is_not() -> None:
    rng, base = np.random.default_rng(4), yard()
    frames = []
    for n in range(round(60 * FPS)):
        picture = base.copy()
        picture[20:50, 90:130] += 40 * ((n + np.arange(40)) % 3 == 0)
        picture = walker(picture, n / FPS, 50)
        frames.append(np.asarray(picture + rng.normal(0, 2, picture.shape), np.uint8))
    seen = watch(frames, GateConfig())
    leafy = [motion.why == "motion" for motion in seen[round(35 * FPS) : round(50 * FPS)]]
    walked = [motion.why == "motion" for motion in seen[round(51 * FPS) :]]
    assert sum(leafy) <= 0.1 * len(leafy)
    assert all(walked)


def test_somebody_in_view_at_the_start_leaves_no_ghost_where_he_stood() -> None:
    rng, base = np.random.default_rng(5), yard()
    stands = walker(base, 0, 0)
    frames = [stands] * 10 + [base] * 20
    noisy = [np.asarray(f + rng.normal(0, 2, f.shape), np.uint8) for f in frames]
    seen = watch(noisy, GateConfig())
    assert seen[0].moved
    assert not any(motion.regions for motion in seen[12:])
    others = tuple(other for other in NUISANCES if other != "ghost")
    assert all(motion.regions for motion in watch(noisy, GateConfig(ignore=others))[12:20])


def test_somebody_who_stands_up_after_minutes_passes() -> None:
    rng, base = np.random.default_rng(6), yard()
    crouched, upright = base.copy(), base.copy()
    crouched[62:74, 40:48] = 15
    upright[50:74, 40:48] = 15
    frames = [crouched] * 600 + [upright] * 3
    seen = watch(
        [np.asarray(f + rng.normal(0, 2, f.shape), np.uint8) for f in frames], GateConfig()
    )
    assert [motion.why for motion in seen[601:]] == ["motion", "motion"]
    assert sum(motion.why == "full_look" for motion in seen[:600]) >= 6


@given(gain=st.floats(0.2, 2.0), seed=st.integers(0, 20))
@settings(max_examples=30, deadline=None)
def test_a_background_is_lit_as_the_picture_is(gain: float, seed: int) -> None:
    background = np.asarray(np.clip(yard(seed), 20, 200) + BLACK, np.float32)
    picture = np.asarray(background * gain, np.float32)
    assert np.allclose(gains(picture, background), gain, rtol=1e-3)
    limit = np.full(picture.shape, 10, np.float32)
    assert not patterned(picture, background, limit).any()


@given(dx=st.floats(-6, 6), dy=st.floats(-6, 6), seed=st.integers(0, 20))
@settings(max_examples=30, deadline=None)
def test_a_shift_is_found_and_taken_back(dx: float, dy: float, seed: int) -> None:
    scene = yard(seed) + np.float32(BLACK)
    there = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    moved = cv2.warpAffine(scene, there, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    found = stabilise(np.asarray(moved, np.float32), scene, _all_over())
    if found is None:
        assert max(abs(dx), abs(dy)) < 0.5
    else:
        assert abs(found.dx - dx) < 0.5
        assert abs(found.dy - dy) < 0.5


def test_what_moves_before_a_plain_wall_from_the_first_picture_on_is_no_shake() -> None:
    rng, wall = np.random.default_rng(5), np.full((HEIGHT, WIDTH), 130, np.float32)
    frames = [walker(wall, n / FPS, 0.0) + rng.normal(0, 2, wall.shape) for n in range(40)]
    seen = watch([np.asarray(np.clip(frame, 0, 255), np.uint8) for frame in frames], GateConfig())
    assert [motion.why for motion in seen].count("camera_jitter") == 0
    assert sum(bool(motion.regions) for motion in seen[10:]) >= 25


def bare_yard() -> Field:
    """Plain ground with a marking in each of three corners."""
    ground = np.full((HEIGHT, WIDTH), 90.0, np.float32)
    for at in ((18, 20), (120, 14), (24, 92)):
        ground[at[1] : at[1] + 12, at[0] : at[0] + 16] = 220
    return np.asarray(cv2.GaussianBlur(ground, (0, 0), 0.8), np.float32)


def swayed(picture: Field, dx: float, dy: float, rng: np.random.Generator) -> Grey:
    by = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    moved = cv2.warpAffine(picture, by, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(moved + rng.normal(0, 1.5, moved.shape), 0, 255), np.uint8)


def on_a_swaying_mast(start_s: float = 1e9, seconds: float = 40.0) -> list[Motion]:
    """Up to 2 pixels to and fro from the twelfth second on; somebody comes at `start_s`."""
    rng = np.random.default_rng(5)
    frames = []
    for n in range(round(seconds * FPS)):
        t = n / FPS
        far = 2 * np.sin(t * 2.1) if t > 12 else 0.0
        frames.append(swayed(walker(bare_yard(), t, start_s), far, far / 2, rng))
    return watch(frames, GateConfig())


def test_a_mast_that_sways_over_a_bare_yard_is_a_shake() -> None:
    seen = on_a_swaying_mast()[round(12 * FPS) :]
    assert [motion.why for motion in seen].count("camera_jitter") >= 10
    assert moving(seen) < 0.1


def test_somebody_who_walks_under_a_swaying_mast_passes_where_he_is() -> None:
    seen = on_a_swaying_mast(start_s=25)
    there = seen[round(26 * FPS) : round(38 * FPS)]
    assert moving(there) > 0.9
    for n, motion in enumerate(there):
        if motion.regions:
            x = 4 * (24 + 6 * (1 + n / FPS))
            assert any(r[0] - 20 <= x <= r[2] + 20 for r in motion.regions)


def test_somebody_who_moves_beside_still_edges_is_no_shake() -> None:
    still = [swayed(bare_yard(), 0, 0, np.random.default_rng(n)) for n in range(60)]
    walks = [
        swayed(walker(bare_yard(), n / FPS, 0), 0, 0, np.random.default_rng(n)) for n in range(60)
    ]
    seen = watch(still + walks, GateConfig())[60:]
    assert [motion.why for motion in seen].count("camera_jitter") == 0
    assert moving(seen[2:]) > 0.9
