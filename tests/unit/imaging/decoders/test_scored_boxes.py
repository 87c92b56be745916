"""Scored boxes: a box counts for each class whose score suffices; what does not fit is refused."""

import numpy as np
import pytest

from imaging.decoders.scored_boxes import check, decode
from imaging.manifest import ModelError, Thresholds

OUTPUTS = {
    "boxes": np.array([[0.1, 0.2, 0.3, 0.4], [0.11, 0.2, 0.31, 0.4], [0.5, 0, 1, 1]], np.float32),
    "scores": np.array([[0.9, 0.1], [0.5, 0.1], [0.3, 0.7]], np.float32),
}


def test_boxes_come_in_pixels_once_for_each_class_that_is_sure_enough() -> None:
    found = decode(OUTPUTS, 100, 200, Thresholds(score=0.25))
    assert found.boxes.tolist() == pytest.approx(
        np.array([[10, 40, 30, 80], [50, 0, 100, 200], [50, 0, 100, 200]])
    )
    assert found.classes.tolist() == [0, 1, 0]
    assert found.scores.tolist() == pytest.approx([0.9, 0.7, 0.3])


def test_nothing_sure_is_nothing_found() -> None:
    assert len(decode(OUTPUTS, 100, 200, Thresholds(score=0.95))) == 0


@pytest.mark.parametrize(
    "shapes",
    [
        {"boxes": (1, 5, 4)},
        {"boxes": (1, 5, 4), "scores": (1, 5, 3)},
        {"boxes": (1, 5, 4), "scores": (1, 6, 2)},
        {"boxes": (5, 4), "scores": (5, 2)},
    ],
)
def test_outputs_that_do_not_fit_are_named(shapes: dict[str, tuple[int, ...]]) -> None:
    with pytest.raises(ModelError, match="are no scored boxes for 2 labels"):
        check(shapes, 2)


def test_outputs_that_fit_are_taken() -> None:
    check({"boxes": (1, 5, 4), "scores": (1, 5, 2)}, 2)
