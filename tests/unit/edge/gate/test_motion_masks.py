"""Motion masks: what lies in one moves nothing, what lies beside it does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.schema import GateConfig, MotionMaskConfig
from edge.gate.motion import GateState, detect_motion
from edge.gate.motion_masks import blank, watched
from edge.records import Motion
from imaging.polygons import contains
from tests.unit.edge.gate.test_motion import Grey, scene, with_object

LEFT = MotionMaskConfig(id="left", polygon=((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
share = st.floats(0.0, 1.0)


def watch(at: int, *masks: MotionMaskConfig) -> Motion:
    """The gate's word on something that has come to stand at `at` of 160 after a still while."""
    state, rng = GateState(), np.random.default_rng(3)
    for n in range(50):
        state, _seen = detect_motion(state, scene(rng), (640, 480), n / 5, GateConfig(), masks)
    frame: Grey = with_object(scene(rng), at)
    state, _brief = detect_motion(state, frame, (640, 480), 10.0, GateConfig(), masks)
    return detect_motion(state, frame, (640, 480), 10.2, GateConfig(), masks)[1]


@pytest.mark.parametrize(("at", "masks", "moved"), [(30, (), True), (30, (LEFT,), False)])
def test_what_changes_in_a_mask_does_not_wake_the_detector(
    at: int, masks: tuple[MotionMaskConfig, ...], moved: bool
) -> None:
    assert watch(at, *masks).moved is moved


def test_what_changes_beside_a_mask_does() -> None:
    seen = watch(110, LEFT)
    assert seen.why == "motion"
    assert all(box[0] > 320 for box in seen.regions)


def test_without_masks_the_changes_are_untouched() -> None:
    changed = np.full((12, 16), 255, np.uint8)
    assert blank(changed, ()) is changed


@given(st.lists(st.tuples(share, share), min_size=3, max_size=3))
def test_a_pixel_is_blanked_if_its_middle_lies_inside(corners: list[tuple[float, float]]) -> None:
    """But for pixels whose middle is within one of the outline, which is drawn as well."""
    polygon = tuple(corners)
    picture = watched((polygon,), 64, 48)
    inside = [
        (x, y)
        for y in range(48)
        for x in range(64)
        if all(
            contains(polygon, ((x + 0.5 + dx) / 64, (y + 0.5 + dy) / 48))
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
        )
    ]
    assert all(picture[y, x] == 0 for x, y in inside)
