"""Alert candidates for tests, with their frames, and what of them is in a bundle."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from contract.ids import CameraId, GatewayId, ReportId
from contract.report import EvidenceRef
from edge.config.schema import EvidenceConfig
from edge.deliver.evidence import ReportBundle, ReportOrigin
from edge.privacy import Privacy
from edge.records import AlertCandidate, DecodedFrame, Frame, Suspicion, TrackId
from imaging.admission import Header, PictureLimits, Rejected, inspect
from imaging.decode import decode
from imaging.detections import Image
from imaging.polygons import Box

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
