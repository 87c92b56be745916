"""Wilson's interval against values computed elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from service.intervals import wilson


@pytest.mark.parametrize(
    ("found", "total", "low", "high"),
    [
        (8, 10, 0.4901625, 0.9433178),
        (0, 10, 0.0, 0.2775328),
        (10, 10, 0.7224672, 1.0),
        (1, 1, 0.2065493, 1.0),
        (50, 100, 0.4038315, 0.5961685),
    ],
)
def test_known_values(found: int, total: int, low: float, high: float) -> None:
    assert wilson(found / total, total) == pytest.approx((low, high), abs=1e-6)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_agrees_with_another_implementation(case: tuple[int, int]) -> None:
    found, total = case
    theirs = binomtest(found, total).proportion_ci(method="wilson")
    assert wilson(found / total, total) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(("share", "n"), [(0.5, 0), (-0.1, 10), (1.2, 10)])
def test_there_is_none_without_cases_or_for_what_is_no_share(share: float, n: int) -> None:
    assert wilson(share, n) is None
