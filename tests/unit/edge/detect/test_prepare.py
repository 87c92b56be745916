"""Preparation: channels, normalisation and quantisation as manifest and tensor say."""

import numpy as np
import pytest

from edge.detect.prepare import plan, prepare
from edge.detect.signature import TensorSpec
from imaging.detections import Image
from imaging.manifest import Input

PIXEL = (10, 100, 250)


def spec(dtype: str, scale: float = 0.0, zero_point: int = 0) -> TensorSpec:
    return TensorSpec(
        name="input", shape=(1, 32, 32, 3), dtype=dtype, scale=scale, zero_point=zero_point
    )


def picture() -> Image:
    return np.full((32, 32, 3), PIXEL, np.uint8)


def test_raw_pixels_go_straight_in_whatever_the_scale_of_the_tensor() -> None:
    size = Input(width=32, height=32)
    tensor, _ = prepare(picture(), plan(size, spec("uint8", 0.0173, 114)))
    assert tensor.dtype == np.uint8
    assert tensor.shape == (1, 32, 32, 3)
    assert tensor[0, 5, 5].tolist() == [250, 100, 10]


def test_bgr_stays_bgr_where_the_network_wants_it() -> None:
    tensor, _ = prepare(picture(), plan(Input(width=32, height=32, channels="bgr"), spec("uint8")))
    assert tensor[0, 5, 5].tolist() == list(PIXEL)


def test_floats_are_normalised_per_channel_of_the_network() -> None:
    size = Input(width=32, height=32, dtype="float32", mean=(50, 100, 0), std=(2, 1, 10))
    tensor, _ = prepare(picture(), plan(size, spec("float32")))
    assert tensor.dtype == np.float32
    assert tensor[0, 0, 0] == pytest.approx([100, 0, 1])


def test_quantised_inputs_get_the_scale_of_the_tensor() -> None:
    size = Input(width=32, height=32, dtype="int8", std=(255, 255, 255))
    tensor, _ = prepare(picture(), plan(size, spec("int8", 1 / 255, -128)))
    assert tensor.dtype == np.int8
    assert tensor[0, 0, 0].tolist() == [122, -28, -118]


def test_quantised_inputs_saturate() -> None:
    size = Input(width=32, height=32, dtype="int8")
    tensor, _ = prepare(picture(), plan(size, spec("int8", 0.5, 0)))
    assert tensor[0, 0, 0].tolist() == [127, 127, 20]


def test_the_way_back_belongs_to_the_frame() -> None:
    wide = np.zeros((100, 320, 3), np.uint8)
    tensor, box = prepare(wide, plan(Input(width=32, height=32), spec("uint8")))
    assert (box.width, box.height, box.offset_y) == (320, 100, 11)
    assert (tensor[0, 0] == 114).all()
