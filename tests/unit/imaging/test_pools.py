"""Pools: a car that is also a bus and a truck is one vehicle of their sum."""

from collections.abc import Sequence

import numpy as np
import pytest

from imaging.boxes import Candidates
from imaging.decoders import nanodet, ssd, yolo
from imaging.decoders.tensor import Tensor
from imaging.detections import IntArray
from imaging.manifest import Thresholds
from imaging.pools import pool_same_boxes, vehicle_pools

LABELS = ("person", "bicycle", "car", "bus", "truck")
PARTS = (0.05, 0.1, 0.2, 0.0625, 0.125)
LIMITS = Thresholds(score=0.3)


def pools() -> IntArray:
    found = vehicle_pools(LABELS)
    assert found is not None
    return found


def test_vehicles_on_four_wheels_share_a_pool_and_others_stand_alone() -> None:
    assert pools().tolist() == [0, 1, 2, 2, 2]
    assert vehicle_pools(("person", "car", "dog")) is None


def cells(scores: Sequence[float], form: str) -> list[Tensor]:
    """NanoDet's outputs for one grid of 2x2 cells, the first of which has `scores`."""
    marks = np.zeros((2, 2, len(scores)), np.float32)
    marks[0, 0] = scores
    sides = Tensor(values=np.zeros((2, 2, 32), np.float32))
    if form == "float":
        return [Tensor(values=marks), sides]
    stored = np.clip(np.round(marks * 256) - 128, -128, 127).astype(np.int8)
    return [Tensor(values=stored, scale=1 / 256, zero_point=-128), sides]


@pytest.mark.parametrize("form", ["float", "int8"])
def test_a_cell_of_nanodet_counts_for_the_sum_of_its_vehicles(form: str) -> None:
    heads = nanodet.layout([(1, 2, 2, 5), (1, 2, 2, 32)], 64, 64, 5)
    assert len(nanodet.decode(cells(PARTS, form), heads, LIMITS)) == 0
    found = nanodet.decode(cells(PARTS, form), heads, LIMITS, pools())
    assert found.classes.tolist() == [2]
    assert found.scores == pytest.approx([0.3875], abs=0.01)


@pytest.mark.parametrize("form", ["float", "int8"])
def test_a_sum_is_never_over_one_and_leaves_other_classes_as_they_are(form: str) -> None:
    heads = nanodet.layout([(1, 2, 2, 5), (1, 2, 2, 32)], 64, 64, 5)
    found = nanodet.decode(cells((0.5, 0.0, 0.75, 0.5, 0.25), form), heads, LIMITS, pools())
    assert found.classes.tolist() == [2, 0]
    assert found.scores == pytest.approx([1.0, 0.5])


@pytest.mark.parametrize("objectness", [False, True])
def test_a_guess_of_yolo_counts_for_the_sum_of_its_vehicles(objectness: bool) -> None:
    rows = np.zeros((40, 10 if objectness else 9), np.float32)
    rows[:, :2] = np.linspace(0.01, 0.99, 40)[:, None]
    rows[7, :4] = (0.5, 0.5, 0.25, 0.5)
    rows[7, -5:] = PARTS
    if objectness:
        rows[7, 4] = 1.0
    form = yolo.YoloLayout(channels_first=False, objectness=objectness)
    assert len(yolo.decode(Tensor(values=rows), form, 64, 64, LIMITS)) == 0
    found = yolo.decode(Tensor(values=rows), form, 64, 64, LIMITS, pools())
    assert found.classes.tolist() == [2]
    assert found.scores == pytest.approx([0.3875])


def test_rows_of_an_ssd_for_one_box_are_summed() -> None:
    box, other = [0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.9, 0.9]
    values = [[[box, box, other]], [[2, 4, 3]], [[0.25, 0.2, 0.28]], [3]]
    outputs = [Tensor(values=np.array(value, np.float32)) for value in values]
    found = ssd.decode(outputs, 100, 100, LIMITS, pools())
    assert found.classes.tolist() == [2]
    assert found.scores == pytest.approx([0.45])
    assert found.boxes[0] == pytest.approx([20, 10, 40, 30])


def test_boxes_of_one_pool_are_rivals_whatever_their_class() -> None:
    marks = np.zeros((2, 2, 5), np.float32)
    marks[0, 0, 2], marks[0, 1, 4] = 0.6, 0.5
    sides = np.full((2, 2, 32), -20, np.float32)
    sides[:, :, 7::8] = 20
    tensors = [Tensor(values=marks), Tensor(values=sides)]
    heads = nanodet.layout([(1, 2, 2, 5), (1, 2, 2, 32)], 64, 64, 5)
    assert len(nanodet.decode(tensors, heads, LIMITS)) == 2
    assert nanodet.decode(tensors, heads, LIMITS, pools()).classes.tolist() == [2]


def test_nothing_pooled_is_nothing() -> None:
    nothing = Candidates(
        boxes=np.zeros((0, 4), np.float32),
        scores=np.zeros(0, np.float32),
        classes=np.zeros(0, np.int64),
    )
    assert len(pool_same_boxes(nothing, pools())) == 0
