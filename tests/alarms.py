"""Alarms of any kind for tests: reports, verdicts and what operators did about them."""

from __future__ import annotations

from datetime import datetime, timedelta

from cloud.index.records import ReportRecord, UnconfirmedRecord
from cloud.verdicts.entry import LedgerEntry, entry_of
from contract.ids import CameraId, GatewayId, ReportId
from contract.operator_action import ActionKind, OperatorAction
from contract.report import FiredRule, ThreatReport
from contract.verdict import Decision, Verdict
from tests.contract.samples import AT, REPORT, VERDICT


def report_of(
    number: int,
    *,
    gateway: str = "north",
    camera: str = "gate",
    label: str = "person",
    severity: int = 2,
    rule: str = "person",
    pictures: int = 1,
    test: bool = False,
) -> ThreatReport:
    """The `number`th report of a camera, raised so many seconds after the first."""
    whose, which = GatewayId(gateway), CameraId(camera)
    refs = [
        REPORT.evidence[0].model_copy(
            update={
                "key": f"evidence/{gateway}/{camera}/2026/03/29/{digest}.jpg",
                "sha256": digest,
                "role": "crop" if index else "best",
            }
        )
        for index, digest in enumerate(f"{number * 16 + one:064x}" for one in range(pictures))
    ]
    return REPORT.model_copy(
        update={
            "report_id": ReportId(f"{gateway}.{camera}.1.{number}.0"),
            "gateway": whose,
            "camera": which,
            "label": label,
            "severity": severity,
            "raised_at": AT + timedelta(seconds=number),
            "clocksync": True,
            "rule": FiredRule(id=rule, reasons=("it stood there",)),
            "evidence": tuple(refs),
            "test": test,
            "audit": test,
        }
    )


def received(report: ThreatReport, after_s: float = 1.0) -> ReportRecord:
    """As it is stored so long after it was raised."""
    at = report.raised_at + timedelta(seconds=after_s)
    return ReportRecord(received_at=at, report=report)


def verdict_on(report: ThreatReport, decision: Decision = "confirmed") -> Verdict:
    """The cloud's decision."""
    return VERDICT.model_copy(
        update={
            "report_id": report.report_id,
            "gateway": report.gateway,
            "camera": report.camera,
            "label": report.label,
            "decision": decision,
            "severity": 0 if decision == "refuted" else report.severity,
            "decided_at": report.raised_at + timedelta(seconds=2),
            "evidence_key": report.evidence[0].key,
            "audit": report.audit,
            "test": report.test,
        }
    )


def decided(report: ThreatReport, decision: Decision = "confirmed") -> LedgerEntry:
    """The same as the ledger keeps it."""
    return entry_of(verdict_on(report, decision), report)


def given_up(report: ThreatReport) -> UnconfirmedRecord:
    """The edge had no answer in time."""
    said = verdict_on(report, "unconfirmed").model_copy(
        update={"decided_by": "edge", "model_sha256": None}
    )
    return UnconfirmedRecord(received_at=said.decided_at, verdict=said)


def action_on(
    report: ThreatReport, number: int, kind: ActionKind, by: str = "ann", **more: object
) -> OperatorAction:
    """The `number`th thing that somebody did about it, so many minutes later."""
    at: datetime = report.raised_at + timedelta(minutes=number)
    return OperatorAction.model_validate(
        {
            "report_id": report.report_id,
            "gateway": report.gateway,
            "camera": report.camera,
            "number": number,
            "kind": kind,
            "by": by,
            "at": at,
        }
        | more
    )
