"""Alarms with real pictures in a store, for whoever looks at their pages."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import cv2
import numpy as np

from cloud.console.parts import ConsoleParts
from cloud.index.records import ReportRecord
from cloud.verdicts.entry import entry_of
from contract.ids import CameraId, GatewayId, ReportId
from contract.keys import evidence_key
from contract.report import EvidenceRef, FiredRule, RelativeBox, ThreatReport, TrackFacts
from contract.verdict import Decision, Sighting
from tests.contract.samples import REPORT, VERDICT

WIDTH, HEIGHT = 640, 360
BOX = (0.45, 0.3, 0.58, 0.9)


def scene(step: int, label: str) -> bytes:
    """A yard with somebody in it, a little further at each `step`; JPEG."""
    rows = np.linspace(70, 120, HEIGHT)[:, None, None]
    picture = np.broadcast_to(rows * np.array([0.9, 1.0, 0.95]), (HEIGHT, WIDTH, 3)).astype(
        np.uint8
    )
    picture = np.ascontiguousarray(picture)
    cv2.rectangle(picture, (0, 0), (WIDTH, 90), (150, 130, 110), -1)
    cv2.rectangle(picture, (40, 40), (210, 250), (96, 104, 120), -1)
    cv2.rectangle(picture, (100, 130), (150, 250), (50, 60, 80), -1)
    x = int(BOX[0] * WIDTH) + 14 * step
    cv2.ellipse(picture, (x + 40, 140), (14, 18), 0, 0, 360, (120, 150, 200), -1)
    cv2.rectangle(picture, (x + 18, 158), (x + 62, 250), (60, 40, 40), -1)
    cv2.rectangle(picture, (x + 22, 250), (x + 36, 318), (40, 40, 50), -1)
    cv2.rectangle(picture, (x + 44, 250), (x + 58, 318), (40, 40, 50), -1)
    cv2.putText(picture, label, (12, HEIGHT - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230,) * 3, 1)
    done, encoded = cv2.imencode(".jpg", picture)
    assert done
    return encoded.tobytes()


def raise_alarm(
    parts: ConsoleParts,
    number: int,
    at: datetime,
    *,
    gateway: str = "north",
    camera: str = "yard",
    label: str = "person",
    severity: int = 3,
    decision: Decision | None = "confirmed",
    pictures: int = 3,
    ahead: int = 0,
    profile: str | None = None,
) -> ReportId:
    """Puts the pictures into the store and the alarm into the index; gives its id. The walker is so
    many steps `ahead`."""
    refs = tuple(_kept(parts, gateway, camera, at, n, ahead + n) for n in range(pictures))
    report = REPORT.model_copy(
        update={
            "report_id": ReportId(f"{gateway}.{camera}.1.{number}.0"),
            "gateway": GatewayId(gateway),
            "camera": CameraId(camera),
            "label": label,
            "severity": min(severity, 2),
            "profile": profile,
            "raised_at": at,
            "clocksync": True,
            "box": refs[0].box,
            "track": TrackFacts(id=number, age_s=4.2, displacement=1.8, stationary=False),
            "rule": FiredRule(
                id="intruder",
                reasons=(
                    f"{label}: median score 0.62 of 5 frames >= 0.35",
                    "in zone drive for 2.1 s >= 0.5 s",
                    "armed: outside 07:00 to 18:00",
                ),
            ),
            "evidence": refs,
        }
    )
    parts.access.index.add(report.report_id, [ReportRecord(received_at=at, report=report)])
    if decision is not None:
        decide(parts, report, decision, severity)
    return report.report_id


def decide(
    parts: ConsoleParts, report: ThreatReport, decision: Decision, severity: int = 3
) -> None:
    """The cloud's verdict on it."""
    verdict = VERDICT.model_copy(
        update={
            "report_id": report.report_id,
            "gateway": report.gateway,
            "camera": report.camera,
            "label": report.label,
            "decision": decision,
            "decided_at": report.raised_at + timedelta(seconds=2),
            "severity": severity,
            "score": 0.87,
            "reasons": (
                f"{report.label} 0.87 at the suspected place (0.91, 0.83), limit 0.40",
                f"votes for the {report.label} of the strongest picture: "
                "centernet-640 0.93, nanodet-g-512 0.88, ssd-mobilenet-v2-300 0.79",
            ),
            "evidence_key": report.evidence[0].key,
            "sightings": (Sighting(label=report.label, score=0.91, box=_grown(report.box)),),
        }
    )
    parts.access.index.add(report.report_id, [entry_of(verdict, report)])


def _grown(box: RelativeBox) -> RelativeBox:
    return (box[0] - 0.01, box[1] - 0.02, box[2] + 0.01, box[3] + 0.02)


def _kept(
    parts: ConsoleParts, gateway: str, camera: str, at: datetime, n: int, step: int
) -> EvidenceRef:
    taken = at + timedelta(milliseconds=400 * n)
    body = scene(step, f"{camera} {taken:%H:%M:%S.%f}")
    digest = hashlib.sha256(body).hexdigest()
    key = evidence_key(GatewayId(gateway), CameraId(camera), taken, digest)
    parts.store.put_if_absent(key, body, "image/jpeg")
    moved = 14 * step / WIDTH
    return EvidenceRef(
        role="best" if n == 0 else "context",
        key=key,
        sha256=digest,
        bytes=len(body),
        width=WIDTH,
        height=HEIGHT,
        received_at=taken,
        box=(BOX[0] + moved, BOX[1], BOX[2] + moved, BOX[3]),
    )
