"""Zones: feet decide, edges do not matter, time is counted from entry."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.schema import ZoneConfig
from edge.track.zones import ZonePresence, dwelt_s, occupied, step
from imaging.polygons import contains, foot

YARD = ZoneConfig(id="yard", polygon=((0, 0), (0.5, 0), (0.5, 0.5), (0, 0.5)), inertia_s=1.0)


def test_a_person_leaning_over_the_fence_stands_where_the_feet_are() -> None:
    assert foot((40, 20, 60, 120)) == (50, 120)
    assert step((), (YARD,), (0.25, 0.6), now=0.0) == ()


def test_entry_time_survives_while_the_foot_stays_inside() -> None:
    first = step((), (YARD,), (0.2, 0.2), now=10.0)
    later = step(first, (YARD,), (0.3, 0.3), now=10.7)
    assert later == (ZonePresence(zone="yard", since_s=10.0, first_s=10.0, last_s=10.7),)


def test_leaving_resets_the_entry_time() -> None:
    inside = step((), (YARD,), (0.2, 0.2), now=10.0)
    outside = step(inside, (YARD,), (0.9, 0.2), now=10.5)
    (again,) = step(outside, (YARD,), (0.2, 0.2), now=11.0)
    assert again.since_s == 11.0
    assert occupied(outside, (YARD,), now=11.4) == ()


@pytest.mark.parametrize(
    ("now", "zones"), [(10.99, ()), (11.0, ("yard",))], ids=["too soon", "inertia over"]
)
def test_a_zone_counts_once_its_inertia_is_over(now: float, zones: tuple[str, ...]) -> None:
    assert occupied(step((), (YARD,), (0.2, 0.2), now=10.0), (YARD,), now) == zones


@pytest.mark.parametrize(("away_s", "dwelt"), [(1.0, 21.0), (3.0, 0.0)], ids=["paced", "left"])
def test_who_steps_out_for_a_moment_loiters_on(away_s: float, dwelt: float) -> None:
    presences: tuple[ZonePresence, ...] = ()
    for n in range(101):
        presences = step(presences, (YARD,), (0.2, 0.2), now=n / 5)
    for n in range(1, round(away_s * 5)):
        presences = step(presences, (YARD,), (0.9, 0.2), now=20 + n / 5)
        assert dwelt_s(presences, ("yard",), now=20 + n / 5) == 0
    presences = step(presences, (YARD,), (0.2, 0.2), now=20 + away_s)
    assert dwelt_s(presences, ("yard",), now=20 + away_s) == dwelt
    assert dwelt_s(presences, ("elsewhere",), now=20 + away_s) == 0


@given(st.floats(0, 2 * math.pi), st.floats(0, 0.99), st.integers(3, 12))
def test_a_point_near_the_centre_of_a_regular_polygon_is_inside(
    angle: float, reach: float, corners: int
) -> None:
    polygon = tuple(
        (math.cos(2 * math.pi * k / corners), math.sin(2 * math.pi * k / corners))
        for k in range(corners)
    )
    radius = reach * math.cos(math.pi / corners)
    assert contains(polygon, (radius * math.cos(angle), radius * math.sin(angle)))
