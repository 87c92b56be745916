"""Alarms with real pictures in a store, for whoever looks at their pages."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from cloud.console.parts import ConsoleParts
from cloud.index.records import ReportRecord
from cloud.verdicts.entry import entry_of
from contract.ids import CameraId, GatewayId, ReportId
from contract.keys import evidence_key
from contract.report import (
    EvidenceRef,
    FiredRule,
    RelativeBox,
    ThreatReport,
    TrackFacts,
    ZoneOutline,
)
from contract.verdict import Decision, Sighting
from imaging.detections import Image
from tests.contract.samples import REPORT, VERDICT

FOOTAGE = Path(__file__).resolve().parents[1] / "footage" / "walkers.mp4"

WIDTH, HEIGHT = 640, 480
ZONE = ZoneOutline(id="drive", corners=((0.35, 0.55), (0.8, 0.55), (0.95, 1), (0.25, 1)))
PixelBox = tuple[int, int, int, int]

WALKS: dict[str, tuple[tuple[int, PixelBox], ...]] = {
    "away": (
        (226, (293, 328, 335, 452)),
        (230, (279, 320, 323, 436)),
        (234, (282, 313, 324, 431)),
    ),
    "along": (
        (200, (154, 358, 214, 479)),
        (202, (184, 352, 229, 479)),
        (204, (203, 358, 247, 479)),
    ),
}
"""Frames of the shipped walkers in which one comes over the grass, and her box in pixels."""
VAN: PixelBox = (543, 28, 605, 82)


@lru_cache(maxsize=16)
def frame(number: int) -> Image:
    """One of the shipped recording, BGR."""
    video = cv2.VideoCapture(str(FOOTAGE))
    video.set(cv2.CAP_PROP_POS_FRAMES, number)
    found, image = video.read()
    video.release()
    assert found
    return np.asarray(image, np.uint8)


def scene(number: int, label: str) -> bytes:
    """A frame of the recording with the words in it; JPEG."""
    picture = frame(number).copy()
    cv2.putText(picture, label, (12, HEIGHT - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (230,) * 3, 1)
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
    walk: str = "away",
    profile: str | None = None,
) -> ReportId:
    """Puts the pictures into the store and the alarm into the index; gives its id."""
    shown = WALKS[walk][:pictures]
    refs = tuple(_kept(parts, (gateway, camera, label), at, n, one) for n, one in enumerate(shown))
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
            "outlines": (ZONE,) if label == "person" else (),
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
    return (box[0] - 0.01, box[1] - 0.02, box[2] + 0.01, min(box[3] + 0.02, 1.0))


def _kept(
    parts: ConsoleParts,
    whose: tuple[str, str, str],
    at: datetime,
    n: int,
    shown: tuple[int, PixelBox],
) -> EvidenceRef:
    """The `n`th picture of an alarm of gateway, camera and label."""
    gateway, camera, label = whose
    number, walker = shown
    x0, y0, x1, y1 = walker if label == "person" else VAN
    taken = at + timedelta(milliseconds=400 * n)
    body = scene(number, f"{camera} {taken:%H:%M:%S.%f}")
    digest = hashlib.sha256(body).hexdigest()
    key = evidence_key(GatewayId(gateway), CameraId(camera), taken, digest)
    parts.store.put_if_absent(key, body, "image/jpeg")
    return EvidenceRef(
        role="best" if n == 0 else "context",
        key=key,
        sha256=digest,
        bytes=len(body),
        width=WIDTH,
        height=HEIGHT,
        received_at=taken,
        box=(x0 / WIDTH, y0 / HEIGHT, x1 / WIDTH, y1 / HEIGHT),
    )
