"""What lies in the outbox: rows and picture files kept in step, within a quota.

SHELL. Order makes it safe at every line: files before the row that names them, the row gone before
its files; what a crash leaves between is repaired by `recover`. Room is made lowest severity first,
oldest first, never from an entry more severe than the new one. Called by the outbox under its lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from pydantic import ValidationError

from contract.ids import ReportId
from contract.report import ThreatReport
from edge.deliver.blobs import Blobs
from edge.deliver.evidence import Parcel, Picture
from edge.deliver.outbox_records import Entry, Loss, LossReason, rank
from edge.deliver.outbox_rows import Row, Rows
from edge.deliver.outbox_schema import translated
from edge.errors import OutboxError, OutboxFull

OnLoss = Callable[[Loss], None]

FREED_FOR_ONE = 2.0
"""A disk that is full although entries of so many times the new one's size went is not ours to
clear: something else fills it."""


class Shelf:
    """Rows and files of one outbox; `forget` is told each entry that goes."""

    def __init__(
        self,
        rows: Rows,
        blobs: Blobs,
        max_bytes: int,
        on_loss: OnLoss,
        forget: Callable[[ReportId], None],
    ) -> None:
        self._rows = rows
        self._blobs = blobs
        self._max_bytes = max_bytes
        self._on_loss = on_loss
        self._forget = forget

    def recover(self, report_ids: Iterable[ReportId]) -> None:
        """Removes files of no entry, buries entries that lack a file."""
        self._blobs.keep_only(self._rows.hashes())
        there = self._blobs.names()
        for report_id in report_ids:
            row = self._rows.find(report_id)
            if row is not None and not set(self.hashes(report_id)) <= there:
                self._give_up(row, LossReason.PICTURE_MISSING)

    def put(self, parcel: Parcel, created_at: datetime) -> None:
        """Raises `OutboxFull` if there is no room; what was not kept leaves no files."""
        size, severity = _size(parcel), rank(parcel.report)
        if self._rows.size_bytes() + size > self._max_bytes:
            self._check_room(size, severity)
        while self._rows.size_bytes() + size > self._max_bytes:
            self._displace(severity, LossReason.QUOTA)
        self._write(parcel, created_at)

    def extend(self, parcel: Parcel) -> bool:
        """Whether there was room and the entry still waits for a verdict; files first, as ever."""
        if self._rows.size_bytes() + _size(parcel) > self._max_bytes:
            return False
        self._blobs.write((picture.sha256, picture.jpeg) for picture in parcel.pictures)
        if self._rows.extend(parcel):
            return True
        self.remove_unneeded([picture.sha256 for picture in parcel.pictures])
        return False

    def find(self, report_id: ReportId) -> Entry | None:
        """The entry; one that cannot be read any more is given up."""
        row = self._rows.find(report_id)
        if row is None:
            return None
        try:
            report = ThreatReport.model_validate_json(row.report)
        except ValidationError:
            self._give_up(row, LossReason.UNREADABLE)
            return None
        return Entry(
            report=report,
            state=row.state,
            decision=row.decision,
            attempts=row.attempts,
            sends=row.sends,
        )

    def pictures(self, report_id: ReportId) -> tuple[Picture, ...] | None:
        """In the report's order; None, and the entry buried, if one is missing or damaged."""
        row = self._rows.find(report_id)
        if row is None or not row.in_delivery:
            return None
        pictures = []
        for key, sha256 in self._rows.pictures(report_id):
            jpeg = self._blobs.read(sha256)
            if jpeg is None:
                self._give_up(row, LossReason.PICTURE_MISSING)
                return None
            pictures.append(Picture(key=key, sha256=sha256, jpeg=jpeg))
        return tuple(pictures)

    def remove(self, row: Row, reason: LossReason) -> None:
        """The entry and its files; a loss, unless it was done or buried before."""
        hashes = self.hashes(row.report_id)
        self._forget(row.report_id)
        self._rows.delete(row.report_id)
        self.remove_unneeded(hashes)
        if row.in_delivery:
            self._on_loss(_loss(row, reason))

    def _check_room(self, size: int, severity: int) -> None:
        """Before anything is displaced for what would not fit even then."""
        lasting = self._rows.lasting_bytes(severity)
        if lasting + size > self._max_bytes:
            raise OutboxFull(
                f"no room for {size} bytes of severity {severity}: quota {self._max_bytes}, "
                f"of which {lasting} are more severe"
            )

    def _write(self, parcel: Parcel, created_at: datetime) -> None:
        """Files, then the row. On a full disk, displaces less severe entries and tries again."""
        freed = 0
        while True:
            try:
                with translated(f"cannot write {parcel.report.report_id}"):
                    self._blobs.write((p.sha256, p.jpeg) for p in parcel.pictures)
                    self._rows.insert(parcel, created_at)
                    return
            except OutboxError as error:
                self.remove_unneeded([picture.sha256 for picture in parcel.pictures])
                enough = freed > FREED_FOR_ONE * _size(parcel)
                if enough or not isinstance(error, OutboxFull):
                    raise
                freed += self._displace(rank(parcel.report), LossReason.DISK_FULL)

    def _displace(self, severity: int, reason: LossReason) -> int:
        """Removes what goes first for an entry of `severity`; how many bytes that freed."""
        victim = self._rows.victim(severity)
        if victim is None:
            raise OutboxFull(f"no room, and nothing of severity {severity} or less to displace")
        before = self._rows.size_bytes()
        self.remove(victim, reason)
        return before - self._rows.size_bytes()

    def _give_up(self, row: Row, reason: LossReason) -> None:
        if row.in_delivery:
            self._rows.bury(row.report_id, reason)
            self._on_loss(_loss(row, reason))

    def hashes(self, report_id: ReportId) -> list[str]:
        """Of the pictures that the entry needs."""
        return [sha256 for _, sha256 in self._rows.pictures(report_id)]

    def remove_unneeded(self, hashes: Iterable[str]) -> None:
        """The files of those that no entry needs any more."""
        for sha256 in hashes:
            if not self._rows.needs(sha256):
                self._blobs.remove(sha256)


def _size(parcel: Parcel) -> int:
    pictures = sum(len(picture.jpeg) for picture in parcel.pictures)
    return pictures + len(parcel.report.model_dump_json())


def _loss(row: Row, reason: LossReason) -> Loss:
    return Loss(
        report_id=row.report_id,
        camera=row.camera,
        severity=row.severity,
        state=row.state,
        decision=row.decision,
        reason=reason,
    )
