"""The plain motion detector that the product is held against."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.admission import PictureLimits
from imaging.detections import FloatArray, Image
from tools.evaluation.evaluate.plain_motion import (
    CHANGED_LEVELS,
    LEARNED_S,
    MOVED_SHARE,
    Background,
    PlainMotion,
    changed_share,
    learned,
)

LIMITS = PictureLimits(
    max_bytes=1_000_000,
    max_pixels=1_000_000,
    max_side_px=2000,
    min_side_px=16,
    max_scans=100,
)
SIZE = (480, 640)


def field(level: float) -> FloatArray:
    return np.full((30, 40), level, np.float32)


def picture(*boxes: tuple[int, int, int, int], ground: int = 90, box: int = 200) -> bytes:
    """A grey scene with lighter things in it: left, top, width and height in pixels of 640x480."""
    drawn: Image = np.full((*SIZE, 3), ground, np.uint8)
    for x, y, w, h in boxes:
        drawn[y : y + h, x : x + w] = box
    return cv2.imencode(".jpg", drawn)[1].tobytes()


def watched(*pictures: bytes, step_s: float = 0.25) -> list[bool]:
    motion = PlainMotion(LIMITS)
    return [motion.moved(each, number * step_s) for number, each in enumerate(pictures)]


def test_the_first_frame_and_a_still_scene_are_no_motion() -> None:
    assert watched(*[picture((100, 100, 40, 110))] * 5) == [False] * 5


def test_someone_of_a_quarter_of_the_height_who_appears_is_motion() -> None:
    assert watched(picture(), picture((100, 200, 40, 120))) == [False, True]


def test_a_small_thing_is_no_motion() -> None:
    assert watched(picture(), picture((100, 200, 8, 24))) == [False, False]


def test_a_change_that_is_faint_is_no_motion() -> None:
    assert watched(picture(), picture((0, 0, 300, 300), box=100)) == [False, False]


def test_a_light_switched_on_is_motion_until_it_is_learned() -> None:
    bright = [picture(ground=150)] * 100
    moved = watched(picture(), *bright)
    assert moved[1:10] == [True] * 9
    assert not any(moved[80:])


def test_slow_dusk_is_no_motion() -> None:
    assert not any(watched(*[picture(ground=200 - n) for n in range(100)], step_s=2.0))


def test_what_is_no_picture_is_no_motion_and_changes_nothing() -> None:
    moved = watched(picture(), b"no picture", picture((100, 200, 40, 120)))
    assert moved == [False, False, True]


def test_a_picture_of_another_shape_begins_anew() -> None:
    other = cv2.imencode(".jpg", np.full((200, 320, 3), 220, np.uint8))[1].tobytes()
    assert watched(picture(), other, other) == [False, False, False]


@given(st.integers(0, 30 * 40))
def test_the_share_is_that_of_the_pixels_that_changed(changed: int) -> None:
    levels = field(100).ravel()
    levels[:changed] += CHANGED_LEVELS
    share = changed_share(Background(field(100), 0.0), levels.reshape(30, 40))
    assert share == pytest.approx(changed / (30 * 40))


@given(st.lists(st.floats(0.01, 30), min_size=1, max_size=12))
def test_what_is_learned_depends_on_the_time_and_not_on_the_number_of_frames(
    steps_s: list[float],
) -> None:
    in_steps, at_s = Background(field(0), 0.0), 0.0
    for step_s in steps_s:
        at_s += step_s
        in_steps = learned(in_steps, field(100), at_s)
    at_once = learned(Background(field(0), 0.0), field(100), at_s)
    assert in_steps.levels[0, 0] == pytest.approx(at_once.levels[0, 0], abs=0.01)
    assert at_once.levels[0, 0] == pytest.approx(100 * (1 - np.exp(-at_s / LEARNED_S)), abs=0.01)


def test_a_thing_just_large_enough_is_motion() -> None:
    side = round((MOVED_SHARE * SIZE[0] * SIZE[1]) ** 0.5)
    assert watched(picture(), picture((200, 200, side + 8, side + 8)))[-1]
    assert not watched(picture(), picture((200, 200, side - 8, side - 8)))[-1]
