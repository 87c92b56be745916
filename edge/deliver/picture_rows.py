"""The outbox's rows of pictures: which entry names which file, in the order of its report.

SHELL. Called by `outbox_rows`, within its transactions, and by what keeps the files in step.
"""

from __future__ import annotations

from collections.abc import Iterable

from contract.ids import ReportId
from edge.deliver.evidence import ReportBundle
from edge.deliver.outbox_database import SqlStatements

Named = tuple[str, str, int]
"""A picture as rows name it: key, SHA-256, bytes."""


def named(bundle: ReportBundle) -> list[Named]:
    """The bundle's pictures as rows name them."""
    return [(p.key, p.sha256, len(p.jpeg)) for p in bundle.pictures]


class PictureRows(SqlStatements):
    """One row for each picture of each entry; entries may share a file."""

    def insert(self, report_id: ReportId, pictures: Iterable[Named], first: int = 0) -> None:
        """From position `first` on; within the caller's transaction."""
        for position, (key, sha256, size) in enumerate(pictures, first):
            self._change(
                "INSERT INTO pictures VALUES (?, ?, ?, ?, ?)",
                report_id,
                position,
                key,
                sha256,
                size,
            )

    def replace(self, report_id: ReportId, pictures: Iterable[Named]) -> None:
        """Some of their rows were lost."""
        with self._transaction():
            self._change("DELETE FROM pictures WHERE report_id = ?", report_id)
            self.insert(report_id, pictures)

    def named(self, report_id: ReportId) -> list[Named]:
        """Of an entry, in its report's order."""
        return self._all(
            "SELECT key, sha256, bytes FROM pictures WHERE report_id = ? ORDER BY position",
            report_id,
        )

    def hashes(self) -> frozenset[str]:
        """Of every picture that some entry still needs."""
        return frozenset(sha for (sha,) in self._all("SELECT DISTINCT sha256 FROM pictures"))

    def needs(self, sha256: str) -> bool:
        return bool(self._all("SELECT 1 FROM pictures WHERE sha256 = ? LIMIT 1", sha256))
