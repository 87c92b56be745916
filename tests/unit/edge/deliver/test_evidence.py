"""A candidate is packed so that the cloud sees what the edge saw, within the limits of the wire."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.cloudevent import frame_report, read_report
from contract.ids import CameraId, GatewayId, ReportId
from contract.keys import is_evidence_key
from contract.report import MAX_REPORT_BYTES, EvidenceRef
from edge.config.schema import EvidenceConfig
from edge.deliver.evidence import ReportBundle, ReportOrigin, pack, relative
from edge.privacy import Privacy
from edge.records import AlertCandidate, BestFrame, DecodedFrame, Frame, Suspicion, TrackId
from imaging.admission import Header, PictureLimits, Rejected, inspect
from imaging.crop import MIN_CROP_PX, Box, cut, square
from imaging.decode import decode
from imaging.detections import Image

LIMITS = PictureLimits(
    max_bytes=10**7, max_pixels=10**7, min_side_px=16, max_side_px=8192, max_scans=64
)
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
ORIGIN = ReportOrigin(
    gateway=GatewayId("gw"),
    model_sha256="a" * 64,
    config_version="7",
    config_sha256="b" * 64,
    evidence=EvidenceConfig(whole="full", context_frames=4, crop_margin=0.3),
    privacy=Privacy(),
)
REDUCED = replace(ORIGIN, evidence=EvidenceConfig(whole_px=160))


def scene(seed: int = 0, width: int = 320, height: int = 240) -> Image:
    """A smooth gradient that differs by seed, with a white figure at x 100..140, y 60..160."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:] = np.linspace(0, 120, width, dtype=np.uint8)[None, :, None]
    image[:, :, 0] = 10 * seed
    image[60:160, 100:140] = 255
    return image


def encoded(image: Image, suffix: str = ".jpg") -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


def header_of(picture: bytes) -> Header:
    header = inspect(picture, LIMITS)
    assert not isinstance(header, Rejected)
    return header


def decoded_frame(picture: bytes, seconds: float = 0.0) -> DecodedFrame:
    header = header_of(picture)
    image = decode(picture, header)
    assert not isinstance(image, Rejected)
    frame = Frame(
        camera=CameraId("gate"),
        picture=picture,
        header=header,
        received_at=NOON + timedelta(seconds=seconds),
        received_mono_s=seconds,
        captured_at=NOON,
    )
    return DecodedFrame(frame=frame, width=image.shape[1], height=image.shape[0])


def candidate(
    best: DecodedFrame, *context: DecodedFrame, box: Box = (100, 60, 140, 160), **facts: object
) -> AlertCandidate:
    known: dict[str, object] = {
        "report_id": ReportId("gw.gate.1.2.3"),
        "camera": CameraId("gate"),
        "track": TrackId(2),
        "rule": "person",
        "label": "person",
        "score": 0.5,
        "top_score": 0.7,
        "median_score": 0.6,
        "severity": 2,
        "box": box,
        "zones": ("yard",),
        "age_s": 1.5,
        "displacement": 0.2,
        "stationary": False,
        "reasons": ("it moved",),
        "raised_at": NOON,
    }
    suspicion = Suspicion(**(known | facts))  # type: ignore[arg-type]  # a test's own facts
    return AlertCandidate(suspicion=suspicion, best=best, best_box=box, context=context)


def refs(bundle: ReportBundle, role: str) -> list[EvidenceRef]:
    return [ref for ref in bundle.report.evidence if ref.role == role]


def body(bundle: ReportBundle, ref: EvidenceRef) -> bytes:
    (jpeg,) = [picture.jpeg for picture in bundle.pictures if picture.key == ref.key]
    return jpeg


def test_the_report_says_what_the_suspicion_says() -> None:
    report = pack(candidate(decoded_frame(encoded(scene()))), ORIGIN).report
    assert (report.report_id, report.camera, report.sequence) == ("gw.gate.1.2.3", "gate", 3)
    assert (report.scores.last, report.scores.top, report.scores.median) == (0.5, 0.7, 0.6)
    assert report.box == (0.3125, 0.25, 0.4375, 0.666667)
    assert (report.rule.id, report.rule.reasons) == ("person", ("it moved",))
    assert (report.config_version, report.zones, report.track.age_s) == ("7", ("yard",), 1.5)


def test_every_reference_names_a_picture_that_is_there_and_true() -> None:
    context = [decoded_frame(encoded(scene(seed)), seed) for seed in (1, 2, 3)]
    bundle = pack(candidate(decoded_frame(encoded(scene())), *context), ORIGIN)
    assert [ref.role for ref in bundle.report.evidence] == ["best", "crop", *["context"] * 3]
    for ref in bundle.report.evidence:
        jpeg = body(bundle, ref)
        assert is_evidence_key(ref.key)
        assert (ref.sha256, ref.bytes) == (hashlib.sha256(jpeg).hexdigest(), len(jpeg))
        image = decode(jpeg, header_of(jpeg))
        assert not isinstance(image, Rejected)
        assert image.shape[:2] == (ref.height, ref.width)
    assert len({picture.key for picture in bundle.pictures}) == 5


