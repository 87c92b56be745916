"""The outbox's rows about decisions: who is still to be notified, and whose threat is on until
when.

SHELL. SQL only, beside `outbox_rows` and under the same lock. A notification is one row per report,
revision of its decision, and destination. At most one per report and destination waits: a newer
decision takes the place of an older one that was not delivered, so what a destination gets is in
order.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, get_args

from contract.ids import CameraId, ReportId
from contract.verdict import Verdict
from edge.deliver.outbox_database import SqlStatements

NotificationKey = tuple[ReportId, int, str]
"""Report, revision of its decision, destination."""

NotificationOutcome = Literal["delivered", "refused", "given_up"]
NOTIFICATION_OUTCOMES: tuple[NotificationOutcome, ...] = get_args(NotificationOutcome)

_WAITING = (
    "SELECT t.report_id, t.revision, t.destination FROM notifications t JOIN entries e "
    "ON e.report_id = t.report_id WHERE t.state = 'waiting'"
)


class DecisionRows(SqlStatements):
    """Verdicts, notifications and cameras with a `threat` topic."""

    def decide(self, verdict: Verdict, to: Iterable[str], threat_until: datetime | None) -> bool:
        """Whether it was recorded: the first stands, but the cloud's replaces `unconfirmed`.

        In one transaction with it: `to` are to be notified, the camera's threat is on, and an entry
        that the cloud decided is done.
        """
        with self._transaction():
            changed = self._change(
                "UPDATE entries SET decision = ?1, verdict = ?2, revision = revision + 1, "
                "state = CASE ?1 WHEN 'unconfirmed' THEN state ELSE 'done' END "
                "WHERE report_id = ?3 AND "
                "(decision IS NULL OR (decision = 'unconfirmed' AND ?1 != 'unconfirmed'))",
                verdict.decision,
                verdict.model_dump_json(),
                verdict.report_id,
            )
            if changed:
                self._plan(verdict, to)
                if threat_until is not None:
                    self._hold(verdict.camera, threat_until)
        return changed == 1

    def _plan(self, verdict: Verdict, to: Iterable[str]) -> None:
        self._change(
            "UPDATE notifications SET state = 'superseded' "
            "WHERE report_id = ? AND state = 'waiting'",
            verdict.report_id,
        )
        for destination in to:
            self._change(
                "INSERT INTO notifications (report_id, revision, destination) "
                "SELECT report_id, revision, ? FROM entries WHERE report_id = ?",
                destination,
                verdict.report_id,
            )
        if verdict.decision != "unconfirmed":
            self._change("DELETE FROM pictures WHERE report_id = ?", verdict.report_id)

    def end(self, key: NotificationKey, state: NotificationOutcome, reason: str | None) -> bool:
        """Whether it still waited."""
        with self._transaction():
            changed = self._change(
                "UPDATE notifications SET state = ?, reason = ? "
                "WHERE report_id = ? AND revision = ? AND destination = ? AND state = 'waiting'",
                state,
                reason,
                *key,
            )
        return changed == 1

    def drop_but(self, destinations: Iterable[str]) -> int:
        """Ends the notifications of all but `destinations`; how many those are."""
        names = tuple(destinations)
        with self._transaction():
            return self._change(
                "UPDATE notifications SET state = 'given_up', reason = 'no destination any more' "  # noqa: S608
                f"WHERE state = 'waiting' AND destination NOT IN ({', '.join('?' * len(names))})",
                *names,
            )

    def waiting(self) -> list[NotificationKey]:
        """Every notification that waits, oldest entry first."""
        return [tuple(row) for row in self._all(f"{_WAITING} ORDER BY e.seq")]

    def waiting_for(self, destination: str, count: int) -> list[NotificationKey]:
        """What one is to be notified of first: the most severe, then the oldest entries."""
        query = f"{_WAITING} AND t.destination = ? ORDER BY e.severity DESC, e.seq LIMIT ?"
        return [tuple(row) for row in self._all(query, destination, count)]

    def least_of(self, destination: str, count: int) -> list[NotificationKey]:
        """Of what waits for one, what matters least: the least severe, then the oldest."""
        query = f"{_WAITING} AND t.destination = ? ORDER BY e.severity, e.seq LIMIT ?"
        return [tuple(row) for row in self._all(query, destination, count)]

    def waiting_of(self, report_id: ReportId) -> list[NotificationKey]:
        return [tuple(row) for row in self._all(f"{_WAITING} AND t.report_id = ?", report_id)]

    def verdict(self, report_id: ReportId) -> str | None:
        """As JSON, the one that stands."""
        rows = self._all("SELECT verdict FROM entries WHERE report_id = ?", report_id)
        return rows[0][0] if rows else None

    def cameras(self) -> dict[CameraId, str | None]:
        """Every camera known here, and until when its threat is on, as ISO text."""
        return dict(self._all("SELECT camera, threat_until FROM cameras"))

    def remember(self, cameras: Iterable[CameraId], most: int) -> None:
        """Enter those that are not known; beyond `most` none is."""
        with self._transaction():
            for camera in cameras:
                self._change(
                    "INSERT INTO cameras (camera) SELECT ?1 "
                    "WHERE (SELECT COUNT(*) FROM cameras) < ?2 ON CONFLICT DO NOTHING",
                    camera,
                    most,
                )

    def end_threats(self, cameras: Iterable[CameraId]) -> None:
        with self._transaction():
            for camera in cameras:
                self._change("UPDATE cameras SET threat_until = NULL WHERE camera = ?", camera)

    def _hold(self, camera: CameraId, until: datetime) -> None:
        self._change(
            "INSERT INTO cameras (camera, threat_until) VALUES (?1, ?2) "
            "ON CONFLICT (camera) DO UPDATE SET threat_until = ?2",
            camera,
            until.isoformat(),
        )
