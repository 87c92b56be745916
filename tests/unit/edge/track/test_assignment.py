"""Assignment: as good as a well-known solver, never twice, never for nothing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from edge.track.assignment import assign

TABLES = st.integers(0, 7).flatmap(
    lambda n: st.integers(0, 7).flatmap(
        lambda m: st.lists(
            st.one_of(st.just(0.0), st.floats(0, 2), st.integers(0, 3).map(float)),
            min_size=n * m,
            max_size=n * m,
        ).map(lambda values: np.array(values, np.float64).reshape(n, m))
    )
)


@given(TABLES)
def test_the_total_is_that_of_scipys_solver(similarity: np.ndarray) -> None:  # type: ignore[type-arg]
    pairs = assign(similarity)
    assert len(set(pairs.values())) == len(pairs)
    assert all(similarity[row, column] > 0 for row, column in pairs.items())
    best = similarity[linear_sum_assignment(-similarity)].sum()
    assert np.isclose(sum(similarity[row, column] for row, column in pairs.items()), best)


def test_the_greedy_choice_is_given_up_where_both_together_lose_by_it() -> None:
    assert assign(np.array([[1.0, 0.9], [0.8, 0.0]])) == {0: 1, 1: 0}
