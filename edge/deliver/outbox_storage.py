"""What lies in the outbox: rows and picture files kept in step, within a quota.

SHELL. Order makes it safe at every line: files before the row that names them, the report's copy
gone before the row, the row before its pictures; what a crash leaves between `outbox_recovery`
repairs. Room within the quota is made lowest severity first, oldest first, never from an entry more
severe than the new one. What the disk does not take is held in memory, bounded in the same way.
Called by the outbox under its lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from contract.ids import ReportId
from edge.deliver.ages import ClockReading
from edge.deliver.blobs import Blobs
from edge.deliver.evidence import EvidencePicture, ReportBundle
from edge.deliver.outbox_records import Loss, LossReason, OutboxEntry, Repairs, rank
from edge.deliver.outbox_recovery import Recovery, parsed
from edge.deliver.outbox_rows import OutboxRow, OutboxRows
from edge.deliver.outbox_schema import translated
from edge.deliver.picture_rows import named
from edge.errors import OutboxError, OutboxFull

OnLoss = Callable[[Loss], None]

MOST_IN_MEMORY = 1000
"""Entries in memory; their bytes are bounded besides, by `memory_max_bytes`."""


class OutboxStorage:
    """Rows and files of one outbox; `forget` gets each entry that goes."""

    def __init__(
        self,
        rows: OutboxRows,
        blobs: Blobs,
        max_bytes: int,
        memory_max_bytes: int,
        on_loss: OnLoss,
        forget: Callable[[ReportId], None],
    ) -> None:
        self._rows = rows
        self._blobs = blobs
        self._max_bytes = max_bytes
        self._memory_max_bytes = memory_max_bytes
        self._on_loss = on_loss
        self._forget = forget
        self._in_memory: dict[ReportId, int] = {}
        self._copied: set[ReportId] = set()
        self._why = ""

    @property
    def in_memory(self) -> int:
        """Entries whose pictures are in memory only."""
        return len(self._in_memory)

    @property
    def trouble(self) -> str | None:
        """Why something is held; None if nothing is."""
        return self._why if self._in_memory else None

    @property
    def on_disk(self) -> bool:
        """Whether the disk has taken everything, and let go what it should."""
        return not self._in_memory and self._blobs.on_disk

    def recover(self, put_at: ClockReading) -> Repairs:
        """See `outbox_recovery`."""
        repairs = Recovery(self._rows, self._blobs, self._on_loss).run(put_at)
        self._copied |= self._blobs.reports()
        return repairs

    def repair(self) -> bool:
        """Whether nothing is held any more: brings what is to the disk, if that takes it now."""
        try:
            with translated("cannot write what is held in memory"):
                self._blobs.flush()
        except OutboxError as error:
            self._why = str(error)
            return False
        self._in_memory.clear()
        return True

    def tidy(self) -> None:
        """Removes the copies of reports that nobody waits for any more."""
        for report_id in self._copied.intersection(self._rows.over()):
            self._remove_copy(report_id)

    def put(self, bundle: ReportBundle, put_at: ClockReading) -> None:
        """Raises `OutboxFull` if there is no room; what was not kept leaves no files."""
        size, severity = _size(bundle), rank(bundle.report)
        if self._rows.size_bytes() + size > self._max_bytes:
            self._check_room(size, severity)
        while self._rows.size_bytes() + size > self._max_bytes:
            self._displace(severity)
        self._write(bundle)
        try:
            self._rows.insert(bundle.report, named(bundle), put_at, "pending")
        except BaseException:
            self._remove_copy(bundle.report.report_id)
            self.remove_unneeded([picture.sha256 for picture in bundle.pictures])
            raise

    def extend(self, bundle: ReportBundle) -> bool:
        """Whether there was room and the entry still waits for a verdict; files first, as ever."""
        if bundle.pictures and self._rows.size_bytes() + _size(bundle) > self._max_bytes:
            return False
        row = self._rows.find(bundle.report.report_id)
        if row is None or not row.in_delivery:
            return False
        self._write(bundle)
        if self._rows.extend(bundle):
            return True
        self.remove_unneeded([picture.sha256 for picture in bundle.pictures])
        return False

    def find(self, report_id: ReportId) -> OutboxEntry | None:
        """The entry; one that cannot be read any more is given up."""
        row = self._rows.find(report_id)
        if row is None:
            return None
        report = parsed(row.report, row.report_id)
        if report is None:
            self._give_up(row, LossReason.UNREADABLE)
            return None
        return OutboxEntry(
            report=report,
            state=row.state,
            decision=row.decision,
            attempts=row.attempts,
            sends=row.sends,
        )

    def pictures(self, report_id: ReportId) -> tuple[EvidencePicture, ...] | None:
        """In the report's order, without those that are missing or damaged; None if the entry is
        not in delivery."""
        row = self._rows.find(report_id)
        if row is None or not row.in_delivery:
            return None
        read = (
            (key, sha, self._blobs.read(sha))
            for key, sha, _ in self._rows.pictures.named(report_id)
        )
        return tuple(
            EvidencePicture(key=key, sha256=sha256, jpeg=jpeg)
            for key, sha256, jpeg in read
            if jpeg is not None
        )

    def remove(self, row: OutboxRow, reason: LossReason) -> None:
        """The entry and its files; a loss, unless it was done or buried before."""
        self.withdraw(row.report_id)
        if row.in_delivery:
            self._on_loss(_loss(row, reason))

    def withdraw(self, report_id: ReportId) -> None:
        """The entry and its files, at the owner's wish."""
        hashes = self.hashes(report_id)
        self._forget(report_id)
        self._remove_copy(report_id)
        self._rows.delete(report_id)
        self.remove_unneeded(hashes)

    def _check_room(self, size: int, severity: int) -> None:
        """Before anything is displaced for what would not fit even then."""
        lasting = self._rows.lasting_bytes(severity)
        if lasting + size > self._max_bytes:
            raise OutboxFull(
                f"no room for {size} bytes of severity {severity}: quota {self._max_bytes}, "
                f"of which {lasting} are more severe"
            )

    def _write(self, bundle: ReportBundle) -> None:
        """Pictures and the report's copy; in memory, if the disk does not take them."""
        report = bundle.report
        files = {picture.sha256: picture.jpeg for picture in bundle.pictures}
        text = report.model_dump_json()
        try:
            self._blobs.write(files, report.report_id, text)
        except OSError as error:
            for buried in self._rows.buried():  # nobody waits for these: perhaps next time
                self.remove(buried, LossReason.DISK_FULL)
            self._make_room_in_memory(bundle, error)
            self._blobs.hold(files, report.report_id, text)
            self._in_memory[report.report_id] = rank(report)
            self._why = str(error)
        self._copied.add(report.report_id)

    def _make_room_in_memory(self, bundle: ReportBundle, why: OSError) -> None:
        """The least severe, then oldest of what is held goes, never for what is less severe."""
        size, severity = _size(bundle), rank(bundle.report)
        while (
            len(self._in_memory) >= MOST_IN_MEMORY
            or self._blobs.in_memory_bytes + size > self._memory_max_bytes
        ):
            least = min(self._in_memory, key=self._in_memory.__getitem__, default=None)
            if least is None or self._in_memory[least] > severity:
                raise OutboxFull(f"{why}; and no room for {size} bytes in memory") from why
            row = self._rows.find(least)
            if row is None:
                self._remove_copy(least)
            else:
                self.remove(row, LossReason.DISK_FULL)

    def _displace(self, severity: int) -> None:
        """Removes what goes first for an entry of `severity`."""
        victim = self._rows.victim(severity)
        if victim is None:
            raise OutboxFull(f"no room, and nothing of severity {severity} or less to displace")
        self.remove(victim, LossReason.QUOTA)

    def _remove_copy(self, report_id: ReportId) -> None:
        self._blobs.remove_report(report_id)
        self._copied.discard(report_id)
        self._in_memory.pop(report_id, None)

    def _give_up(self, row: OutboxRow, reason: LossReason) -> None:
        if row.in_delivery:
            self._rows.bury(row.report_id, reason)
            self._on_loss(_loss(row, reason))

    def hashes(self, report_id: ReportId) -> list[str]:
        """Of the pictures that the entry needs."""
        return [sha256 for _, sha256, _ in self._rows.pictures.named(report_id)]

    def remove_unneeded(self, hashes: Iterable[str]) -> None:
        """The files of those that no entry needs any more."""
        for sha256 in hashes:
            if not self._rows.pictures.needs(sha256):
                self._blobs.remove(sha256)


def _size(bundle: ReportBundle) -> int:
    pictures = sum(len(picture.jpeg) for picture in bundle.pictures)
    return pictures + len(bundle.report.model_dump_json())


def _loss(row: OutboxRow, reason: LossReason) -> Loss:
    return Loss(
        report_id=row.report_id,
        camera=row.camera,
        severity=row.severity,
        state=row.state,
        decision=row.decision,
        reason=reason,
    )
