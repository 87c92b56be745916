"""CenterNet: peaks become boxes, slopes do not."""

import numpy as np
import pytest

from imaging.decoders.centernet import CenterNetLayout, decode, layout
from imaging.decoders.tensor import Tensor
from imaging.manifest import ModelError, Thresholds

PAIR = layout([(1, 16, 16, 4), (1, 16, 16, 2)], 64, 64, 2)


def tensors(*peaks: tuple[int, int, int, float]) -> list[Tensor]:
    heat, sides = np.zeros((16, 16, 2), np.float32), np.zeros((16, 16, 4), np.float32)
    for row, column, number, score in peaks:
        heat[row, column, number] = score
        sides[row, column] = (4, 8, 12, 16)
    return [Tensor(values=sides), Tensor(values=heat)]


def test_the_pair_is_told_apart_by_its_last_side() -> None:
    assert CenterNetLayout(heat=1, sides=0, stride=4) == PAIR


def test_a_peak_is_a_box_from_the_corner_of_its_cell() -> None:
    found = decode(tensors((5, 6, 1, 0.8)), PAIR, Thresholds())
    assert found.boxes.tolist() == [[24 - 4, 20 - 8, 24 + 12, 20 + 16]]
    assert found.classes.tolist() == [1]
    assert np.allclose(found.scores, 0.8)


def test_the_slope_beside_a_peak_is_no_box_of_its_own() -> None:
    assert len(decode(tensors((5, 6, 1, 0.8), (5, 7, 1, 0.7)), PAIR, Thresholds(nms_iou=1))) == 1


def test_a_peak_of_another_class_is() -> None:
    assert len(decode(tensors((5, 6, 1, 0.8), (5, 7, 0, 0.7)), PAIR, Thresholds())) == 2


@pytest.mark.parametrize("row", [0, 15])
def test_peaks_on_the_border_count(row: int) -> None:
    assert len(decode(tensors((row, row, 0, 0.5)), PAIR, Thresholds())) == 1


@pytest.mark.parametrize(
    "shapes",
    [
        [(1, 16, 16, 4), (1, 16, 16, 3)],
        [(1, 16, 16, 4), (1, 8, 8, 2)],
        [(1, 10, 10, 4), (1, 10, 10, 2)],
        [(1, 16, 16, 2)],
        [(1, 100, 4), (1, 100)],
    ],
    ids=["labels", "two grids", "size", "one lost", "a detection list"],
)
def test_other_outputs_are_refused(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ModelError, match="no centernet pair for 2 labels"):
        layout(shapes, 64, 64, 2)


def test_four_labels_cannot_be_told_from_four_sides() -> None:
    with pytest.raises(ModelError):
        layout([(1, 16, 16, 4), (1, 16, 16, 4)], 64, 64, 4)
