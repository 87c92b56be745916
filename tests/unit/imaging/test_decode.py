"""Pixels agree with the header, stand upright, and are whole."""

import re
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging import exif, jpeg, png
from imaging.admission import Reason, Rejected, inspect
from imaging.decode import decode, decode_grey
from imaging.detections import Image
from tests.unit.imaging.pictures import (
    LIMITS,
    PROGRESSIVE,
    chunk,
    claiming,
    encoded,
    header_of,
    png_header,
    scene,
    turned,
    with_segment,
)

SCENE = scene()
JPEG = encoded(SCENE)
PROGRESSIVE_JPEG = encoded(SCENE, ".jpg", *PROGRESSIVE)
RESTARTING_JPEG = encoded(SCENE, ".jpg", cv2.IMWRITE_JPEG_RST_INTERVAL, 4)
PNG = encoded(SCENE, ".png")


def pixels(picture: bytes) -> Image:
    image = decode(picture, header_of(picture))
    assert not isinstance(image, Rejected), image
    return image


def grey(picture: bytes, width_px: int) -> Image:
    image = decode_grey(picture, header_of(picture), width_px)
    assert not isinstance(image, Rejected), image
    return image


def refusal(picture: bytes) -> Reason | None:
    header = inspect(picture, LIMITS)
    image = header if isinstance(header, Rejected) else decode(picture, header)
    return image.reason if isinstance(image, Rejected) else None


def test_a_png_decodes_to_the_very_pixels() -> None:
    assert np.array_equal(pixels(PNG), SCENE)


@pytest.mark.parametrize("picture", [JPEG, PROGRESSIVE_JPEG, RESTARTING_JPEG])
def test_a_jpeg_decodes_to_nearly_the_pixels(picture: bytes) -> None:
    difference = cv2.absdiff(pixels(picture), SCENE)
    assert difference.mean() < 8


def test_every_kind_of_pixel_comes_out_as_bgr() -> None:
    wide = SCENE.astype(np.uint16) * 257
    alpha = np.dstack([SCENE, np.full(SCENE.shape[:2], 9, np.uint8)])
    pictures = [
        encoded(SCENE[:, :, 1]),
        encoded(SCENE[:, :, 1], ".png"),
        encoded(wide, ".png"),
        encoded(alpha, ".png"),
    ]
    for picture in pictures:
        image = pixels(picture)
        assert image.shape == (240, 320, 3)
        assert image.dtype == np.uint8


@pytest.mark.parametrize("picture", [JPEG, PROGRESSIVE_JPEG, RESTARTING_JPEG])
def test_a_jpeg_that_lacks_nothing_but_its_end_marker_decodes_alike(picture: bytes) -> None:
    for open_ended in (picture[:-2], picture[:-1]):
        assert np.array_equal(pixels(open_ended), pixels(picture))
        assert np.array_equal(grey(open_ended, 80), grey(picture, 80))


@pytest.mark.parametrize("picture", [JPEG, PROGRESSIVE_JPEG, RESTARTING_JPEG])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.75, 0.9, 0.99])
def test_a_jpeg_cut_short_is_truncated(picture: bytes, share: float) -> None:
    cut = picture[: int(len(picture) * share)]
    header = header_of(cut)
    for image in (decode(cut, header), decode_grey(cut, header, 80)):
        assert isinstance(image, Rejected)
        assert image.reason is Reason.TRUNCATED


def test_a_jpeg_cut_between_restart_intervals_is_truncated() -> None:
    restarts = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", RESTARTING_JPEG)]
    for at in (restarts[0], restarts[len(restarts) // 2], restarts[-1]):
        assert refusal(RESTARTING_JPEG[:at]) is Reason.TRUNCATED


@pytest.mark.parametrize("picture", [JPEG, RESTARTING_JPEG])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.75, 0.9])
def test_a_jpeg_cut_short_and_closed_with_an_end_marker_is_truncated(
    picture: bytes, share: float
) -> None:
    closed = picture[: int(len(picture) * share)] + picture[-2:]
    header = header_of(closed)
    assert not header.eoi_missing
    for image in (decode(closed, header), decode_grey(closed, header, 80)):
        assert isinstance(image, Rejected)
        assert image.reason is Reason.TRUNCATED
        assert "lower" in image.detail


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_with_a_plain_foot_is_whole(level: int) -> None:
    image = SCENE.copy()
    image[-64:, :] = level
    assert refusal(encoded(image)) is None


def test_a_real_grey_corner_is_not_taken_for_missing_data() -> None:
    image = SCENE.copy()
    image[-64:, :] = 128
    assert refusal(encoded(image)[:-2]) is None


def test_a_png_cut_short_is_truncated() -> None:
    assert refusal(PNG[: len(PNG) // 2]) is Reason.TRUNCATED


def test_a_png_that_lacks_nothing_but_its_end_decodes_alike() -> None:
    assert np.array_equal(pixels(PNG[: -len(png.IEND)]), SCENE)


def test_a_png_with_damaged_data_is_undecodable() -> None:
    at = PNG.index(b"IDAT") + 40
    assert refusal(PNG[:at] + bytes(50) + PNG[at + 50 :]) is Reason.UNDECODABLE


def test_a_header_that_claims_more_than_the_data_is_truncated() -> None:
    assert refusal(claiming(JPEG, 400, 300)) is Reason.TRUNCATED


def test_a_picture_of_another_size_than_its_header_is_undecodable() -> None:
    other = header_of(encoded(scene(640, 480)))
    image = decode(JPEG, other)
    assert isinstance(image, Rejected)
    assert image.reason is Reason.UNDECODABLE
    assert "320x240" in image.detail


def test_a_jpeg_without_its_tables_is_undecodable() -> None:
    tables_lost = JPEG.replace(b"\xff\xdb", b"\xff\xee")
    assert refusal(tables_lost) is Reason.UNDECODABLE


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_picture_is_turned_as_opencv_turns_it(orientation: int, order: str) -> None:
    tiff = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, 2)
    tiff += struct.pack(order + "HHIHH", 0x0100, 3, 1, 320, 0)
    tiff += struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0) + b"\0\0\0\0"
    whole = chunk(b"eXIf", tiff)
    for picture in (with_segment(JPEG, 0xE1, b"Exif\0\0" + tiff), PNG[:33] + whole + PNG[33:]):
        theirs = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(pixels(picture), theirs)


