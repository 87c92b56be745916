"""Crops: inside the frame, few, large enough to gain, and nobody waits for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.detect.search_regions import (
    LEAST_GAIN,
    CropHistory,
    FrameGeometry,
    SearchRegion,
    covered,
    gains,
    plan,
    tile_crops,
    tiles,
)
from imaging.polygons import Box

HD = FrameGeometry(width=1280, height=720, aspect=1.0, input_px=416)
CIF = FrameGeometry(width=352, height=288, aspect=16 / 11, input_px=416)
VIEWS = (HD, CIF, FrameGeometry(width=320, height=240, aspect=1.0, input_px=416))


def person(x: float, y: float, height: float = 24.0) -> SearchRegion:
    return SearchRegion(box=(x, y, x + height / 3, y + height))


@st.composite
def regions(draw: st.DrawFn, geometry: FrameGeometry) -> list[SearchRegion]:
    found = []
    for _ in range(draw(st.integers(0, 12))):
        x0, x1 = sorted(draw(st.floats(0, geometry.width)) for _ in range(2))
        y0, y1 = sorted(draw(st.floats(0, geometry.height)) for _ in range(2))
        found.append(SearchRegion(box=(x0, y0, x1, y1), urgency=draw(st.sampled_from([0.25, 1.0]))))
    return found


@given(
    st.sampled_from(VIEWS).flatmap(lambda geometry: st.tuples(st.just(geometry), regions(geometry)))
)
def test_crops_are_few_and_whole_pixels_of_the_frame(
    case: tuple[FrameGeometry, list[SearchRegion]],
) -> None:
    geometry, wanted = case
    crops = plan(wanted, geometry, CropHistory(), 0.0, 3)
    assert len(crops) <= 3
    for x0, y0, x1, y1 in crops:
        assert 0 <= x0 < x1 <= geometry.width
        assert 0 <= y0 < y1 <= geometry.height
        assert all(float(value).is_integer() for value in (x0, y0, x1, y1))


@given(
    st.sampled_from(VIEWS).flatmap(lambda geometry: st.tuples(st.just(geometry), regions(geometry)))
)
def test_the_most_urgent_place_lies_in_the_first_crop_and_gains(
    case: tuple[FrameGeometry, list[SearchRegion]],
) -> None:
    geometry, wanted = case
    crops = plan(wanted, geometry, CropHistory(), 0.0, 1)
    gaining = [region for region in wanted if gains(region.box, geometry)]
    assert bool(crops) == bool(gaining)
    if gaining:
        first = max(gaining, key=lambda region: region.urgency)
        assert covered(first.box, crops)
        (x0, y0, x1, y1) = crops[0]
        longer = max((x1 - x0) * geometry.aspect, y1 - y0)
        assert geometry.input_px / longer >= 0.7 * LEAST_GAIN * geometry.zoom


@given(
    st.sampled_from(VIEWS).flatmap(lambda geometry: st.tuples(st.just(geometry), regions(geometry)))
)
def test_every_place_has_its_turn(case: tuple[FrameGeometry, list[SearchRegion]]) -> None:
    geometry, wanted = case
    gaining = [region for region in wanted if gains(region.box, geometry)]
    history = CropHistory()
    seen: list[Box] = []
    for turn in range(16 * max(1, len(gaining))):
        crops = plan(wanted, geometry, history, turn * 0.2, 1)
        history = history.after(crops, True, turn * 0.2)
        seen += crops
    assert all(covered(region.box, seen) for region in gaining)


def test_small_things_near_each_other_share_a_crop() -> None:
    together = [person(600, 300), person(640, 310), person(660, 290)]
    crops = plan(together, HD, CropHistory(), 0.0, 3)
    assert len(crops) == 1
    assert all(covered(region.box, crops) for region in together)


def test_a_place_that_a_crop_for_another_always_shows_half_of_has_its_turn() -> None:
    small = FrameGeometry(width=320, height=240, aspect=1.0, input_px=416)
    beside = SearchRegion(box=(236.0, 0.0, 280.0, 1.0), urgency=1.0)
    halved = SearchRegion(box=(53.0, 0.0, 97.0, 1.0), urgency=0.25)
    history, seen = CropHistory(), list[Box]()
    for turn in range(200):
        crops = plan([beside, halved], small, history, turn * 0.2, 1)
        history = history.after(crops, True, turn * 0.2)
        seen += crops
    assert covered(halved.box, seen)
    assert covered(beside.box, seen[-20:])


def test_things_far_apart_have_crops_of_their_own() -> None:
    apart = [person(100, 100), person(900, 500)]
    crops = plan(apart, HD, CropHistory(), 0.0, 3)
    assert len(crops) == 2
    assert all(covered(region.box, crops) for region in apart)


def test_a_small_thing_is_enlarged_though_the_frame_is_smaller_than_the_input() -> None:
    small = FrameGeometry(width=320, height=240, aspect=1.0, input_px=416)
    ((x0, y0, x1, y1),) = plan([person(100, 100, 18.0)], small, CropHistory(), 0.0, 2)
    assert (x1 - x0, y1 - y0) == pytest.approx((139, 139), abs=2)


@pytest.mark.parametrize("geometry", VIEWS)
def test_a_large_thing_gets_no_crop_that_gains_nothing(geometry: FrameGeometry) -> None:
    large: Box = (10, 10, 0.6 * geometry.width, geometry.height - 10)
    assert plan([SearchRegion(box=large)], geometry, CropHistory(), 0.0, 3) == ()


def test_a_frame_that_the_network_sees_enlarged_already_is_left_alone() -> None:
    tiny = FrameGeometry(width=128, height=96, aspect=1.0, input_px=416)
    assert plan([person(50, 40, 12.0)], tiny, CropHistory(), 0.0, 3) == ()
    assert tile_crops(tiny, CropHistory(), 3) == ()


def test_a_crop_is_square_in_the_scene_when_pixels_are_not() -> None:
    ((x0, y0, x1, y1),) = plan([person(170, 140, 20.0)], CIF, CropHistory(), 0.0, 1)
    assert (x1 - x0) * CIF.aspect == pytest.approx(y1 - y0, abs=3)


@pytest.mark.parametrize("geometry", VIEWS)
def test_tiles_cover_the_frame_and_take_turns(geometry: FrameGeometry) -> None:
    """Each within as many looks as there are tiles for two, whatever moves in between."""
    everything = tiles(geometry)
    history = CropHistory()
    seen: list[Box] = []
    for turn in range(-(-len(everything) // 2)):
        crops = tile_crops(geometry, history, 2)
        history = history.after(crops, True, float(turn), len(crops))
        seen += crops
        for other in range(40):
            history = history.after(((float(other), 0.0, 90.0, 90.0),), False, turn + other / 50)
    for x in (0.0, geometry.width / 2, geometry.width - 1.0):
        for y in (0.0, geometry.height / 2, geometry.height - 1.0):
            assert covered((x, y, x + 1, y + 1), seen)


def test_what_moves_comes_before_what_may_stand_still() -> None:
    still = SearchRegion(box=(100, 100, 108, 124), urgency=0.25)
    moving = SearchRegion(box=(900, 500, 908, 524), urgency=1.0)
    (crop,) = plan([still, moving], HD, CropHistory(), 0.0, 1)
    assert covered(moving.box, [crop])
