"""The estimated rate of missed threats and its interval."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.audit.recall import Recall


def counted(rejected: int, answered: int, missed: int, share: float = 1.0) -> Recall:
    recall = Recall(rejected=rejected)
    for number in range(answered):
        recall = recall.add_answer(share, missed=number < missed)
    return recall


def test_without_an_answer_nothing_is_known() -> None:
    recall = Recall(rejected=100)
    assert (recall.rate(), recall.interval(), recall.threats()) == (None, None, None)
    assert Recall(rejected=1).add_unknown(0.5).interval() is None


@pytest.mark.parametrize(
    ("found", "cases", "low", "high"),
    [(0, 300, 0.0, 0.0126), (1, 100, 0.0018, 0.0545), (5, 20, 0.1119, 0.4687), (9, 9, 0.7009, 1.0)],
)
@pytest.mark.parametrize("share", [1.0, 0.005])
def test_the_interval_is_wilsons(
    found: int, cases: int, low: float, high: float, share: float
) -> None:
    """Values of Newcombe 1998 (Statistics in Medicine 17, method 3) and of R's prop.test; equal
    weights change nothing."""
    interval = counted(cases, cases, found, share).interval()
    assert interval is not None
    assert interval == pytest.approx((low, high), abs=6e-5)


counts = st.integers(1, 500).flatmap(
    lambda answered: st.tuples(
        st.integers(answered, 10_000), st.just(answered), st.integers(0, answered)
    )
)


@given(counts)
def test_the_extrapolated_count_lies_in_its_interval_and_in_what_is_possible(
    figures: tuple[int, int, int],
) -> None:
    rejected, answered, missed = figures
    threats = counted(rejected, answered, missed).threats()
    assert threats is not None
    count, (low, high) = threats
    assert missed - 1e-9 <= low <= count + 1e-6
    assert count - 1e-6 <= high <= rejected + 1e-6


def test_all_audited_are_known_for_certain() -> None:
    assert counted(40, 40, 3).threats() == (3.0, (3.0, 3.0))


def test_what_was_drawn_with_half_the_probability_stands_for_twice_as_many() -> None:
    recall = Recall(rejected=30).add_answer(0.1, missed=False).add_answer(0.05, missed=True)
    assert recall.rate() == pytest.approx(2 / 3)
    assert recall.answered.cases == pytest.approx(900 / 500)


def answered(answers: list[tuple[float, bool]]) -> Recall:
    recall = Recall(rejected=500)
    for share, missed in answers:
        recall = recall.add_answer(share, missed=missed)
    return recall


answers = st.lists(st.tuples(st.floats(0.001, 1), st.booleans()), min_size=1, max_size=60)
lost = st.lists(st.floats(0.001, 1), max_size=20)


@given(answers, lost)
def test_what_has_no_answer_only_widens_the_interval(
    draws: list[tuple[float, bool]], unknown: list[float]
) -> None:
    """It holds whichever they were: all missed, or all clear."""
    widened = reduce(Recall.add_unknown, unknown, answered(draws)).interval()
    assert widened is not None
    for missed in (False, True):
        every = [*draws, *((share, missed) for share in unknown)]
        told = answered(every).interval()
        assert told is not None
        assert widened[0] <= told[0] + 1e-9
        assert told[1] <= widened[1] + 1e-9


def test_the_words_say_what_the_interval_covers() -> None:
    recall = counted(100, 10, 1)
    assert recall.as_json()["interval"] == "sampling"
    unknown = recall.add_unknown(1.0)
    assert unknown.covers() == "sampling, widened by 1 without an answer"
    threats = Recall(rejected=100, uncovered=20, answered=recall.answered).threats()
    assert threats is not None
    assert threats[1][1] >= 20
    uncovered = Recall(rejected=100, uncovered=20, answered=recall.answered)
    assert uncovered.covers() == "sampling, widened by 20 of which none could be drawn"
