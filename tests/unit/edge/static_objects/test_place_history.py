"""What stood there before: a standing car is like itself, a driving one is not."""

from __future__ import annotations

import cv2
import numpy as np

from edge.static_objects.place_history import STANDING, STAYS, Grey, PlaceHistory, patch_of, stays
from imaging.polygons import Box

RNG = np.random.default_rng(4)
GROUND = cv2.GaussianBlur(RNG.integers(60, 120, (180, 320)).astype(np.float32), (0, 0), 3)
CAR = cv2.GaussianBlur(RNG.integers(0, 255, (20, 40)).astype(np.float32), (0, 0), 2)


def scene(x: int | None, light: float = 1.0) -> Grey:
    """The ground, with the car from column `x` on."""
    picture = GROUND.copy()
    if x is not None:
        picture[100:120, x : x + 40] = CAR
    return np.clip(picture * light, 0, 255).astype(np.uint8)


def place(x: int) -> Box:
    return x / 320, 100 / 180, (x + 40) / 320, 120 / 180


def past(*pictures: Grey) -> PlaceHistory:
    """One picture a second, the first at 0 s."""
    kept = PlaceHistory()
    for second, picture in enumerate(pictures):
        kept = kept.after(picture, float(second))
    return kept


def test_a_parked_car_is_like_itself_though_the_light_changed() -> None:
    like = past(*[scene(100)] * 5).similarity(scene(100, light=0.6), place(100), 5.0)
    assert like is not None
    assert like.most > STANDING


def test_a_car_that_drives_stands_where_something_else_was() -> None:
    driving = [scene(20 + 20 * second) for second in range(5)]
    like = past(*driving).similarity(scene(120), place(120), 5.0)
    assert like is not None
    assert like.most < STANDING


def test_a_car_that_just_drove_up_and_brakes_was_not_there_two_seconds_ago() -> None:
    like = past(*[scene(None)] * 4, scene(100)).similarity(scene(100), place(100), 4.5)
    assert like is not None
    assert like.most < STANDING


def test_somebody_who_came_stands_where_the_ground_was_a_few_seconds_ago() -> None:
    entered = past(*[scene(None)] * 3, *[scene(100)] * 4).similarity(scene(100), place(100), 7.0)
    assert entered is not None
    assert entered.least < STANDING
    statue = past(*[scene(100, light=1.0 - second / 20) for second in range(7)])
    stood = statue.similarity(scene(100), place(100), 7.0)
    assert stood is not None
    assert stood.least > STANDING


def test_nothing_is_said_before_two_seconds_have_passed() -> None:
    assert past(scene(100)).similarity(scene(100), place(100), 1.9) is None


def test_after_a_pause_a_place_is_held_against_the_last_picture_before_it() -> None:
    kept, parked = past(*[scene(100)] * 60), None
    for now in (240.0, 240.5, 241.0, 241.5, 242.5, 249.0):
        kept = kept.after(scene(100), now)
        parked = kept.similarity(scene(100, light=0.6), place(100), now)
        assert parked is not None
        assert parked.most > STANDING
        assert len(kept.pictures) <= 10
    entered = past(*[scene(None)] * 60).after(scene(100), 240.0)
    like = entered.similarity(scene(100), place(100), 241.0)
    assert like is not None
    assert like.most < STANDING


def test_nothing_is_said_of_places_too_small_or_without_structure() -> None:
    kept = past(*[scene(100)] * 5)
    assert kept.similarity(scene(100), (0.5, 0.5, 0.51, 0.51), 5.0) is None
    flat = np.full((180, 320), 90, np.uint8)
    assert past(*[flat] * 5).similarity(flat, place(100), 5.0) is None


def test_its_memory_is_bounded_and_begins_anew_with_another_size() -> None:
    kept = past(*[scene(100)] * 60)
    assert len(kept.pictures) <= 10
    other = np.zeros((90, 160), np.uint8)
    assert kept.after(other, 60.0).pictures == ((60.0, other),)


def test_a_place_that_a_car_has_left_looks_otherwise_and_one_where_it_stays_does_not() -> None:
    patch = patch_of(scene(100), place(100))
    assert patch is not None
    assert stays(scene(160), patch, place(100)) < STAYS
    assert stays(scene(100, light=0.6), patch, place(100)) > STAYS


def test_a_place_with_nothing_to_be_recognised_by_says_nothing() -> None:
    assert patch_of(np.full((180, 320), 90, np.uint8), place(100)) is None
    assert patch_of(scene(100), (0.5, 0.5, 0.505, 0.6)) is None


def test_a_place_is_not_compared_over_a_change_of_the_picture_size() -> None:
    patch = patch_of(scene(100), place(100))
    assert patch is not None
    small = np.asarray(cv2.resize(scene(100), (160, 90)), np.uint8)
    assert stays(small, patch, place(100)) == 0.0
