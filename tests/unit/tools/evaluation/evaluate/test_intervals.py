"""The reduction of false alarms, and how sure it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.evaluation.evaluate.intervals import Comparison, Reduction

COUNTS = st.integers(0, 300)


@pytest.mark.parametrize(
    ("ours", "theirs", "low", "high"),
    [
        (0, 10, 1 - 0.3085 / 0.6915, 1.0),
        (2, 20, 1 - 0.2916 / 0.7084, 1 - 0.0112 / 0.9888),
        (5, 5, 1 - 0.8129 / 0.1871, 1 - 0.1871 / 0.8129),
    ],
)
def test_the_interval_follows_from_published_binomial_ones(
    ours: int, theirs: int, low: float, high: float
) -> None:
    """Clopper and Pearson's for 0 of 10, 2 of 22 and 5 of 10."""
    assert Reduction(ours, theirs).interval() == pytest.approx((low, high), abs=2e-3)


@given(COUNTS, st.integers(1, 300))
def test_the_interval_holds_the_reduction_and_never_exceeds_one(ours: int, theirs: int) -> None:
    reduction = Reduction(ours, theirs)
    share, ends = reduction.value(), reduction.interval()
    assert share is not None
    assert ends is not None
    assert ends[0] < share <= ends[1] <= 1


@given(COUNTS)
def test_without_their_alarms_there_is_no_reduction(ours: int) -> None:
    assert Reduction(ours, 0).value() is None
    assert Reduction(ours, 0).interval() is None


def test_the_edge_alone_and_what_was_confirmed_are_compared_over_the_same_hours() -> None:
    counts = Comparison(motion=40, edge=10, confirmed=1, hours=2.0)
    assert (counts.edge_reduction().value(), counts.reduction().value()) == (0.75, 0.975)
    assert counts.rate(counts.motion).per_hour() == 20.0
    low, high = counts.rate(counts.confirmed).interval() or (1.0, 0.0)
    assert low < 0.5 < high
