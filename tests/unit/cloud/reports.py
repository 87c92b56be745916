"""Reports and detections for the tests of the cloud's side."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np

from contract.ids import CameraId, GatewayId, report_id
from contract.keys import evidence_key
from contract.report import EvidenceRef, FiredRule, RelativeBox, Scores, ThreatReport, TrackFacts
from imaging.detections import Detections, no_detections

NOON = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)
GATEWAY, CAMERA = GatewayId("yard"), CameraId("gate")
PixelBox = tuple[float, float, float, float]
Role = Literal["best", "crop", "context"]


def a_ref(
    picture: bytes = b"picture",
    role: Role = "best",
    size: tuple[int, int] = (640, 480),
    *,
    at: float = 0.0,
    region: RelativeBox | None = None,
) -> EvidenceRef:
    """Of the frame `at` seconds after noon; with a `region` it knows the thing's place too."""
    sha256 = hashlib.sha256(picture).hexdigest()
    return EvidenceRef(
        role=role,
        key=evidence_key(GATEWAY, CAMERA, NOON, sha256),
        sha256=sha256,
        bytes=len(picture),
        width=size[0],
        height=size[1],
        received_at=NOON + timedelta(seconds=at),
        region=region,
        box=None if region is None else (0.4, 0.4, 0.6, 0.8),
    )


def a_report(
    *,
    label: str = "person",
    box: RelativeBox = (0.4, 0.4, 0.6, 0.8),
    severity: int = 2,
    audit: bool = False,
    sequence: int = 0,
    track: int = 1,
    displacement: float = 0.1,
    evidence: tuple[EvidenceRef, ...] | None = None,
) -> ThreatReport:
    return ThreatReport(
        report_id=report_id(GATEWAY, CAMERA, 1, track, sequence),
        gateway=GATEWAY,
        camera=CAMERA,
        label=label,
        severity=severity,
        audit=audit,
        raised_at=NOON,
        box=box,
        scores=Scores(last=0.5, top=0.6, median=0.5),
        track=TrackFacts(id=track, age_s=2.0, displacement=displacement, stationary=False),
        rule=FiredRule(id="person", reasons=("median 0.50 over 0.35",)),
        model_sha256="0" * 64,
        config_version="1",
        config_sha256="1" * 64,
        evidence=evidence or (a_ref(),),
    )


def saw(*found: tuple[str, float, PixelBox]) -> Detections:
    """Detections from `(label, score, box)`, strongest first."""
    if not found:
        return no_detections()
    rows = sorted(found, key=lambda one: -one[1])
    return Detections(
        boxes=np.array([box for _, _, box in rows], np.float32),
        scores=np.array([score for _, score, _ in rows], np.float32),
        labels=tuple(label for label, _, _ in rows),
    )
