"""Waits grow, stay bounded, and are not the same for everybody."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from service.backoff import BASE_S, delay_s


@given(st.integers(-1, 10**9), st.floats(0.1, 1e6), st.integers())
def test_a_wait_stays_between_nothing_and_its_cap(attempts: int, cap_s: float, seed: int) -> None:
    assert 0.0 <= delay_s(attempts, cap_s, random.Random(seed)) <= cap_s


def test_the_longest_wait_doubles_with_each_attempt() -> None:
    rng = random.Random(7)
    for attempts in range(5):
        waits = [delay_s(attempts, 1000.0, rng) for _ in range(2000)]
        assert BASE_S * 2**attempts * 0.98 < max(waits) <= BASE_S * 2**attempts
        assert min(waits) < BASE_S * 2**attempts * 0.02


def test_the_same_seed_waits_the_same() -> None:
    assert delay_s(3, 60.0, random.Random(1)) == delay_s(3, 60.0, random.Random(1))
