"""Letterbox: a picture onto a canvas, and boxes back to where they were."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.letterbox import Resize, fit, lay, place, restore

sizes = st.integers(32, 4000)
shares = st.floats(0, 1)


@given(sizes, sizes, sizes, sizes, st.sampled_from(["letterbox", "stretch"]), st.data())
def test_a_box_comes_back_to_where_it_was(
    width: int, height: int, wide: int, high: int, resize: Resize, data: st.DataObject
) -> None:
    x0, x1 = sorted(data.draw(shares) * width for _ in range(2))
    y0, y1 = sorted(data.draw(shares) * height for _ in range(2))
    box = lay(width, height, wide, high, resize)
    there = np.array([[x0, y0, x1, y1]], np.float32)
    assert np.allclose(restore(place(there, box), box), there, atol=0.02)


@given(sizes, sizes, sizes, sizes)
def test_a_letterbox_touches_two_sides_and_keeps_the_shape(
    width: int, height: int, wide: int, high: int
) -> None:
    box = lay(width, height, wide, high, "letterbox")
    fitted = round(width * box.scale_x), round(height * box.scale_y)
    assert fitted[0] == wide or fitted[1] == high
    assert abs(fitted[1] - height * min(wide / width, high / height)) <= 1
    assert abs(fitted[0] - width * min(wide / width, high / height)) <= 1
    assert 0 <= box.offset_x <= wide - fitted[0]
    assert 0 <= box.offset_y <= high - fitted[1]


def test_a_box_beyond_the_picture_is_clipped_to_it() -> None:
    box = lay(768, 576, 416, 416, "letterbox")
    canvas = np.array([[-50, 0, 500, 416]], np.float32)
    assert restore(canvas, box).tolist() == [[0, 0, 768, 576]]


def test_the_bars_are_grey_and_the_picture_lies_between_them() -> None:
    canvas, box = fit(np.full((60, 120, 3), 200, np.uint8), 64, 64, pad=7)
    assert (box.offset_x, box.offset_y) == (0, 16)
    assert (canvas[:16] == 7).all()
    assert (canvas[48:] == 7).all()
    assert (canvas[16:48] == 200).all()


def test_stretching_fills_the_canvas() -> None:
    canvas, box = fit(np.full((60, 120, 3), 200, np.uint8), 64, 96, resize="stretch")
    assert canvas.shape == (96, 64, 3)
    assert (canvas == 200).all()
    assert (box.scale_x, box.scale_y) == (64 / 120, 96 / 60)


def test_a_picture_of_the_right_size_goes_in_untouched() -> None:
    picture = np.arange(32 * 32 * 3, dtype=np.uint16).astype(np.uint8).reshape(32, 32, 3)
    assert np.array_equal(fit(picture, 32, 32)[0], picture)


@pytest.mark.parametrize("width", [70, 100, 128, 200, 300, 640])
def test_shrinking_averages_like_area_interpolation(width: int) -> None:
    rough = np.random.default_rng(7).integers(0, 255, (width, width, 3), np.uint8)
    picture = np.asarray(cv2.GaussianBlur(rough, (5, 5), 1.5), np.uint8)
    canvas, _ = fit(picture, 64, 64)
    area = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA)
    nearest = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_NEAREST)
    difference = np.abs(canvas.astype(int) - area).mean()
    assert difference < 0.5 * np.abs(nearest.astype(int) - area).mean() + 1e-9


def test_enlarging_is_bilinear() -> None:
    picture = np.random.default_rng(7).integers(0, 255, (20, 20, 3), np.uint8)
    expected = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(fit(picture, 64, 64)[0], expected)
