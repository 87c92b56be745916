"""Why a suspicion was raised and what became of it, from the outbox.

PURE. Called by `requests`.
"""

from __future__ import annotations

from edge.deliver.outbox_records import OutboxEntry


def explained(entry: OutboxEntry) -> dict[str, object]:
    """In words, and the facts behind them."""
    report = entry.report
    track = report.track
    return {
        "report_id": report.report_id,
        "camera": report.camera,
        "words": list(_words(entry)),
        "raised_at": report.raised_at.isoformat(timespec="milliseconds"),
        "label": report.label,
        "severity": report.severity,
        "scores": report.scores.model_dump(),
        "zones": list(report.zones),
        "track": track.model_dump(),
        "rule": report.rule.model_dump(),
        "config_version": report.config_version,
        "config_sha256": report.config_sha256,
        "model_sha256": report.model_sha256,
        "evidence": [one.key for one in report.evidence],
        "state": entry.state,
        "decision": entry.decision,
        "attempts": entry.attempts,
        "sends": entry.sends,
    }


def _words(entry: OutboxEntry) -> list[str]:
    report = entry.report
    kind = "self-test" if report.test else "audit" if report.audit else "suspicion"
    return [
        f"{kind} of {report.camera}: {report.label}, severity {report.severity}",
        *(f"rule {report.rule.id}: {reason}" for reason in report.rule.reasons),
        f"it is {entry.state}, decided: {entry.decision or 'not yet'}",
    ]