def test_a_cameras_jpeg_travels_as_it_came() -> None:
    picture = encoded(scene())
    bundle = pack(candidate(decoded_frame(picture)), ORIGIN)
    assert body(bundle, refs(bundle, "best")[0]) == picture


def test_a_png_travels_as_jpeg_with_the_same_view() -> None:
    best, other = decoded_frame(encoded(scene(), ".png")), decoded_frame(encoded(scene(9), ".png"))
    bundle = pack(candidate(best, other), ORIGIN)
    for role, seed in (("best", 0), ("context", 9)):
        jpeg = body(bundle, refs(bundle, role)[0])
        assert header_of(jpeg).kind == "jpeg"
        image = decode(jpeg, header_of(jpeg))
        assert not isinstance(image, Rejected)
        assert cv2.absdiff(image, scene(seed)).mean() < 3


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


def test_reports_of_one_event_name_one_view_which_is_the_same_bytes() -> None:
    scenery = decoded_frame(encoded(scene(7)), -2.0)
    first = pack(candidate(scenery), REDUCED)
    second = pack(replace(candidate(decoded_frame(encoded(scene()))), view=scenery), REDUCED)
    (best,) = refs(first, "best")
    (shared,) = refs(second, "context")
    assert (shared.key, shared.received_at) == (best.key, NOON - timedelta(seconds=2))
    assert shared.box is None, "where the thing was then nobody said"
    assert body(first, best) == body(second, shared)


def test_a_turned_jpeg_is_described_upright() -> None:
    picture = encoded(scene(width=240, height=320))
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    turned = picture[:2] + segment + picture[2:]
    bundle = pack(candidate(decoded_frame(turned), box=(0, 0, 320, 120)), ORIGIN)
    (best,) = refs(bundle, "best")
    assert (best.width, best.height) == (320, 240)
    assert bundle.report.box == (0.0, 0.0, 1.0, 0.5)
    assert body(bundle, best) == turned


def test_context_that_is_there_already_is_not_sent_again() -> None:
    best, other = encoded(scene()), encoded(scene(5))
    bundle = pack(
        candidate(
            decoded_frame(best),
            decoded_frame(best, 1),
            decoded_frame(other, 2),
            decoded_frame(other, 3),
        ),
        ORIGIN,
    )
    assert [ref.received_at for ref in refs(bundle, "context")] == [NOON + timedelta(seconds=2)]
    assert len(bundle.pictures) == 3


@pytest.mark.parametrize("count", [0, 2, 10])
def test_only_the_newest_context_is_sent_in_time_order(count: int) -> None:
    origin = ReportOrigin(
        gateway=ORIGIN.gateway,
        model_sha256=ORIGIN.model_sha256,
        config_version="7",
        config_sha256=ORIGIN.config_sha256,
        evidence=EvidenceConfig(whole="full", context_frames=count),
        privacy=Privacy(),
    )
    context = [decoded_frame(encoded(scene(seed)), seed) for seed in range(1, 21)]
    bundle = pack(candidate(decoded_frame(encoded(scene())), *context), origin)
    expected = [NOON + timedelta(seconds=seed) for seed in range(1, 21)][20 - count :]
    assert [ref.received_at for ref in refs(bundle, "context")] == expected


@settings(max_examples=20, deadline=None)
@example("\0" * 3000, 200, 500)
@given(st.text(max_size=3000), st.integers(0, 200), st.integers(0, 500))
def test_no_suspicion_makes_a_report_too_large_for_the_wire(
    text: str, reasons: int, zones: int
) -> None:
    best_frames = [
        BestFrame(decoded_frame(encoded(scene(seed)), seed), (1, 2, 33, 44), 0.5)
        for seed in (21, 22, 23)
    ]
    long = candidate(
        decoded_frame(encoded(scene())),
        *[decoded_frame(encoded(scene(seed))) for seed in range(1, 15)],
        report_id=ReportId(f"{'g' * 64}.gate.1.2.3"),
        label=text,
        reasons=(text or "\0",) * reasons,
        zones=("z" * 64,) * zones,
    )
    bundle = pack(
        replace(long, others=tuple(best_frames)),
        ReportOrigin(
            gateway=GatewayId("g" * 64),
            model_sha256="a" * 64,
            config_version=text,
            config_sha256="b" * 64,
            evidence=EvidenceConfig(whole="full", context_frames=10, crops=4),
            privacy=Privacy(),
        ),
    )
    framed = frame_report(bundle.report)
    assert len(framed) < MAX_REPORT_BYTES
    assert read_report(framed) == bundle.report


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
