"""Silence: what is long for one camera is usual for another."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.health import HealthConfig
from edge.health.offline import Arrivals, await_first, check_offline, count_arrivals, limit_s

SETTINGS = HealthConfig()


def sends(
    gaps_s: list[float], settings: HealthConfig = SETTINGS, kind: str = "auto"
) -> tuple[Arrivals, float, list[tuple[float, bool]]]:
    """A camera whose pictures are so far apart, evaluated every second and at each of them; when it
    went and came back."""
    arrivals, now, turns = await_first(0.0), 0.0, [(0.0, False)]
    for gap_s in gaps_s:
        until_s = now + gap_s
        while now < until_s:
            now = min(now + 1.0, until_s)
            if now == until_s:
                arrivals = count_arrivals(arrivals, 1, now, settings)
            arrivals = check_offline(arrivals, kind, now, 0.0, settings)
            if arrivals.offline != turns[-1][1]:
                turns.append((now, arrivals.offline))
    return arrivals, now, turns


def test_a_stream_that_stops_is_offline_after_the_least_time() -> None:
    arrivals, now, turns = sends([0.2] * 300)
    assert turns == [(0.0, False)]
    assert not check_offline(arrivals, "auto", now + 59, 0.0, SETTINGS).offline
    assert check_offline(arrivals, "auto", now + 61, 0.0, SETTINGS).offline


def test_a_slow_camera_is_offline_after_ten_of_its_own_intervals() -> None:
    arrivals, now, _ = sends([120.0] * 30)
    assert limit_s(arrivals, "auto", SETTINGS) == pytest.approx(1200, rel=0.01)
    assert not check_offline(arrivals, "auto", now + 1100, 0.0, SETTINGS).offline
    assert check_offline(arrivals, "auto", now + 1300, 0.0, SETTINGS).offline


def test_a_camera_that_sends_bursts_is_not_called_offline_after_each() -> None:
    bursts = [gap_s for _ in range(40) for gap_s in (1.0, 1.0, 1.0, 300.0)]
    assert sends(bursts)[2] == [(0.0, False)]


def test_an_outage_does_not_become_a_habit() -> None:
    arrivals, _, turns = sends([0.2] * 100 + [7200.0] + [0.2] * 300)
    assert [offline for _, offline in turns] == [False, True, False]
    assert limit_s(arrivals, "auto", SETTINGS) <= 300


def test_a_camera_that_sends_when_something_happens_is_offline_only_if_told() -> None:
    silent = await_first(0.0)
    assert not check_offline(silent, "snapshot", 1e9, 0.0, SETTINGS).offline
    assert check_offline(silent, "snapshot", 90_000, 0.0, HealthConfig(offline_s=86_400)).offline


def test_a_listed_camera_of_which_nothing_comes_is_offline_after_ten_minutes() -> None:
    waiting = await_first(0.0)
    assert not check_offline(waiting, "auto", 590, 0.0, SETTINGS).offline
    assert check_offline(waiting, "auto", 610, 0.0, SETTINGS).offline


def test_silence_counts_only_while_we_listened() -> None:
    arrivals, now, _ = sends([0.2] * 100)
    assert not check_offline(arrivals, "auto", now + 500, now + 490, SETTINGS).offline
    assert check_offline(arrivals, "auto", now + 560, now + 490, SETTINGS).offline


def test_a_camera_is_back_when_it_has_kept_speaking() -> None:
    arrivals, now, _ = sends([0.2] * 100)
    arrivals = check_offline(arrivals, "auto", now + 100, 0.0, SETTINGS)
    arrivals = count_arrivals(arrivals, 1, now + 101, SETTINGS)
    assert check_offline(arrivals, "auto", now + 110, 0.0, SETTINGS).offline
    assert not check_offline(arrivals, "auto", now + 117, 0.0, SETTINGS).offline


def test_switched_off_or_ignored_nobody_is_offline() -> None:
    arrivals, now, _ = sends([0.2] * 100)
    for settings in (HealthConfig(enabled=False), HealthConfig(ignore=("offline",))):
        assert not check_offline(arrivals, "auto", now + 1e6, 0.0, settings).offline


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    arrivals, now, _ = sends([0.2] * 600)
    assert arrivals.rate(now) == pytest.approx(5.0, rel=0.05)
    assert arrivals.rate(now + 120) == pytest.approx(0.1, abs=0.1)
    young, soon, _ = sends([0.2] * 25)
    assert young.rate(soon) == pytest.approx(5.0, rel=0.1)


GAPS = st.lists(st.floats(0.01, 400), max_size=60)


@given(GAPS, st.floats(0.5, 100), st.floats(0.1, 100))
def test_offline_and_back_never_turn_faster_than_their_times(
    gaps_s: list[float], least_s: float, leave_s: float
) -> None:
    settings = HealthConfig(offline_min_s=least_s, leave_s=leave_s)
    turns = sends(gaps_s, settings)[2]
    for (before, _), (after, offline) in pairwise(turns):
        if not offline:
            assert after - before >= leave_s
        else:
            assert after >= least_s


@given(st.lists(st.tuples(st.integers(1, 100), st.floats(-10, 1e6)), max_size=50))
def test_figures_stay_finite_whatever_the_clock_does(steps: list[tuple[int, float]]) -> None:
    arrivals, now = await_first(0.0), 0.0
    for pictures, wait_s in steps:
        now += wait_s
        arrivals = count_arrivals(arrivals, pictures, now, SETTINGS)
        arrivals = check_offline(arrivals, "auto", now, 0.0, SETTINGS)
        assert math.isfinite(arrivals.rate(now))
        assert 0 <= arrivals.usual_gap_s < 1e9
