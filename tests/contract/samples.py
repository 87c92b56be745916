"""One report and one verdict with every field set."""

from datetime import UTC, datetime

from contract.evidence_request import EvidenceRequest
from contract.ids import CameraId, GatewayId, ReportId
from contract.operator_outcome import OperatorOutcome
from contract.report import EvidenceRef, FiredRule, Sample, Scores, ThreatReport, TrackFacts
from contract.verdict import Handling, Sighting, Verdict

AT = datetime(2026, 3, 29, 1, 59, 59, 250000, tzinfo=UTC)
ID = ReportId("north.gate.17.42.1")

REPORT = ThreatReport(
    report_id=ID,
    gateway=GatewayId("north"),
    camera=CameraId("gate"),
    label="person",
    severity=2,
    audit=False,
    raised_at=AT,
    clocksync=False,
    box=(0.1, 0.2, 0.3, 0.9),
    scores=Scores(last=0.5, top=0.75, median=0.625),
    zones=("drive",),
    track=TrackFacts(id=42, age_s=1.5, displacement=0.25, stationary=False),
    rule=FiredRule(id="person", reasons=("person: median score 0.62 of 5 frames >= 0.35",)),
    model_sha256="a" * 64,
    config_version="1",
    config_sha256="b" * 64,
    evidence=(
        EvidenceRef(
            role="best",
            key=f"evidence/north/gate/2026/03/29/{'c' * 64}.jpg",
            sha256="c" * 64,
            bytes=12345,
            width=1280,
            height=720,
            masked=False,
            captured_at=AT,
            received_at=AT,
        ),
    ),
)

VERDICT = Verdict(
    report_id=ID,
    gateway=GatewayId("north"),
    camera=CameraId("gate"),
    decision="confirmed",
    decided_by="cloud",
    decided_at=AT,
    label="person",
    score=0.75,
    severity=3,
    audit=False,
    reasons=("person 0.75 >= 0.35 where the suspicion was",),
    model_sha256="d" * 64,
    evidence_key=REPORT.evidence[0].key,
    sightings=(Sighting(label="person", score=0.75, box=(0.1, 0.2, 0.3, 0.9)),),
)

CROPS = REPORT.model_copy(
    update={
        "evidence": (
            *REPORT.evidence,
            EvidenceRef(
                role="crop",
                key=f"evidence/north/gate/2026/03/29/{'e' * 64}.jpg",
                sha256="e" * 64,
                bytes=4321,
                width=160,
                height=160,
                received_at=AT,
                region=(0.0, 0.125, 0.5, 0.9375),
                box=(0.1, 0.2, 0.3, 0.9),
            ),
        )
    }
)
"""The same, with a crop that says where in the frame it lies."""

EVIDENCE_REQUEST = EvidenceRequest(
    report_id=ID,
    gateway=GatewayId("north"),
    camera=CameraId("gate"),
    asked_at=AT,
    requests_left=1,
    reasons=("person 0.28 at the suspected place in both frames (0.31, 0.25)",),
)

OPERATOR_OUTCOME = OperatorOutcome(
    report_id=ID,
    gateway=GatewayId("north"),
    camera=CameraId("gate"),
    outcome="false",
    said_at=AT,
)

RESTORABLE = CROPS.model_copy(update={"restores_left": 2})
RESTORE = EVIDENCE_REQUEST.model_copy(
    update={
        "requests_left": 0,
        "reasons": ("best picture cannot be judged: missing",),
        "unreadable": (REPORT.evidence[0].key,),
        "restores_left": 2,
    }
)
"""A report whose pictures may be asked for again, and the request."""

LATE_REPORT = CROPS.model_copy(update={"age_s": 34.5})
LATE_VERDICT = VERDICT.model_copy(update={"age_s": 34.5})
"""What was sent long after it was raised."""

PROFILED_REPORT = CROPS.model_copy(update={"profile": "away"})
PROFILED_VERDICT = VERDICT.model_copy(update={"profile": "away"})
"""What was raised while a profile of the site held."""

TEST_REPORT = CROPS.model_copy(update={"test": True, "audit": True, "severity": 0})
TEST_VERDICT = VERDICT.model_copy(
    update={
        "test": True,
        "audit": True,
        "severity": 0,
        "handled": Handling(taken_at=AT, fetched_s=0.0125, decided_s=0.75),
    }
)
"""A self-test and the answer to it."""

AUDIT_REPORT = REPORT.model_copy(
    update={
        "label": "motion",
        "severity": 0,
        "audit": True,
        "sample": Sample(kind="motion", share=0.005),
        "evidence": (
            *REPORT.evidence,
            REPORT.evidence[0].model_copy(
                update={
                    "role": "context",
                    "key": f"evidence/north/gate/2026/03/29/{'e' * 64}.jpg",
                    "sha256": "e" * 64,
                }
            ),
        ),
    }
)
"""A sample of what was rejected, which says how it was drawn."""

PARTLY_REPORT = AUDIT_REPORT.model_copy(
    update={"sample": Sample(kind="partly", share=0.005, reported=("vehicle",))}
)
"""The same of an event in which only a vehicle was reported."""
