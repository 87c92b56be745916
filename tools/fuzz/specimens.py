"""Sound messages, configurations and databases, to be damaged."""

from __future__ import annotations

import hashlib
import os
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np

from contract.evidence_request import EvidenceRequest
from contract.ids import CameraId, GatewayId, report_id
from contract.keys import evidence_key
from contract.operator_outcome import OperatorOutcome
from contract.report import EvidenceRef, FiredRule, Scores, ThreatReport, TrackFacts
from contract.verdict import Sighting, Verdict
from edge.deliver.evidence import EvidencePicture, ReportBundle
from edge.static_objects.appearance import PATCH_PX, of_patch
from edge.static_objects.records import Memory, PendingQuery, StaticObject
from tools import CHECKOUT

_HELD: list[tempfile.TemporaryDirectory[str]] = []
_IN_MEMORY = Path("/dev/shm")  # noqa: S108, what is put there is made by TemporaryDirectory


@cache
def folder() -> Path:
    """The same for every caller."""
    where = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    _HELD.append(tempfile.TemporaryDirectory(prefix="fuzz-", dir=where))
    return Path(_HELD[-1].name)


GATEWAY, CAMERA = GatewayId("north"), CameraId("gate")
_AT = datetime(2026, 3, 29, 1, 59, 59, 250_000, tzinfo=UTC)
_JPEG = hashlib.shake_256(b"a picture").digest(500)
_SHA256 = hashlib.sha256(_JPEG).hexdigest()
_KEY = evidence_key(GATEWAY, CAMERA, _AT, _SHA256)


def report(number: int) -> ThreatReport:
    """Of one object, with a crop that knows its place."""
    return ThreatReport(
        report_id=report_id(GATEWAY, CAMERA, 17, number, 0),
        gateway=GATEWAY,
        camera=CAMERA,
        label="person",
        severity=2,
        raised_at=_AT,
        box=(0.1, 0.2, 0.3, 0.9),
        scores=Scores(last=0.5, top=0.75, median=0.625),
        zones=("drive",),
        track=TrackFacts(id=number, age_s=1.5, displacement=0.25, stationary=False),
        rule=FiredRule(id="person", reasons=("it moved",)),
        model_sha256="a" * 64,
        config_version="1",
        config_sha256="b" * 64,
        evidence=(
            EvidenceRef(
                role="crop",
                key=_KEY,
                sha256=_SHA256,
                bytes=len(_JPEG),
                width=160,
                height=160,
                captured_at=_AT,
                received_at=_AT,
                region=(0.0, 0.1, 0.5, 0.9),
                box=(0.1, 0.2, 0.3, 0.9),
            ),
        ),
        requests_left=1,
    )


def verdict(number: int) -> Verdict:
    """Confirmed, of `report(number)`."""
    return Verdict(
        report_id=report(number).report_id,
        gateway=GATEWAY,
        camera=CAMERA,
        decision="confirmed",
        decided_by="cloud",
        decided_at=_AT,
        label="person",
        score=0.75,
        severity=3,
        reasons=("person 0.75 where the suspicion was",),
        model_sha256="d" * 64,
        evidence_key=_KEY,
        sightings=(Sighting(label="person", score=0.75, box=(0.1, 0.2, 0.3, 0.9)),),
    )


def bundle(number: int) -> ReportBundle:
    """`report(number)` with its picture."""
    return ReportBundle(
        report=report(number), pictures=(EvidencePicture(key=_KEY, sha256=_SHA256, jpeg=_JPEG),)
    )


REPORT, VERDICT = report(42), verdict(42)
OUTCOME = OperatorOutcome(
    report_id=REPORT.report_id,
    gateway=REPORT.gateway,
    camera=REPORT.camera,
    outcome="false",
    said_at=REPORT.raised_at,
)
EVIDENCE_REQUEST = EvidenceRequest(
    report_id=REPORT.report_id,
    gateway=GATEWAY,
    camera=CAMERA,
    asked_at=_AT,
    requests_left=1,
    reasons=("open",),
)


def memory() -> Memory:
    """Of a parked car that was asked about."""
    patch = np.random.default_rng(3).integers(0, 255, (PATCH_PX, PATCH_PX)).astype(np.uint8)
    appearance = of_patch(patch)
    assert appearance is not None, "noise has an appearance"  # noqa: S101, of a constant
    obj = StaticObject(
        id="1",
        group="vehicle",
        label="car",
        box=(0.1, 0.2, 0.3, 0.4),
        appearances=(appearance,),
        first_seen_at=_AT,
        last_seen_at=_AT,
        hits=50,
        motion_hits=1,
        static=True,
        refuted=1,
        reported_by=("vehicle",),
        suppressed=2,
        since_s=0.0,
    )
    query = PendingQuery(
        report_id=REPORT.report_id,
        group="person",
        label="person",
        box=(0.1, 0.2, 0.3, 0.4),
        appearance=appearance,
        at=_AT,
    )
    return Memory(objects=(obj,), queries=(query,), next_number=2)


CONFIGS = (
    b"""version: 1
gateway:
  id: north
intake:
  broker:
    host: 127.0.0.1
    port: 1883
  topics: ["cameras/{camera}/image"]
  limits:
    max_bytes: 2000000
detect:
  workers: 1
decide:
  rules:
    - id: person
      classes: [person]
      severity: 2
deliver:
  store:
    type: dir
    path: var/store
  outbox:
    path: var/outbox
    max_bytes: 1000000000
  deadline_s: 60
cameras:
  gate:
    zones:
      - id: drive
        points: [[0.1, 0.2], [0.9, 0.2], [0.5, 0.9]]
    schedule:
      timezone: Europe/Berlin
""",
    b"gateway: {id: a}\ncameras: {gate: {enabled: true}}\nhealth: {clock_s: 120.0}\n",
)
CLOUD_FILES = (
    b"""broker: mqtt://127.0.0.1:1883
store: dir:var/store
model: confirm-fused
metrics_port: 0
policy:
  confirm_at: 0.35
work:
  attempts: 5
limits:
  max_bytes: 16000000
""",
    (CHECKOUT / "deploy/pachyderm/rules.example.yaml").read_bytes(),
)
VARIABLES = (
    ("STILLWATCH__GATEWAY__ID", "north"),
    ("STILLWATCH__INTAKE__BROKER__PORT", "1883"),
    ("STILLWATCH__INTAKE__TOPICS", "[a/{camera}]"),
    ("STILLWATCH__DELIVER__STORE__TYPE", "dir"),
    ("STILLWATCH__CAMERAS", "{gate: {enabled: false}}"),
    ("STILLWATCH__CAMERAS__GATE__ENABLED", "true"),
    ("STILLWATCH__DECIDE__RULES", "[{id: a, classes: [person]}]"),
    ("STILLWATCH__RUNTIME__HEARTBEAT_S", "30"),
)
