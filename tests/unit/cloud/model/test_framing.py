"""A small picture is looked at in a frame, and what is seen is told as without it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cloud.model.framing import LEAST_PX, framed, unframed
from tests.unit.cloud.reports import saw

SIDE = st.integers(1, 2 * LEAST_PX)


@given(SIDE, SIDE)
def test_the_picture_lies_unchanged_in_its_frame(width: int, height: int) -> None:
    image = np.random.default_rng(1).integers(0, 255, (height, width, 3)).astype(np.uint8)
    laid, (left, top) = framed(image)
    assert laid.shape == (max(height, LEAST_PX), max(width, LEAST_PX), 3)
    assert np.array_equal(laid[top : top + height, left : left + width], image)
    assert laid.sum() == image.sum() + 3 * 114 * (laid[..., 0].size - image[..., 0].size)


def test_what_was_seen_in_the_frame_is_told_in_pixels_of_the_picture() -> None:
    _, offset = framed(np.zeros((84, 184, 3), np.uint8))
    assert offset == (100, 150)
    found = unframed(saw(("person", 0.5, (110, 160, 130, 200))), offset)
    assert found.boxes.tolist() == [[10, 10, 30, 50]]
    assert (found.labels, found.scores.tolist()) == (("person",), [0.5])
