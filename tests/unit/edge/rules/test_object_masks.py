"""Object masks: what they ignore, by foot or by share, and that the share is true."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.config.schema import ObjectMaskConfig
from edge.rules.object_masks import apply
from imaging.polygons import overlap
from tests.unit.edge.scenes import seen, walker

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
SIZE = (640, 480)
side = st.floats(0.02, 0.98)


def mask(**keys: object) -> ObjectMaskConfig:
    return ObjectMaskConfig.model_validate({"id": "m", "polygon": LEFT} | keys)


def labels(*masks: ObjectMaskConfig) -> tuple[str, ...]:
    """What is left of a car on the left edge and two walkers, one in each half."""
    found = seen(("car", 0.9, (280.0, 100.0, 340.0, 140.0)), walker(10, 0.8), walker(600, 0.7))
    return apply(found, masks, SIZE)[0].labels


def test_without_masks_nothing_changes() -> None:
    assert labels() == ("car", "person", "person")


def test_a_mask_ignores_what_stands_in_it_and_only_its_labels() -> None:
    assert labels(mask()) == ("person",)
    assert labels(mask(labels=["car"])) == ("person", "person")
    assert labels(mask(labels=["dog"])) == ("car", "person", "person")


@pytest.mark.parametrize(("share", "left"), [(0.66, 1), (0.67, 2)])
def test_by_overlap_the_share_of_the_box_decides(share: float, left: int) -> None:
    assert len(labels(mask(overlap=share))) == left  # the car lies in it by two thirds


def test_what_is_ignored_is_said_with_value_and_limit() -> None:
    _, (ignored,) = apply(seen(walker(10, 0.8)), (mask(overlap=0.9),), SIZE)
    assert (ignored.mask, ignored.label, ignored.check.limit) == ("m", "person", 0.9)
    assert ignored.check.passed


@given(st.tuples(side, side), st.tuples(side, side), st.tuples(side, side, side, side))
def test_the_share_within_a_rectangle_is_that_of_the_intersection(
    xs: tuple[float, float], ys: tuple[float, float], box: tuple[float, float, float, float]
) -> None:
    (x0, x1), (y0, y1) = sorted(xs), sorted(ys)
    b = (min(box[0], box[1]), min(box[2], box[3]), max(box[0], box[1]), max(box[2], box[3]))
    if b[2] - b[0] < 1e-3 or b[3] - b[1] < 1e-3:
        return
    wide = max(0.0, min(x1, b[2]) - max(x0, b[0]))
    tall = max(0.0, min(y1, b[3]) - max(y0, b[1]))
    expected = wide * tall / ((b[2] - b[0]) * (b[3] - b[1]))
    rectangle = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
    assert overlap(rectangle, b) == pytest.approx(expected, abs=1e-6)
    assert overlap(rectangle[::-1], b) == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.floats(0.05, 0.45), min_size=3, max_size=12), st.tuples(side, side))
def test_the_share_within_a_star_is_what_painting_it_shows(
    reaches: list[float], corner: tuple[float, float]
) -> None:
    """Stars are hollow as a rule, which is where clipping leaves edges that run to and fro."""
    star = tuple(
        (
            0.5 + r * np.cos(2 * np.pi * k / len(reaches)),
            0.5 + r * np.sin(2 * np.pi * k / len(reaches)),
        )
        for k, r in enumerate(reaches)
    )
    x0, y0 = corner[0] * 0.7, corner[1] * 0.7
    box = (x0, y0, x0 + 0.3, y0 + 0.3)
    scale = 1000
    painted = np.zeros((scale, scale), np.uint8)
    corners = [(round(x * scale * 16), round(y * scale * 16)) for x, y in star]
    cv2.fillPoly(painted, [np.array(corners, np.int32)], (1,), shift=4)
    part = painted[
        round(y0 * scale) : round((y0 + 0.3) * scale), round(x0 * scale) : round((x0 + 0.3) * scale)
    ]
    assert overlap(star, box) == pytest.approx(part.mean(), abs=0.03)


@given(st.lists(st.tuples(side, side), min_size=3, max_size=8))
def test_the_share_is_one_of_0_to_1_and_the_whole_picture_holds_every_box(
    polygon: list[tuple[float, float]],
) -> None:
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert overlap(whole, (0.2, 0.2, 0.4, 0.8)) == pytest.approx(1.0)
    assert 0.0 <= overlap(tuple(polygon), (0.2, 0.2, 0.4, 0.8)) <= 1.0
    assert overlap(whole, (0.2, 0.2, 0.2, 0.8)) == 0.0


def test_an_outline_that_crosses_itself_is_refused() -> None:
    with pytest.raises(ValidationError, match="crosses itself between corners 1 and 3"):
        mask(polygon=[[0, 0], [1, 1], [1, 0], [0, 1]])
