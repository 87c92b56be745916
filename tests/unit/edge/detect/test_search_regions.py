"""Crops: inside the frame, few, large enough to gain, and nobody waits for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.detect.search_regions import (
    LEAST_GAIN,
    Gaze,
    Place,
    View,
    covered,
    gains,
    plan,
    tile_crops,
    tiles,
)
from edge.records import Box

HD = View(width=1280, height=720, aspect=1.0, input_px=416)
CIF = View(width=352, height=288, aspect=16 / 11, input_px=416)
VIEWS = (HD, CIF, View(width=320, height=240, aspect=1.0, input_px=416))


def person(x: float, y: float, height: float = 24.0) -> Place:
    return Place(box=(x, y, x + height / 3, y + height))


@st.composite
def places(draw: st.DrawFn, view: View) -> list[Place]:
    found = []
    for _ in range(draw(st.integers(0, 12))):
        x0, x1 = sorted(draw(st.floats(0, view.width)) for _ in range(2))
        y0, y1 = sorted(draw(st.floats(0, view.height)) for _ in range(2))
        found.append(Place(box=(x0, y0, x1, y1), urgency=draw(st.sampled_from([0.25, 1.0]))))
    return found


@given(st.sampled_from(VIEWS).flatmap(lambda view: st.tuples(st.just(view), places(view))))
def test_crops_are_few_and_whole_pixels_of_the_frame(case: tuple[View, list[Place]]) -> None:
    view, wanted = case
    crops = plan(wanted, view, Gaze(), 0.0, 3)
    assert len(crops) <= 3
    for x0, y0, x1, y1 in crops:
        assert 0 <= x0 < x1 <= view.width
        assert 0 <= y0 < y1 <= view.height
        assert all(float(value).is_integer() for value in (x0, y0, x1, y1))


@given(st.sampled_from(VIEWS).flatmap(lambda view: st.tuples(st.just(view), places(view))))
def test_the_most_urgent_place_lies_in_the_first_crop_and_gains(
    case: tuple[View, list[Place]],
) -> None:
    view, wanted = case
    crops = plan(wanted, view, Gaze(), 0.0, 1)
    gaining = [place for place in wanted if gains(place.box, view)]
    assert bool(crops) == bool(gaining)
    if gaining:
        first = max(gaining, key=lambda place: place.urgency)
        assert covered(first.box, crops)
        (x0, y0, x1, y1) = crops[0]
        longer = max((x1 - x0) * view.aspect, y1 - y0)
        assert view.input_px / longer >= 0.7 * LEAST_GAIN * view.zoom


@given(st.sampled_from(VIEWS).flatmap(lambda view: st.tuples(st.just(view), places(view))))
def test_every_place_has_its_turn(case: tuple[View, list[Place]]) -> None:
    view, wanted = case
    gaining = [place for place in wanted if gains(place.box, view)]
    gaze = Gaze()
    seen: list[Box] = []
    for turn in range(16 * max(1, len(gaining))):
        crops = plan(wanted, view, gaze, turn * 0.2, 1)
        gaze = gaze.after(crops, True, turn * 0.2)
        seen += crops
    assert all(covered(place.box, seen) for place in gaining)


def test_small_things_near_each_other_share_a_crop() -> None:
    together = [person(600, 300), person(640, 310), person(660, 290)]
    crops = plan(together, HD, Gaze(), 0.0, 3)
    assert len(crops) == 1
    assert all(covered(place.box, crops) for place in together)


def test_a_place_that_a_crop_for_another_always_shows_half_of_has_its_turn() -> None:
    small = View(width=320, height=240, aspect=1.0, input_px=416)
    beside = Place(box=(236.0, 0.0, 280.0, 1.0), urgency=1.0)
    halved = Place(box=(53.0, 0.0, 97.0, 1.0), urgency=0.25)
    gaze, seen = Gaze(), list[Box]()
    for turn in range(200):
        crops = plan([beside, halved], small, gaze, turn * 0.2, 1)
        gaze = gaze.after(crops, True, turn * 0.2)
        seen += crops
    assert covered(halved.box, seen)
    assert covered(beside.box, seen[-20:])


def test_things_far_apart_have_crops_of_their_own() -> None:
    apart = [person(100, 100), person(900, 500)]
    crops = plan(apart, HD, Gaze(), 0.0, 3)
    assert len(crops) == 2
    assert all(covered(place.box, crops) for place in apart)


def test_a_small_thing_is_enlarged_though_the_frame_is_smaller_than_the_input() -> None:
    small = View(width=320, height=240, aspect=1.0, input_px=416)
    ((x0, y0, x1, y1),) = plan([person(100, 100, 18.0)], small, Gaze(), 0.0, 2)
    assert (x1 - x0, y1 - y0) == pytest.approx((139, 139), abs=2)


@pytest.mark.parametrize("view", VIEWS)
def test_a_large_thing_gets_no_crop_that_gains_nothing(view: View) -> None:
    large: Box = (10, 10, 0.6 * view.width, view.height - 10)
    assert plan([Place(box=large)], view, Gaze(), 0.0, 3) == ()


def test_a_frame_that_the_network_sees_enlarged_already_is_left_alone() -> None:
    tiny = View(width=128, height=96, aspect=1.0, input_px=416)
    assert plan([person(50, 40, 12.0)], tiny, Gaze(), 0.0, 3) == ()
    assert tile_crops(tiny, Gaze(), 3) == ()


def test_a_crop_is_square_in_the_scene_when_pixels_are_not() -> None:
    ((x0, y0, x1, y1),) = plan([person(170, 140, 20.0)], CIF, Gaze(), 0.0, 1)
    assert (x1 - x0) * CIF.aspect == pytest.approx(y1 - y0, abs=3)


@pytest.mark.parametrize("view", VIEWS)
def test_tiles_cover_the_frame_and_take_turns(view: View) -> None:
    """Each within as many looks as there are tiles for two, whatever moves in between."""
    everything = tiles(view)
    gaze = Gaze()
    seen: list[Box] = []
    for turn in range(-(-len(everything) // 2)):
        crops = tile_crops(view, gaze, 2)
        gaze = gaze.after(crops, True, float(turn), len(crops))
        seen += crops
        for other in range(40):
            gaze = gaze.after(((float(other), 0.0, 90.0, 90.0),), False, turn + other / 50)
    for x in (0.0, view.width / 2, view.width - 1.0):
        for y in (0.0, view.height / 2, view.height - 1.0):
            assert covered((x, y, x + 1, y + 1), seen)


def test_what_moves_comes_before_what_may_stand_still() -> None:
    still = Place(box=(100, 100, 108, 124), urgency=0.25)
    moving = Place(box=(900, 500, 908, 524), urgency=1.0)
    (crop,) = plan([still, moving], HD, Gaze(), 0.0, 1)
    assert covered(moving.box, [crop])
