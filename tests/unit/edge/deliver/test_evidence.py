"""A candidate is packed so that the cloud sees what the edge saw, within the limits of the wire."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from datetime import timedelta

import cv2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.cloudevent import frame_report, read_report
from contract.ids import GatewayId, ReportId
from contract.keys import is_evidence_key
from contract.report import MAX_REPORT_BYTES
from edge.config.schema import EvidenceConfig
from edge.deliver.evidence import ReportOrigin, pack
from edge.privacy import Privacy
from edge.records import BestFrame
from imaging.admission import Rejected
from imaging.decode import decode
from service.places import ZoneConfig
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


def test_the_report_says_what_the_suspicion_says() -> None:
    report = pack(candidate(decoded_frame(encoded(scene()))), ORIGIN).report
    assert (report.report_id, report.camera, report.sequence) == ("gw.gate.1.2.3", "gate", 3)
    assert (report.scores.last, report.scores.top, report.scores.median) == (0.5, 0.7, 0.6)
    assert report.box == (0.3125, 0.25, 0.4375, 0.666667)
    assert (report.rule.id, report.rule.reasons) == ("person", ("it moved",))
    assert (report.config_version, report.zones, report.track.age_s) == ("7", ("yard",), 1.5)


def test_the_report_names_the_profile_that_held_if_one_did() -> None:
    suspected = candidate(decoded_frame(encoded(scene())))
    assert pack(suspected, replace(ORIGIN, profile="away")).report.profile == "away"
    assert pack(suspected, ORIGIN).report.profile is None


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


LARGEST_ZONE = ZoneConfig(
    id="z" * 64,
    polygon=tuple((0.5 + math.cos(k / 11) / 3, 0.5 + math.sin(k / 11) / 3) for k in range(64)),
)


def test_the_report_has_the_outlines_of_its_zones() -> None:
    bundle = pack(candidate(decoded_frame(encoded(scene())), outlines=(LARGEST_ZONE,)), ORIGIN)
    (outline,) = bundle.report.outlines
    assert outline.id == LARGEST_ZONE.id
    assert outline.corners[0] == (0.8333, 0.5)


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
        outlines=(LARGEST_ZONE,) * zones,
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
