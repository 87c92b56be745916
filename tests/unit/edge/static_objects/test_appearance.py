"""Appearance: the same place in any light is alike, another object in the same place is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.static_objects.appearance import Appearance, appearance, of_patch, similarity
from imaging.detections import Image
from tests.unit.edge.rules.yards import PLACE, yard

CAR, OTHER = 1, 2


def seen(image: Image) -> Appearance:
    found = appearance(image, PLACE)
    assert found is not None
    return found


@pytest.mark.parametrize("light", [0.3, 0.6, 1.0, 1.1])
def test_a_thing_is_like_itself_in_another_light_and_unlike_others(light: float) -> None:
    by_day = seen(yard((CAR, PLACE)))
    assert similarity(by_day, seen(yard((CAR, PLACE), light=light, seed=7))) > 0.8
    assert similarity(by_day, seen(yard((OTHER, PLACE), light=light, seed=7))) < 0.5
    assert similarity(by_day, seen(yard(light=light, seed=7))) < 0.5


def test_a_shadow_over_half_of_it_leaves_it_like_itself() -> None:
    shaded = yard((CAR, PLACE), seed=3)
    shaded[:, :120] //= 2
    assert similarity(seen(yard((CAR, PLACE))), seen(shaded)) > 0.65


def test_darkness_and_tiny_boxes_have_no_look() -> None:
    assert appearance(yard((CAR, PLACE), light=0.01), PLACE) is None
    assert appearance(yard(), (0.5, 0.5, 0.51, 0.9)) is None
    assert appearance(yard(), (1.2, 0.5, 1.5, 0.9)) is None


def test_the_kept_picture_gives_the_same_look_again() -> None:
    kept = seen(yard((CAR, PLACE)))
    again = of_patch(kept.patch)
    assert again is not None
    assert np.array_equal(again.field, kept.field)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 50), st.integers(0, 50))
def test_similarity_is_symmetric_and_at_most_one(a: int, b: int) -> None:
    one, other = seen(yard((a, PLACE))), seen(yard((b, PLACE)))
    assert similarity(one, other) == pytest.approx(similarity(other, one))
    assert -1.001 <= similarity(one, other) <= 1.001
    assert similarity(one, one) == pytest.approx(1)
