"""Tracking a permutation is the same as carrying it out."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.build.models.nhwc import NCHW, NHWC, Axes, as_stored, rows_as_stored, transposed

SHAPE = (2, 3, 4, 5)
permutations = st.permutations(range(4)).map(tuple)


def logical(stored: npt.NDArray[np.float64], axes: Axes) -> npt.NDArray[np.float64]:
    return stored.transpose(axes)


@given(permutations, st.lists(permutations, max_size=4))
def test_transposes_that_are_only_tracked_show_the_same_tensor(
    axes: Axes, steps: list[Axes]
) -> None:
    stored = np.arange(120.0).reshape(SHAPE)
    moved = stored.transpose(axes)
    for step in steps:
        moved, axes = moved.transpose(step), transposed(axes, step)
    np.testing.assert_array_equal(logical(stored, axes), moved)


@given(permutations, st.sampled_from([(3,), (1, 3), (4, 1, 1), (1, 2, 3, 4), ()]))
def test_a_constant_turned_as_the_tensor_is_stored_adds_to_the_same_elements(
    axes: Axes, shape: tuple[int, ...]
) -> None:
    image = np.arange(24.0).reshape(1, 2, 3, 4)
    sides = np.broadcast_shapes((1, 1, 1, 1), shape)
    image = np.resize(image, [max(a, b) for a, b in zip((1, 2, 3, 4), sides, strict=True)])
    if any(side not in (1, whole) for side, whole in zip(sides, image.shape, strict=True)):
        return
    constant = np.arange(float(np.prod(shape, dtype=int))).reshape(shape)
    stored = image.transpose(np.argsort(axes))
    np.testing.assert_array_equal(
        logical(stored + as_stored(constant, axes), axes), image + constant
    )


def test_paddings_follow_their_axes() -> None:
    paddings = np.array([[0, 0], [0, 0], [1, 2], [3, 4]])
    np.testing.assert_array_equal(rows_as_stored(paddings, NCHW), [[0, 0], [1, 2], [3, 4], [0, 0]])


@pytest.mark.parametrize(
    ("axes", "permutation", "then"),
    [(NCHW, (0, 2, 3, 1), NHWC), (NHWC, (0, 3, 1, 2), NCHW)],
    ids=["to channels last", "and back"],
)
def test_the_usual_pair_of_transposes_cancels(
    axes: Axes, permutation: tuple[int, ...], then: Axes
) -> None:
    assert transposed(axes, permutation) == then
