"""YOLO: every exported form of the same guesses gives the same boxes."""

import numpy as np
import pytest

from imaging.decoders.tensor import Tensor
from imaging.decoders.yolo import YoloLayout, decode, layout
from imaging.detections import FloatArray
from imaging.manifest import ModelError, Thresholds

GUESSES = 40


def table(*, pixels: bool, objectness: bool) -> FloatArray:
    """(N, 4 + [1] + 3) on an input of 64x32: guess 7 is a thing of class 1 with score 0.8."""
    rows = np.zeros((GUESSES, 8 if objectness else 7), np.float32)
    rows[:, 0], rows[:, 1] = np.linspace(0.01, 0.99, GUESSES), np.linspace(0.01, 0.99, GUESSES)
    rows[7, :4] = (0.5, 0.5, 0.25, 0.5)
    rows[7, -3:] = (0.1, 0.8, 0.2)
    if objectness:
        rows[7, 4:] = (0.9, 0.1, 0.8 / 0.9, 0.2)
    if pixels:
        rows[:, :4] *= np.array([64, 32, 64, 32], np.float32)
    return rows


@pytest.mark.parametrize("pixels", [False, True], ids=["shares", "pixels"])
@pytest.mark.parametrize("objectness", [False, True], ids=["classes only", "objectness"])
@pytest.mark.parametrize("channels_first", [False, True], ids=["rows", "columns"])
def test_every_form_gives_the_same_box(
    pixels: bool, objectness: bool, channels_first: bool
) -> None:
    values = table(pixels=pixels, objectness=objectness)
    values = values.T if channels_first else values
    form = layout([(1, *values.shape)], 3)
    assert form == YoloLayout(channels_first=channels_first, objectness=objectness)
    found = decode(Tensor(values=values), form, 64, 32, Thresholds(score=0.25))
    assert np.allclose(found.boxes, [[24, 8, 40, 24]], atol=1e-4)
    assert found.classes.tolist() == [1]
    assert np.allclose(found.scores, 0.8)


def test_a_quantised_table_gives_the_same_box() -> None:
    stored = np.clip(np.round(table(pixels=False, objectness=False) * 255) - 128, -128, 127)
    tensor = Tensor(values=stored.astype(np.int8), scale=1 / 255, zero_point=-128)
    form = YoloLayout(channels_first=False, objectness=False)
    found = decode(tensor, form, 64, 32, Thresholds(score=0.25))
    assert np.allclose(found.boxes, [[24, 8, 40, 24]], atol=0.3)


def test_a_strong_class_in_a_weak_object_is_nothing() -> None:
    values = table(pixels=False, objectness=True)
    values[7, 4] = 0.3
    form = YoloLayout(channels_first=False, objectness=True)
    assert len(decode(Tensor(values=values), form, 64, 32, Thresholds(score=0.28))) == 0


@pytest.mark.parametrize(
    "shapes", [[(1, 9, 40)], [(1, 7, 40), (1, 7, 40)], [(1, 40, 7, 1)], []], ids=str
)
def test_other_outputs_are_refused(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ModelError, match="no yolo for 3 labels"):
        layout(shapes, 3)
