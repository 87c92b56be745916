"""Report bundles to put into an outbox; small pictures of noise, unless told otherwise."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from contract.ids import CameraId, GatewayId, ReportId, report_id
from contract.keys import evidence_key
from contract.report import EvidenceRef, FiredRule, Scores, ThreatReport, TrackFacts
from contract.verdict import Decision, Verdict
from edge.deliver.evidence import EvidencePicture, ReportBundle
from tests.fakes import START

GATEWAY, CAMERA = GatewayId("gw"), CameraId("gate")


def name(number: int) -> ReportId:
    return report_id(GATEWAY, CAMERA, 1, number, 0)


def picture(seed: str, size: int = 1000) -> EvidencePicture:
    jpeg = hashlib.shake_256(seed.encode()).digest(size)
    sha256 = hashlib.sha256(jpeg).hexdigest()
    return EvidencePicture(
        key=evidence_key(GATEWAY, CAMERA, START, sha256), sha256=sha256, jpeg=jpeg
    )


def bundle(number: int, severity: int = 2, size: int = 1000, shared: str = "") -> ReportBundle:
    """Two pictures of `size` bytes: one of its own, one that all with the same `shared` have."""
    pictures = (picture(f"own {number}", size), picture(shared or f"context {number}", size))
    report = ThreatReport(
        report_id=name(number),
        gateway=GATEWAY,
        camera=CAMERA,
        label="person",
        severity=severity,
        raised_at=START + timedelta(seconds=number),
        box=(0.1, 0.1, 0.2, 0.3),
        scores=Scores(last=0.5, top=0.6, median=0.55),
        track=TrackFacts(id=number, age_s=1.0, displacement=0.1, stationary=False),
        rule=FiredRule(id="person", reasons=("it moved",)),
        model_sha256="a" * 64,
        config_version="1",
        config_sha256="b" * 64,
        profile="away",
        evidence=tuple(
            EvidenceRef(
                role=role,
                key=item.key,
                sha256=item.sha256,
                bytes=len(item.jpeg),
                width=640,
                height=480,
                received_at=START,
            )
            for role, item in zip(("best", "context"), pictures, strict=True)
        ),
    )
    return ReportBundle(report=report, pictures=pictures)


def verdict(number: int, decision: Decision) -> Verdict:
    return Verdict(
        report_id=name(number),
        gateway=GATEWAY,
        camera=CAMERA,
        decision=decision,
        decided_by="edge" if decision == "unconfirmed" else "cloud",
        decided_at=START,
        label="person",
        reasons=("because",),
    )
