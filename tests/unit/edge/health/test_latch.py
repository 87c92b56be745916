"""The latch behind every fault: it turns only on signs that last and agree."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge.health.camera_health import Latch, debounce

SIGN = st.sampled_from([True, False, None])


@given(st.lists(st.tuples(SIGN, st.floats(0, 30))), st.floats(0.1, 60), st.floats(0.1, 60))
def test_a_latch_never_turns_faster_than_its_times(
    signs: list[tuple[bool | None, float]], enter_s: float, leave_s: float
) -> None:
    latch, now, turns = Latch(), 0.0, [(0.0, False)]
    for sign, wait_s in signs:
        now += wait_s
        latch = debounce(latch, sign, now, enter_s, leave_s)
        if latch.on != turns[-1][1]:
            turns.append((now, latch.on))
    for (before, _), (after, on) in pairwise(turns):
        assert after - before >= (enter_s if on else leave_s) * 0.999


@given(st.lists(SIGN, max_size=60))
def test_a_latch_turns_only_on_signs_in_a_row_that_agree(signs: list[bool | None]) -> None:
    latch = Latch()
    for n, sign in enumerate(signs):
        before, latch = latch.on, debounce(latch, sign, float(n), 4.0, 4.0)
        if latch.on != before:
            assert n >= 4
            assert signs[n - 4 : n + 1] == [latch.on] * 5
