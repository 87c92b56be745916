"""The empty scene and its noise, from a recording in which something always moves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from imaging.detections import Image
from tools.demo.footage import ball, clips, light
from tools.demo.footage.scene import EmptyScene, empty_scene, expose, noise

HEIGHT, WIDTH = 96, 128


@pytest.fixture(scope="module")
def recording() -> list[Image]:
    """A grey gradient with camera noise, across which a dark block travels for ever."""
    rng = np.random.default_rng(1)
    scene = np.tile(np.linspace(60, 200, WIDTH), (HEIGHT, 1))[..., None].repeat(3, axis=2)
    frames = []
    for number in range(80):
        picture = scene + rng.normal(0, 1.5, scene.shape)
        left = (number * 9) % WIDTH
        picture[20:50, left : left + 12] = 10
        frames.append(np.clip(picture, 0, 255).astype(np.uint8))
    return frames


@pytest.fixture(scope="module")
def scene(recording: list[Image]) -> EmptyScene:
    return empty_scene(recording)


def test_what_passes_through_leaves_no_ghost_in_the_background(scene: EmptyScene) -> None:
    expected = np.linspace(60, 200, WIDTH)
    assert np.abs(scene.background[35, :, 0] - expected).max() < 4


def test_noise_has_the_cameras_strength_and_shows_no_shape(scene: EmptyScene) -> None:
    found = noise(scene, 3)
    assert 0.5 < found.std() < 2.5
    assert np.abs(found).max() < clips.FPS * 4
    assert abs(found.mean()) < 0.2


def test_noise_differs_from_frame_to_frame_and_repeats_for_the_same_frame(
    scene: EmptyScene,
) -> None:
    assert not np.array_equal(noise(scene, 3), noise(scene, 4))
    assert np.array_equal(noise(scene, 3), noise(scene, 3))


def test_light_beyond_white_is_cut_and_not_wrapped() -> None:
    assert expose(np.full((2, 2, 3), 250, np.uint8), 2.0).min() == 255


@pytest.mark.parametrize("shine", [light.drift, light.flicker])
def test_light_ends_as_it_began_so_that_a_loop_has_no_seam(
    shine: Callable[[float], float],
) -> None:
    assert shine(0.0) == pytest.approx(shine(1.0))


def test_shadows_move_darken_and_come_round() -> None:
    shadows = light.Shadows(HEIGHT, WIDTH, seed=1)
    begin, later = shadows.at(0.0), shadows.at(0.3)
    assert begin.shape == (HEIGHT, WIDTH)
    assert 0.3 < begin.min() < begin.max() <= 1
    assert np.abs(begin - later).max() > 0.05
    assert np.allclose(begin, shadows.at(1.0), atol=1e-3)


def test_the_ball_stays_out_of_the_empty_stretches() -> None:
    assert ball.path(0.0, WIDTH, HEIGHT) is None
    assert ball.path(0.55, WIDTH, HEIGHT) is None
    assert ball.path(0.3, WIDTH, HEIGHT) is not None


def test_the_ball_changes_only_pixels_round_itself(scene: EmptyScene) -> None:
    where = ball.Ball(x=64, y=60, radius=6, turn=0.5, lift=0)
    changed = (ball.draw(scene.background, where) != scene.background).any(axis=2)
    ys, xs = np.nonzero(changed)
    assert changed[60, 64]
    assert ys.min() >= 52
    assert ys.max() <= 76
    assert xs.min() >= 48
    assert xs.max() <= 80


@pytest.mark.parametrize("x", [-6.0, 1.0, 126.0, 134.0, 500.0])
def test_a_ball_at_the_edge_is_cut(scene: EmptyScene, x: float) -> None:
    picture = ball.draw(scene.background, ball.Ball(x=x, y=60, radius=6, turn=0, lift=3))
    assert picture.shape == scene.background.shape


def test_walkers_are_the_recordings_own_frames_between_empty_ones(scene: EmptyScene) -> None:
    frames = list(
        clips.walkers(scene, (clips.ClipStretch(1), clips.ClipStretch(1, 0), clips.ClipStretch(1)))
    )
    assert len(frames) == 3 * clips.FPS
    dark = [int((frame < 30).all(axis=2).sum()) for frame in frames]
    assert all(count < 20 for count in dark[:5] + dark[10:])
    assert all(count > 100 for count in dark[5:10])


def test_two_makings_give_the_same_frames(scene: EmptyScene) -> None:
    for make in (clips.empty, clips.rolling):
        first, second = make(scene, 1), make(scene, 1)
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
