"""Puts rows and files of an outbox in step again: at the start, and when a disk is back.

SHELL. Each waiting report lies twice: in its row, and as a copy beside the pictures, which goes
only when nobody waits for the entry any more. So a copy without a row is an entry whose row was
lost, and is entered again; a row without copy and without pictures is an entry that was finished,
and of which only the end was lost. An entry whose pictures are gone is still an alarm: its report
goes out. Called by the outbox under its lock.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from pydantic import ValidationError

from contract.ids import CameraId, ReportId
from contract.report import ThreatReport
from edge.deliver.ages import ClockReading
from edge.deliver.blobs import Blobs
from edge.deliver.outbox_records import Loss, LossReason, Repairs
from edge.deliver.outbox_rows import OutboxRow, OutboxRows
from edge.deliver.picture_rows import Named


class Recovery:
    """One pass over rows and files."""

    def __init__(self, rows: OutboxRows, blobs: Blobs, on_loss: Callable[[Loss], None]) -> None:
        self._rows, self._blobs, self._on_loss = rows, blobs, on_loss
        self._copied = blobs.reports()
        self._there = blobs.names()

    def run(self, put_at: ClockReading) -> Repairs:
        """Repairs what can be repaired; each entry that cannot goes to `on_loss`. What is entered
        again counts as put at `put_at`."""
        missing = 0
        for row in self._rows.in_delivery():
            missing += self._check(row)
        salvaged = sum(self._adopt(report_id, put_at) for report_id in sorted(self._copied))
        orphans = self._blobs.keep_only(self._rows.pictures.hashes())
        self._blobs.recognise()
        return Repairs(salvaged=salvaged, pictures_missing=missing, orphans=orphans)

    def _check(self, row: OutboxRow) -> int:
        """How many pictures the entry lacks that are not stored yet."""
        report = parsed(row.report, row.report_id)
        if report is None:
            report = parsed(self._blobs.report(row.report_id), row.report_id)
            if report is None:
                self._rows.bury(row.report_id, LossReason.UNREADABLE)
                self._lose(row.report_id, row.camera, row.severity, row)
                return 0
            self._rows.replace_report(report)
        pictures = named_in(report)
        missing = len({sha256 for _, sha256, _ in pictures} - self._there)
        if set(self._rows.pictures.named(row.report_id)) != set(pictures):
            self._rows.pictures.replace(row.report_id, pictures)
        if row.report_id not in self._copied:
            if missing and self._blobs.known:
                self._rows.delete(row.report_id)
                return 0
            with suppress(OSError):
                self._blobs.write({}, row.report_id, report.model_dump_json())
        if missing == 0 or row.state != "pending":  # what is stored is not read again
            return 0
        self._rows.set_state(row.report_id, "stored")
        return missing

    def _adopt(self, report_id: ReportId, put_at: ClockReading) -> int:
        """1 if an entry was made of a copy that had none."""
        if self._rows.find(report_id) is not None:
            return 0
        report = parsed(self._blobs.report(report_id), report_id)
        if report is None:
            self._blobs.remove_report(report_id)
            self._lose(report_id, CameraId(report_id.split(".")[1]), 0, None)
            return 0
        pictures = named_in(report)
        whole = {sha256 for _, sha256, _ in pictures} <= self._there
        self._rows.insert(report, pictures, put_at, "pending" if whole else "stored")
        return 1

    def _lose(
        self, report_id: ReportId, camera: CameraId, severity: int, row: OutboxRow | None
    ) -> None:
        self._on_loss(
            Loss(
                report_id=report_id,
                camera=camera,
                severity=severity,
                state=row.state if row else "pending",
                decision=row.decision if row else None,
                reason=LossReason.UNREADABLE,
            )
        )


def parsed(text: str | None, report_id: ReportId) -> ThreatReport | None:
    """The report, None if it is not the one that it should be."""
    try:
        report = ThreatReport.model_validate_json(text or "")
    except ValidationError:
        return None
    return report if report.report_id == report_id else None


def named_in(report: ThreatReport) -> list[Named]:
    """The pictures that the report names, each once."""
    named = {ref.key: (ref.key, ref.sha256, ref.bytes) for ref in report.evidence}
    return list(named.values())
