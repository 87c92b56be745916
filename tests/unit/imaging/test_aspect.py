"""The shape of pixels: by the camera's setting, the picture's word, its size, or square."""

from typing import Literal

import cv2
import numpy as np
import pytest

from edge.config.schema import PictureLimitsConfig
from edge.intake.admission import picture_limits
from imaging.admission import Header, inspect
from imaging.aspect import pixel_aspect


def jpeg(width: int, height: int, density: tuple[int, int, int] = (0, 1, 1)) -> bytes:
    """A JPEG whose JFIF segment gives units, across and down."""
    data = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()
    at = data.index(b"JFIF\0") + 7
    units, across, down = density
    said = bytes([units]) + across.to_bytes(2, "big") + down.to_bytes(2, "big")
    return data[:at] + said + data[at + 5 :]


def header(width: int, height: int, density: tuple[int, int, int] = (0, 1, 1)) -> Header:
    found = inspect(jpeg(width, height, density), picture_limits(PictureLimitsConfig()))
    assert isinstance(found, Header)
    return found


def aspect_of(found: Header, setting: float | Literal["auto"], *, turned: bool = False) -> float:
    shape = (found.height, found.width, 3)
    return pixel_aspect(found, setting, (shape[1], shape[0], 3) if turned else shape)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 480), 1.0),
        ((320, 240), 1.0),
        ((640, 352), 1.0),
        ((1280, 720), 1.0),
        ((768, 576), 1.0),
        ((352, 288), 12 / 11),
        ((704, 576), 12 / 11),
        ((704, 288), 6 / 11),
        ((720, 480), 10 / 11),
    ],
)
def test_auto_knows_broadcast_sizes_and_leaves_others_square(
    size: tuple[int, int], expected: float
) -> None:
    assert aspect_of(header(*size), "auto") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("density", "expected"),
    [
        ((0, 16, 11), 16 / 11),
        ((1, 72, 72), 1.0),
        ((1, 72, 96), 96 / 72),
        ((2, 0, 28), 1.0),
        ((0, 1, 60), 1.0),
    ],
    ids=["ratio", "square dots", "dots per inch", "nothing", "absurd"],
)
def test_auto_believes_a_ratio_in_the_picture(
    density: tuple[int, int, int], expected: float
) -> None:
    assert aspect_of(header(640, 480, density), "auto") == pytest.approx(expected)


def test_the_pictures_word_comes_before_its_size_and_the_setting_before_both() -> None:
    wide = header(352, 288, (0, 16, 11))
    assert aspect_of(wide, "auto") == pytest.approx(16 / 11)
    assert aspect_of(wide, 1.2) == 1.2


def test_a_picture_turned_by_its_orientation_has_its_pixels_turned() -> None:
    assert aspect_of(header(640, 480), 2.0, turned=True) == 0.5
