"""Lines: the foot's path decides, in its direction, and who dithers on one crosses it once."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.config.schema import LineConfig
from edge.track.lines import CROSSING_VALID_S, LineHistory, crossings, distance, step
from imaging.polygons import Point, contains

SIZE = (1000, 1000)
FENCE = LineConfig(id="fence", points=((0.5, 0.2), (0.5, 0.8)))
"""Walked from top to bottom, so that its right is the left of the picture."""

coordinate = st.floats(0, 1000, allow_nan=False)
point = st.tuples(coordinate, coordinate)


def walk(
    feet: list[Point], line: LineConfig = FENCE, height_px: float = 100.0
) -> list[tuple[int, str]]:
    """Crossings with the frame in which they were seen, for feet at 5 fps."""
    path = LineHistory()
    told: list[tuple[int, str]] = []
    for n, foot in enumerate(feet):
        path = step(path, (line,), foot, height_px, SIZE, n / 5)
        told += [(n, c.to) for c in path.crossings if c.at_s == n / 5]
    return told


def test_a_path_across_the_line_is_a_crossing_to_the_side_it_leads_to() -> None:
    assert walk([(400, 500), (470, 500), (530, 500)]) == [(2, "left")]
    assert walk([(600, 500), (400, 500)]) == [(1, "right")]


def test_only_the_direction_that_counts_is_told() -> None:
    there_and_back: list[Point] = [(400, 500), (600, 500), (400, 500)]
    inwards = FENCE.model_copy(update={"direction": "to_left"})
    assert walk(there_and_back) == [(1, "left"), (2, "right")]
    assert walk(there_and_back, inwards) == [(1, "left")]


def test_who_walks_around_the_end_of_the_line_does_not_cross_it() -> None:
    assert walk([(400, 100), (600, 100), (600, 500)]) == []


def test_a_slow_camera_sees_a_crossing_between_two_frames() -> None:
    assert walk([(10, 300), (990, 700)]) == [(1, "left")]


@given(st.lists(st.floats(-9.9, 9.9), min_size=1, max_size=60), st.integers(0, 10))
def test_jitter_around_the_line_never_fires_and_a_crossing_through_it_fires_once(
    jitter: list[float], split: int
) -> None:
    """A tenth of the height to either side is no crossing, however often the line is passed."""
    dither: list[Point] = [(500 + x, 500.0) for x in jitter]
    start: Point = (400.0, 500.0)
    assert walk([start, *dither]) == []
    assert walk([start, *dither, start]) == []
    assert walk([start, *dither[:split], (600.0, 500.0), *dither[split:], (600.0, 500.0)]) == [
        (1 + len(dither[:split]), "left")
    ]


def test_a_crossing_waits_for_the_vote_and_not_for_ever() -> None:
    path = step(LineHistory(), (FENCE,), (400, 500), 100.0, SIZE, 0.0)
    path = step(path, (FENCE,), (600, 500), 100.0, SIZE, 1.0)
    assert [c.line for c in path.crossings] == ["fence"]
    assert step(path, (FENCE,), (620, 500), 100.0, SIZE, 1.0 + CROSSING_VALID_S).crossings
    assert not step(path, (FENCE,), (620, 500), 100.0, SIZE, 1.1 + CROSSING_VALID_S).crossings


@given(st.lists(point, min_size=2, max_size=8), point, point)
def test_the_way_back_crosses_as_often_the_other_way(line: list[Point], a: Point, b: Point) -> None:
    assume(all(_clear(line, p) for p in (a, b)))
    assume(all(_clear([a, b], p) for p in line) and a != b)
    assert crossings(line, a, b) == -crossings(line, b, a)


@given(st.lists(point, min_size=2, max_size=8), point, point, point)
def test_a_way_in_two_parts_crosses_as_often_as_its_parts(
    line: list[Point], a: Point, b: Point, c: Point
) -> None:
    """For an outline that closes, whatever the corner: inside and outside depend on the ends."""
    ring = [*line, line[0]]
    assume(all(_clear(ring, p) for p in (a, b, c)))
    assume(all(_clear([p, q], corner) for p, q in ((a, b), (b, c), (a, c)) for corner in line))
    assert crossings(ring, a, c) == crossings(ring, a, b) + crossings(ring, b, c)


@given(st.integers(3, 12), point, point, st.floats(0, 2 * math.pi))
def test_crossing_a_closed_convex_line_is_entering_or_leaving_it(
    corners: int, a: Point, b: Point, turn: float
) -> None:
    ring = tuple(
        (
            500 + 300 * math.cos(turn + 2 * math.pi * k / corners),
            500 + 300 * math.sin(turn + 2 * math.pi * k / corners),
        )
        for k in range(corners)
    )
    assume(all(_clear([*ring, ring[0]], p) for p in (a, b)))
    assume(a != b and all(_clear([a, b], p) for p in ring))
    entered = contains(ring, b) - contains(ring, a)
    assert crossings([*ring, ring[0]], a, b) == entered


def _clear(line: list[Point], p: Point) -> bool:
    """Not so close that rounding decides the side."""
    return distance(line, p) > 1e-6


@pytest.mark.parametrize(
    ("at", "expected"),
    [((500.0, 100.0), 100.0), ((560.0, 500.0), 60.0), ((530.0, 840.0), 50.0)],
    ids=["before the first point", "beside", "past the last"],
)
def test_distance_is_to_the_nearest_point_of_the_line(at: Point, expected: float) -> None:
    assert distance([(500, 200), (500, 800)], at) == pytest.approx(expected)
