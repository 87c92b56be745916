"""How far a thing went: what jitters, grows or is cut by the border has gone nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.track.displacement import displaced, rigid_shift
from imaging.polygons import Box

SIZE = (640, 480)
CAR: Box = (200.0, 200.0, 280.0, 230.0)
SHIFTS = st.floats(-60, 60)


def shifted(box: Box, x: float, y: float) -> Box:
    return (box[0] + x, box[1] + y, box[2] + x, box[3] + y)


def test_a_car_that_drove_its_own_length_is_displaced_by_one() -> None:
    assert rigid_shift(CAR, shifted(CAR, 80.0, 0.0), SIZE) == pytest.approx(1.0)


def test_a_box_that_grows_over_somebody_beside_it_is_not_displaced() -> None:
    assert rigid_shift(CAR, (160.0, 200.0, 280.0, 230.0), SIZE) == 0.0
    assert rigid_shift(CAR, (200.0, 150.0, 280.0, 230.0), SIZE) == 0.0


def test_what_approaches_is_displaced_by_its_growth() -> None:
    assert rigid_shift((300.0, 200.0, 340.0, 220.0), (280.0, 190.0, 360.0, 230.0), SIZE) > 0.6


@pytest.mark.parametrize("seen", [2.0, 5.0, 8.0])
def test_a_parked_car_cut_by_the_border_does_not_travel(seen: float) -> None:
    """Its box ends now here, now there; it never is another tenth longer."""
    assert rigid_shift((0.0, 300.0, 90.0, 360.0), (0.0, 300.0, 90.0 + seen, 360.0), SIZE) == 0.0


def test_a_car_that_drives_in_over_the_border_does() -> None:
    assert rigid_shift((0.0, 300.0, 30.0, 340.0), (0.0, 300.0, 90.0, 340.0), SIZE) > 0.5


def test_a_sliver_along_two_borders_says_nothing() -> None:
    assert rigid_shift((0.0, 0.0, 640.0, 40.0), (0.0, 10.0, 640.0, 60.0), SIZE) <= 0.1


@given(SHIFTS, SHIFTS)
def test_a_shift_counts_by_its_length_whatever_its_direction(x: float, y: float) -> None:
    gone = rigid_shift(CAR, shifted(CAR, x, y), SIZE)
    assert gone == pytest.approx((x * x + y * y) ** 0.5 / 80.0, abs=1e-6)


@given(st.integers(1, 9), st.floats(2, 38))
def test_a_thing_that_drives_is_displaced_by_its_steps(steps: int, pace: float) -> None:
    way = [shifted(CAR, pace * step, 0.0) for step in range(steps + 1)]
    gone = displaced(way[-1], way[:-1], SIZE)
    assert gone == pytest.approx(steps * pace / 80.0, abs=1e-6)


@given(st.integers(1, 8), st.lists(st.floats(-3, 3), min_size=10, max_size=10))
def test_a_hop_to_the_neighbour_is_no_displacement(hop: int, jitter: list[float]) -> None:
    places = [shifted(CAR, (85.0 if n >= hop else 0.0) + x, 0.0) for n, x in enumerate(jitter)]
    assert displaced(places[-1], places[:-1], SIZE) < 0.2


def test_nothing_before_is_no_displacement() -> None:
    assert displaced(CAR, (), SIZE) == 0.0
