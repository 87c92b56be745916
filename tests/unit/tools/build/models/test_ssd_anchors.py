"""The SSD's anchors, which its file holds only as a computation: as the zoo makes them."""

import pytest

from tools.build.models.ssd import anchors


def test_as_many_as_the_network_has_rows() -> None:
    assert anchors().shape == (1917, 4)


def test_the_finest_grid_has_three_shapes_a_cell_and_starts_top_left() -> None:
    first = anchors()[:4].tolist()
    assert first[0] == pytest.approx([0.5 / 19, 0.5 / 19, 0.1, 0.1])
    assert first[1] == pytest.approx([0.5 / 19, 0.5 / 19, 0.2 / 2**0.5, 0.2 * 2**0.5])
    assert first[2] == pytest.approx([0.5 / 19, 0.5 / 19, 0.2 * 2**0.5, 0.2 / 2**0.5])
    assert first[3] == pytest.approx([0.5 / 19, 1.5 / 19, 0.1, 0.1])


def test_the_coarsest_cell_ends_with_the_square_between_two_scales() -> None:
    *_, last = anchors().tolist()
    assert last == pytest.approx([0.5, 0.5, 0.95**0.5, 0.95**0.5])
