"""The estimated rate of missed threats and its interval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.decide.recall import Recall


def test_without_an_answer_nothing_is_known() -> None:
    recall = Recall(rejected=100, judged=0, missed=0)
    assert (recall.rate(), recall.interval(), recall.threats()) == (None, None, None)


@pytest.mark.parametrize(
    ("found", "cases", "low", "high"),
    [(0, 300, 0.0, 0.0126), (1, 100, 0.0018, 0.0545), (5, 20, 0.1119, 0.4687), (9, 9, 0.7009, 1.0)],
)
def test_the_interval_is_wilsons(found: int, cases: int, low: float, high: float) -> None:
    """Values of Newcombe 1998 (Statistics in Medicine 17, method 3) and of R's prop.test."""
    interval = Recall(rejected=cases, judged=cases, missed=found).interval()
    assert interval is not None
    assert interval == pytest.approx((low, high), abs=6e-5)


counts = st.integers(1, 500).flatmap(
    lambda judged: st.tuples(st.integers(judged, 10_000), st.just(judged), st.integers(0, judged))
)


@given(counts)
def test_the_extrapolated_count_lies_in_its_interval_and_in_what_is_possible(
    counted: tuple[int, int, int],
) -> None:
    rejected, judged, missed = counted
    recall = Recall(rejected=rejected, judged=judged, missed=missed)
    threats = recall.threats()
    assert threats is not None
    count, (low, high) = threats
    assert missed - 1e-9 <= low <= count + 1e-6
    assert count - 1e-6 <= high <= rejected + 1e-6


def test_all_audited_are_known_for_certain() -> None:
    recall = Recall(rejected=40, judged=40, missed=3)
    assert recall.threats() == (3.0, (3.0, 3.0))
