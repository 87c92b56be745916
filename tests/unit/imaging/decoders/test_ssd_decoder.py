"""SSD: the operator's four outputs become boxes in pixels."""

import numpy as np
import pytest

from imaging.decoders.ssd import check_shapes, decode
from imaging.decoders.tensor import Tensor
from imaging.manifest import ModelError, Thresholds

FOUR = [(1, 3, 4), (1, 3), (1, 3), (1,)]


def outputs(count: int = 2) -> list[Tensor]:
    """Three rows, of which the last is garbage unless it is counted."""
    boxes = [[[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 1.0, 0.9], [0, 0, 1, 1]]]
    values = [boxes, [[0, 2, 1.5]], [[0.9, 0.6, 7.0]], [count]]
    return [Tensor(values=np.array(value, np.float32)) for value in values]


def test_boxes_come_as_xyxy_in_pixels_and_only_as_many_as_counted() -> None:
    check_shapes(FOUR)
    found = decode(outputs(), 100, 200, Thresholds(score=0.25))
    assert np.allclose(found.boxes, [[20, 20, 40, 60], [50, 100, 90, 200]])
    assert found.classes.tolist() == [0, 2]
    assert np.allclose(found.scores, [0.9, 0.6])


def test_scores_under_the_threshold_are_left_out() -> None:
    assert len(decode(outputs(), 100, 200, Thresholds(score=0.7))) == 1


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_of_none_is_no_detection(count: int) -> None:
    assert len(decode(outputs(count), 100, 200, Thresholds())) == 0


def test_values_that_are_no_classes_and_scores_are_refused() -> None:
    with pytest.raises(ModelError, match="outputs are in an unknown order"):
        decode(outputs(3), 100, 200, Thresholds())
    boxes, classes, scores, count = outputs()
    with pytest.raises(ModelError, match="outputs are in an unknown order"):
        decode([boxes, scores, classes, count], 100, 200, Thresholds())


@pytest.mark.parametrize(
    "shapes",
    [FOUR[:3], [(1, 3, 4), (1, 3), (1, 4), (1,)], [(1, 1917, 4), (1, 1917, 91)], FOUR[::-1], []],
    ids=["no count", "unequal rows", "without post-processing", "turned around", "nothing"],
)
def test_other_outputs_are_refused(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ModelError, match="not the four of TFLite_Detection_PostProcess"):
        check_shapes(shapes)
