"""Never more than N frames a second, and key frames alone only where they are enough."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.frame_rate import FrameRateLimit, KeyFrames


@given(
    rate=st.floats(0.1, 30),
    gaps=st.lists(st.floats(0, 2, allow_nan=False), min_size=1, max_size=200),
)
def test_over_any_time_no_more_pass_than_the_rate_allows(rate: float, gaps: list[float]) -> None:
    pace, now, passed = FrameRateLimit(rate), 1000.0, []
    for gap in gaps:
        now += gap
        if pace.due(now):
            passed.append(now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            span_s = passed[last] - passed[first]
            assert last - first <= rate * span_s + 1 + 1e-6


def test_a_camera_of_25_frames_gives_two_a_second_when_two_are_asked() -> None:
    pace = FrameRateLimit(2.0)
    assert sum(pace.due(number / 25) for number in range(250)) == 20


def test_asking_does_not_take_the_turn() -> None:
    pace = FrameRateLimit(1.0)
    assert pace.is_due(0)
    assert pace.due(0)
    assert not pace.is_due(0.5)
    assert pace.wait_s(0.25) == 0.75
    assert pace.is_due(1.0)


def after(rate: float, times: list[float]) -> bool:
    keys = KeyFrames(rate)
    for one in times:
        keys.seen(one)
    return keys.alone


def test_key_frames_each_second_are_enough_for_one_a_second() -> None:
    assert after(1.0, [0, 1.05, 2.0])


def test_they_are_not_enough_for_two_a_second_nor_before_they_are_known() -> None:
    assert not after(2.0, [0, 1, 2, 3])
    assert not after(1.0, [0, 1])


def test_one_long_gap_among_the_last_makes_every_frame_count_again() -> None:
    assert not after(1.0, [0, 1, 2, 3, 7, 8])
    assert after(1.0, [0, 1, 2, 3, 7, 8, 9, 10, 11])
