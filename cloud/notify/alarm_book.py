"""What is known of alarms and faults: reports, decisions, events, and what is open.

SHELL. In the file of the queue, and in one transaction with what is to be told because of it. Any
thread may call; raises `QueueError`. Called by `intake` and `fault_watch`.
"""

from __future__ import annotations

from pydantic import ValidationError

from cloud.notify import queue_rows as rows
from cloud.notify.notice import Notice
from cloud.notify.planning import AlarmHistory, AlarmPlan, PlannedNotice
from cloud.notify.queue import NotificationQueue
from contract.report import ThreatReport


class AlarmBook:
    """Of one queue."""

    def __init__(self, queue: NotificationQueue) -> None:
        self._queue = queue

    def keep_report(self, report: ThreatReport) -> None:
        """What was suspected, for the words of the verdict to come."""
        with self._queue.changing(f"keep report {report.report_id}") as connection:
            connection.execute(
                "INSERT OR REPLACE INTO reports (id, at, body) VALUES (?, ?, ?)",
                (report.report_id, self._queue.now_s(), report.model_dump_json()),
            )

    def report(self, about: str) -> ThreatReport | None:
        """The report, if it was heard."""
        with self._queue.changing(f"read report {about}") as connection:
            row = connection.execute("SELECT body FROM reports WHERE id = ?", (about,)).fetchone()
        try:
            return None if row is None else ThreatReport.model_validate_json(row[0])
        except ValidationError:
            return None

    def history(self, about: str) -> AlarmHistory | None:
        """What is known of an alarm."""
        with self._queue.changing(f"look up {about}") as connection:
            return rows.history(connection, about)

    def event_of(self, gateway: str, camera: str, gap_s: float) -> str | None:
        """The event of that camera that still lasts."""
        with self._queue.changing(f"look up events of {gateway}/{camera}") as connection:
            row = connection.execute(
                "SELECT event FROM alarms WHERE gateway = ? AND camera = ? AND at >= ? AND open = 1"
                " ORDER BY at DESC LIMIT 1",
                (gateway, camera, self._queue.now_s() - gap_s),
            ).fetchone()
        return None if row is None else str(row[0])

    def record(self, plan: AlarmPlan) -> None:
        """The alarm as it is now and everything that is to be told of it, in one transaction."""
        notice = plan.notice
        with self._queue.changing(f"record {notice.about}") as connection:
            connection.execute(
                "INSERT OR REPLACE INTO alarms"
                " (id, gateway, camera, event, decision, revision, at, body, open)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(notice.about, notice.gateway, notice.camera or "", notice.event),
                    *(notice.decision, notice.revision, self._queue.now_s()),
                    notice.model_dump_json(),
                    int(plan.turn in ("new", "changed")),
                ),
            )
            for name in plan.void:
                self._queue.supersede(notice.about, name, f"decided anew: {notice.decision}")
            self._queue.insert(plan.planned)

    def events_over(self, gap_s: float) -> list[tuple[Notice, frozenset[str]]]:
        """Events without an alarm for so long: their last alarm, and who was told of it."""
        with self._queue.changing("look for events that are over") as connection:
            found = connection.execute(
                "SELECT event, body, max(at) FROM alarms WHERE open = 1 GROUP BY event"
                " HAVING max(at) < ?",
                (self._queue.now_s() - gap_s,),
            ).fetchall()
            over = []
            for event, body, _ in found:
                told = connection.execute(
                    "SELECT DISTINCT n.destination FROM notifications AS n"
                    " JOIN alarms AS a ON n.about = a.id WHERE a.event = ? AND a.open = 1"
                    " AND n.stage = 'first' AND n.state IN ('waiting', 'delivered')",
                    (event,),
                ).fetchall()
                over.append((Notice.model_validate_json(body), frozenset(name for (name,) in told)))
        return over

    def close_event(self, event: str, planned: tuple[PlannedNotice, ...]) -> None:
        """It is over, and this is to be told of it."""
        with self._queue.changing(f"end event {event}") as connection:
            connection.execute("UPDATE alarms SET open = 0 WHERE event = ?", (event,))
            self._queue.insert(planned)

    def open_faults(self) -> list[Notice]:
        """Faults that were told and are not over, as they were told."""
        with self._queue.changing("read open faults") as connection:
            found = connection.execute("SELECT body FROM faults").fetchall()
        return [Notice.model_validate_json(body) for (body,) in found]

    def record_fault(self, notice: Notice, planned: tuple[PlannedNotice, ...]) -> None:
        """A fault that began, or is over (`ended`), and what is to be told of it."""
        with self._queue.changing(f"record {notice.about}") as connection:
            if notice.stage == "ended":
                connection.execute("DELETE FROM faults WHERE id = ?", (notice.about,))
            else:
                connection.execute(
                    "INSERT OR REPLACE INTO faults (id, at, body) VALUES (?, ?, ?)",
                    (notice.about, self._queue.now_s(), notice.model_dump_json()),
                )
            self._queue.insert(planned)

    def told_of(self, about: str) -> frozenset[str]:
        """Who was told, or is to be told, of that fault."""
        with self._queue.changing(f"look up {about}") as connection:
            found = connection.execute(
                "SELECT DISTINCT destination FROM notifications WHERE about = ?"
                " AND stage = 'first' AND state IN ('waiting', 'delivered')",
                (about,),
            ).fetchall()
        return frozenset(name for (name,) in found)

    def heard_at_s(self) -> float | None:
        """When a report or verdict was last heard, in seconds since 1970; None: never."""
        with self._queue.changing("look when something was heard") as connection:
            row = connection.execute(
                "SELECT max(at) FROM (SELECT max(at) AS at FROM reports"
                " UNION ALL SELECT max(at) FROM alarms)"
            ).fetchone()
        return None if row[0] is None else float(row[0])