def exif_of_many_texts(entries: int, text_bytes: int) -> bytes:
    """Each entry names the same long text, which OpenCV would copy as often."""
    table = struct.pack("<HHII", 0x010E, 2, text_bytes, 8) * entries
    return b"II*\0" + struct.pack("<IH", 8, entries) + table + bytes(text_bytes)


def test_only_what_pixels_need_reaches_the_decoder() -> None:
    tiff = exif_of_many_texts(5_000, 1_000)
    assert png.essential(PNG[:33] + chunk(b"eXIf", tiff) + PNG[33:]) == PNG
    assert png.essential(PNG[:33] + chunk(b"acTL", bytes(8)) + PNG[33:]) == PNG
    assert png.essential(PNG + b"behind its end") == PNG
    extra = ((0xE1, b"Exif\0\0" + tiff[:60_000]), (0xFE, b"a comment"), (0xE2, b"ICC_PROFILE\0"))
    for marker, payload in extra:
        assert jpeg.essential(with_segment(JPEG, marker, payload)) == JPEG
    assert jpeg.essential(JPEG) == JPEG
    assert jpeg.essential(PROGRESSIVE_JPEG) == PROGRESSIVE_JPEG


def test_the_colours_of_an_adobe_jpeg_are_kept() -> None:
    untransformed = with_segment(JPEG, 0xEE, b"Adobe\0\x64\0\0\0\0\0")
    theirs = cv2.imdecode(np.frombuffer(untransformed, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(pixels(untransformed), theirs)


@given(st.binary(max_size=200), st.sampled_from((b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0")))
def test_no_exif_makes_the_reader_raise(rest: bytes, beginning: bytes) -> None:
    assert 1 <= exif.orientation(beginning + rest) <= 8


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation_is_applied_alike_in_colour_and_grey(orientation: int) -> None:
    picture = turned(encoded(cv2.GaussianBlur(SCENE, (9, 9), 0)), orientation)
    image = pixels(picture)
    small = grey(picture, 80)
    assert image.shape[:2] == ((320, 240) if orientation > 4 else (240, 320))
    assert header_of(picture).width == 320
    shrunk = cv2.resize(
        cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), small.shape[::-1], interpolation=cv2.INTER_AREA
    )
    assert cv2.absdiff(shrunk, small).mean() < 3


@pytest.mark.parametrize("extension", [".jpg", ".png"])
@pytest.mark.parametrize(
    ("wanted", "width", "height"),
    [(1, 41, 31), (41, 41, 31), (42, 81, 61), (81, 81, 61), (161, 161, 121), (162, 321, 241)],
)
def test_the_smallest_scale_that_is_wide_enough_is_taken(
    extension: str, wanted: int, width: int, height: int
) -> None:
    picture = encoded(scene(321, 241), extension)
    assert grey(picture, wanted).shape == (height, width)


def test_a_picture_narrower_than_wanted_stays_as_it_is() -> None:
    assert grey(JPEG, 1_000).shape == (240, 320)


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_compressed_texts_of_a_png_are_not_inflated(name: bytes) -> None:
    bomb = chunk(name, b"k\0\0" + zlib.compress(bytes(5_000_000)))
    picture = PNG[:33] + bomb * 20 + PNG[33:]
    assert len(png.essential(picture)) == len(PNG)
    assert np.array_equal(pixels(picture), SCENE)


def test_chunks_that_pixels_do_not_need_are_kept_from_the_decoder() -> None:
    refused_by_libpng = chunk(b"ABCD", b"a critical chunk that nobody knows")
    assert np.array_equal(pixels(PNG[:33] + refused_by_libpng + PNG[33:]), SCENE)


def test_a_png_that_inflates_to_more_than_its_pixels_is_undecodable() -> None:
    data = chunk(b"IDAT", zlib.compress(bytes(5_000_000)))
    assert refusal(png_header(64, 64) + data + png.IEND) is Reason.UNDECODABLE


def test_an_interlaced_png_is_no_bomb() -> None:
    beginning = png_header(64, 64, interlace=1)
    header = header_of(beginning + chunk(b"IDAT", b""))
    data = zlib.compress(bytes(png.raw_bytes(header)))
    assert png.filling(beginning + chunk(b"IDAT", data), header) == "exact"
    assert refusal(beginning + chunk(b"IDAT", data) + png.IEND) is None


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from((JPEG, PROGRESSIVE_JPEG, PNG)),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 2_000),
)
def test_no_damage_makes_decoding_raise(
    picture: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(picture)
    for at, value in changes:
        damaged[at] = value
    kept = bytes(damaged[: len(damaged) - cut])
    header = inspect(kept, LIMITS)
    if not isinstance(header, Rejected):
        image = decode(kept, header)
        assert isinstance(image, Rejected) or image.shape[2] == 3
