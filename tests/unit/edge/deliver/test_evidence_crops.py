"""Crops of a thing: where they lie, how large they are, and what is around them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.schema import EvidenceConfig
from edge.deliver.evidence import pack, relative
from edge.records import BestFrame
from imaging.admission import Rejected
from imaging.crop import MIN_CROP_PX, cut, square
from imaging.decode import decode
from tests.unit.edge.deliver.candidates import (
    NOON,
    ORIGIN,
    REDUCED,
    body,
    candidate,
    decoded_frame,
    encoded,
    header_of,
    refs,
    scene,
)


def test_the_crop_shows_the_thing_with_its_margin() -> None:
    bundle = pack(candidate(decoded_frame(encoded(scene()))), ORIGIN)
    (ref,) = refs(bundle, "crop")
    image = decode(body(bundle, ref), header_of(body(bundle, ref)))
    assert not isinstance(image, Rejected)
    assert (ref.width, ref.height) == (160, 160)
    assert image[80, 80].min() > 200
    assert image[5, 80].max() < 150
    assert image[80, 20].max() < 150


def test_a_crop_says_where_in_the_frame_it_lies_and_where_the_thing_is_in_it() -> None:
    bundle = pack(candidate(decoded_frame(encoded(scene()))), ORIGIN)
    (ref,) = refs(bundle, "crop")
    assert ref.region == pytest.approx((40 / 320, 30 / 240, 200 / 320, 190 / 240), abs=1e-6)
    assert ref.box == bundle.report.box == (0.3125, 0.25, 0.4375, 0.666667)


def test_crops_of_other_moments_follow_the_best_one() -> None:
    later = BestFrame(decoded_frame(encoded(scene(2)), 1.0), (110, 60, 150, 160), 0.4)
    walker = candidate(decoded_frame(encoded(scene())))
    bundle = pack(replace(walker, others=(later,)), REDUCED)
    assert [ref.role for ref in bundle.report.evidence] == ["best", "crop", "crop"]
    first, second = refs(bundle, "crop")
    assert (first.received_at, second.received_at) == (NOON, NOON + timedelta(seconds=1))
    assert second.box == (110 / 320, 0.25, 0.46875, 0.666667)


def test_a_large_thing_is_sent_reduced_and_its_place_stays_true() -> None:
    small = replace(ORIGIN, evidence=EvidenceConfig(crop_max_px=80, crop_margin=0.3))
    bundle = pack(candidate(decoded_frame(encoded(scene()))), small)
    (ref,) = refs(bundle, "crop")
    image = decode(body(bundle, ref), header_of(body(bundle, ref)))
    assert not isinstance(image, Rejected)
    assert image.shape[:2] == (80, 80)
    assert image[40, 40].min() > 200
    assert ref.region is not None
    assert ref.region[2] - ref.region[0] == pytest.approx(0.5, abs=1e-6)


def test_a_large_vehicle_is_sent_with_what_is_around_it() -> None:
    walker = candidate(decoded_frame(encoded(scene())))
    car = replace(walker, suspicion=replace(walker.suspicion, label="car"))
    (close,), (wide,) = refs(pack(walker, ORIGIN), "crop"), refs(pack(car, ORIGIN), "crop")
    assert (close.width, close.height) == (160, 160)
    assert (wide.width, wide.height) == (320, 240)
    assert close.box == wide.box


def test_the_whole_view_is_reduced_by_default_full_where_wanted_or_left_away() -> None:
    picture = encoded(scene())
    (view,) = refs(pack(candidate(decoded_frame(picture)), REDUCED), "best")
    assert (view.width, view.height, view.region) == (160, 120, None)
    assert view.bytes < len(picture) / 2
    (full,) = refs(pack(candidate(decoded_frame(picture)), ORIGIN), "best")
    assert (full.width, full.height) == (320, 240)
    without = replace(ORIGIN, evidence=EvidenceConfig(whole="none"))
    bundle = pack(candidate(decoded_frame(picture)), without)
    assert [ref.role for ref in bundle.report.evidence] == ["crop"]


COORDINATE = st.floats(-1e4, 1e4)


@given(COORDINATE, COORDINATE, st.floats(0, 1e4), st.floats(0, 1e4))
def test_a_relative_box_is_ordered_and_within_the_frame(
    x: float, y: float, width: float, height: float
) -> None:
    x0, y0, x1, y1 = relative((x, y, x + width, y + height), 640, 480)
    assert 0 <= x0 <= x1 <= 1
    assert 0 <= y0 <= y1 <= 1


@given(
    COORDINATE, COORDINATE, st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 2),
    st.integers(1, 200), st.integers(1, 200),
)  # fmt: skip
def test_a_crop_lies_in_the_frame_and_holds_what_of_the_box_does(
    x: float, y: float, dx: float, dy: float, margin: float, width: int, height: int
) -> None:
    left, top, right, bottom = square((width, height), (x, y, x + dx, y + dy), margin)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    wanted = max(dx, dy, MIN_CROP_PX / (1 + 2 * margin)) * (1 + 2 * margin)
    assert right - left >= min(wanted, width) - 1e-6 * wanted
    assert bottom - top >= min(wanted, height) - 1e-6 * wanted
    if x >= 0 and x + dx <= width and y >= 0 and y + dy <= height:
        assert left <= x + 1
        assert x + dx - 1 <= right
        assert top <= y + 1
        assert y + dy - 1 <= bottom


def test_a_crop_is_square_wherever_the_frame_has_room() -> None:
    image = scene()
    for box in ((0, 0, 10, 20), (300, 200, 320, 240), (100, 60, 140, 160)):
        x0, y0, x1, y1 = square((320, 240), box, 0.5)
        assert x1 - x0 == y1 - y0
        assert cut(image, (x0, y0, x1, y1), 1000).shape[:2] == (y1 - y0, x1 - x0)


@pytest.mark.parametrize(("size", "aspect"), [((160, 240), 2.0), ((640, 240), 0.5)])
def test_evidence_of_a_squeezed_stream_has_square_pixels(
    size: tuple[int, int], aspect: float
) -> None:
    squeezed = cv2.resize(scene(), size, interpolation=cv2.INTER_AREA)
    wide, high = size[0] / 320, size[1] / 240
    box = (100 * wide, 60 * high, 140 * wide, 160 * high)
    one = replace(decoded_frame(encoded(np.asarray(squeezed, np.uint8))), aspect=aspect)
    bundle = pack(candidate(one, box=box), replace(ORIGIN, evidence=EvidenceConfig(whole_px=320)))
    (crop,), (whole,) = refs(bundle, "crop"), refs(bundle, "best")
    assert (whole.width, whole.height) == (320, 240)
    assert crop.width == pytest.approx(crop.height, abs=2)
    shown = cv2.imdecode(np.frombuffer(body(bundle, crop), np.uint8), cv2.IMREAD_GRAYSCALE)
    bright = shown > 200
    tall, broad = bright.any(axis=1).sum(), bright.any(axis=0).sum()
    assert tall / broad == pytest.approx(100 / 40, rel=0.1)
