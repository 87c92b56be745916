"""NanoDet: one hot cell becomes the one box that its distances describe."""

from collections.abc import Sequence

import numpy as np
import pytest

from imaging.decoders.nanodet import Head, decode, layout
from imaging.decoders.tensor import Tensor
from imaging.manifest import ModelError, Thresholds

SIDE = 64
SHAPES = [(1, 2, 2, 3), (1, 8, 8, 44), (1, 4, 4, 44), (1, 2, 2, 44), (1, 8, 8, 3), (1, 4, 4, 3)]
HEADS = layout(SHAPES, SIDE, SIDE, 3)


def logits_of(bins: Sequence[int]) -> list[float]:
    """Logits whose softmax is all at the given bin, for left, top, right, bottom."""
    return [20.0 if index == bin_ else -20.0 for bin_ in bins for index in range(11)]


def float_outputs() -> list[Tensor]:
    outputs = [np.full(shape[1:], -20 if shape[3] == 44 else 0, np.float32) for shape in SHAPES]
    outputs[5][1, 2, 2] = 0.75
    outputs[2][1, 2] = logits_of((1, 1, 1, 2))
    return [Tensor(values=values) for values in outputs]


def quantised(tensor: Tensor) -> Tensor:
    if tensor.values.shape[2] == 3:
        stored = np.clip(np.round(tensor.values * 256) - 128, -128, 127).astype(np.int8)
        return Tensor(values=stored, scale=1 / 256, zero_point=-128)
    stored = np.clip(np.round(tensor.values / 0.2) + 3, -128, 127).astype(np.int8)
    return Tensor(values=stored, scale=0.2, zero_point=3)


def test_heads_are_told_apart_by_shape_whatever_their_order() -> None:
    assert (
        Head(scores=4, distances=1, stride=8),
        Head(scores=5, distances=2, stride=16),
        Head(scores=0, distances=3, stride=32),
    ) == HEADS


@pytest.mark.parametrize("form", ["float", "int8"])
def test_a_hot_cell_is_one_box_around_its_centre(form: str) -> None:
    outputs = float_outputs()
    if form == "int8":
        outputs = [quantised(tensor) for tensor in outputs]
    found = decode(outputs, HEADS, Thresholds(score=0.25))
    # row 1, column 2 of stride 16: centre (40, 24); 1, 1, 1 and 2 strides to the sides
    assert np.allclose(found.boxes, [[24, 8, 56, 56]], atol=0.1)
    assert found.classes.tolist() == [2]
    assert np.allclose(found.scores, 0.75)


def test_equal_logits_mean_the_middle_bin() -> None:
    outputs = float_outputs()
    outputs[2].values[1, 2] = 0
    found = decode(outputs, HEADS, Thresholds(score=0.25))
    assert np.allclose(found.boxes, [[40 - 80, 24 - 80, 40 + 80, 24 + 80]])


@pytest.mark.parametrize(("stored", "count"), [(-65, 0), (-64, 1)], ids=["under", "exactly"])
def test_the_threshold_is_exact_in_stored_numbers(stored: int, count: int) -> None:
    outputs = [quantised(tensor) for tensor in float_outputs()]
    outputs[5].values[1, 2, 2] = stored
    assert len(decode(outputs, HEADS, Thresholds(score=0.25))) == count


def test_an_empty_scene_gives_nothing() -> None:
    assert len(decode(float_outputs(), HEADS, Thresholds(score=0.9))) == 0


@pytest.mark.parametrize(
    ("shapes", "width", "classes"),
    [
        (SHAPES, 64, 9),
        (SHAPES, 96, 3),
        (SHAPES[:5], 64, 3),
        ([*SHAPES, (1, 10)], 64, 3),
        ([(1, 8, 8, 3), (1, 8, 8, 42)], 64, 3),
        ([(1, 8400, 84)], 64, 3),
        ([], 64, 3),
    ],
    ids=["labels", "size", "a head lost", "one too many", "no bins", "a yolo", "nothing"],
)
def test_other_outputs_are_refused_with_what_is_needed(
    shapes: list[tuple[int, ...]], width: int, classes: int
) -> None:
    with pytest.raises(ModelError, match=rf"\[1, h, w, {classes}\].*check labels and input"):
        layout(shapes, width, 64, classes)
