"""What a worker in the cloud says, made up."""

from __future__ import annotations

from datetime import datetime

from contract.report import ThreatReport
from contract.verdict import Decision, Verdict
from service.clock import SystemClock


def verdict_on(
    report: ThreatReport, decision: Decision = "confirmed", at: datetime | None = None
) -> Verdict:
    """On that report alone, decided now or `at`."""
    return Verdict(
        report_id=report.report_id,
        gateway=report.gateway,
        camera=report.camera,
        decision=decision,
        decided_by="cloud",
        decided_at=at or SystemClock().now(),
        label=report.label,
        reasons=("the test says so",),
    )
