"""The durable queue of notifications: which destination is still to be told what.

SHELL. SQLite in WAL mode with full synchronisation; any thread may call. A row per alarm,
destination and stage, planned once however often its verdict comes, with an end of its own. A try
is on the disk before it is made and its end after it was acknowledged, so a crash between both
sends once more what the receiver may have, under the same key and number: exactly once where the
receiver knows repetitions, at least once elsewhere. Ages are counted while the process runs, so no
wrong wall clock can end one. Called by `intake`, `destination_worker` and the commands.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from cloud.notify import queue_rows as rows
from cloud.notify.delivery import NoticeEnd
from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.notice import Notice
from cloud.notify.planning import AlarmHistory, AlarmPlan, PlannedNotice
from cloud.notify.queue_file import open_queue
from cloud.notify.queue_rows import QueuedNotice
from contract.report import ThreatReport
from service.clock import Clock
from service.events import Event, log
from service.sqlite import transaction

_REPORTS_KEPT_S = 7 * 86_400.0
_DAY_S = 86_400.0


class QueueError(Exception):
    """The disk did not take it; the same may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationBacklog:
    """What waits for a destination, and how its rows ended since the start."""

    waiting: int
    oldest_s: float
    ended: Mapping[str, int]


class NotificationQueue:
    """One per process; `close` it at the end."""

    def __init__(
        self, file: Path, destinations: Mapping[str, DestinationSettings], clock: Clock
    ) -> None:
        """Opens or makes the file; raises `QueueError`. What waits for destinations that there
        are no more is given up."""
        self._destinations, self._clock = dict(destinations), clock
        self._lock = threading.RLock()
        self._ended: dict[str, Counter[str]] = {name: Counter() for name in destinations}
        self._since: dict[int, tuple[str, float]] = {}
        self._due: dict[int, float] = {}
        self.wake = {name: threading.Event() for name in destinations}
        try:
            self._connection = open_queue(file)
        except (sqlite3.Error, OSError) as error:
            raise QueueError(f"queue {file}: {error}") from error
        with self._changing("open the queue") as connection:
            found = connection.execute(
                "SELECT number, destination FROM notifications WHERE state = 'waiting'"
            ).fetchall()
            for number, name in found:
                self._since[number] = name, clock.mono()
                if name not in destinations:
                    self._end(number, "given_up", "the destination is not configured any more")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def keep_report(self, report: ThreatReport) -> None:
        """What was suspected, for the words of the verdict to come."""
        with self._changing(f"keep report {report.report_id}") as connection:
            connection.execute(
                "INSERT OR REPLACE INTO reports (id, at, body) VALUES (?, ?, ?)",
                (report.report_id, self._now_s(), report.model_dump_json()),
            )

    def report(self, about: str) -> ThreatReport | None:
        """The report, if it was heard."""
        with self._changing(f"read report {about}") as connection:
            row = connection.execute("SELECT body FROM reports WHERE id = ?", (about,)).fetchone()
        try:
            return None if row is None else ThreatReport.model_validate_json(row[0])
        except ValidationError:
            return None

    def history(self, about: str) -> AlarmHistory | None:
        """What is known of an alarm."""
        with self._changing(f"look up {about}") as connection:
            return rows.history(connection, about)

    def event_of(self, gateway: str, camera: str, gap_s: float) -> str | None:
        """The event of that camera that still lasts."""
        with self._changing(f"look up events of {gateway}/{camera}") as connection:
            row = connection.execute(
                "SELECT event FROM alarms WHERE gateway = ? AND camera = ? AND at >= ? AND open = 1"
                " ORDER BY at DESC LIMIT 1",
                (gateway, camera, self._now_s() - gap_s),
            ).fetchone()
        return None if row is None else str(row[0])

    def record(self, plan: AlarmPlan) -> None:
        """The alarm as it is now and everything that is to be told of it, in one transaction."""
        notice = plan.notice
        with self._changing(f"record {notice.about}") as connection:
            connection.execute(
                "INSERT OR REPLACE INTO alarms"
                " (id, gateway, camera, event, decision, revision, at, body, open)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(notice.about, notice.gateway, notice.camera or "", notice.event),
                    *(notice.decision, notice.revision, self._now_s(), notice.model_dump_json()),
                    int(plan.turn in ("new", "changed")),
                ),
            )
            for name in plan.void:
                for number in rows.untried(connection, notice.about, name):
                    self._end(number, "superseded", f"decided anew: {notice.decision}")
            self._insert(plan.planned)

    def plan(self, planned: tuple[PlannedNotice, ...]) -> None:
        """What is to be told of something that is no alarm."""
        with self._changing("plan notices"):
            self._insert(planned)

    def events_over(self, gap_s: float) -> list[tuple[Notice, frozenset[str]]]:
        """Events without an alarm for so long: their last alarm, and who was told of it."""
        with self._changing("look for events that are over") as connection:
            found = connection.execute(
                "SELECT event, body, max(at) FROM alarms WHERE open = 1 GROUP BY event"
                " HAVING max(at) < ?",
                (self._now_s() - gap_s,),
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
        with self._changing(f"end event {event}") as connection:
            connection.execute("UPDATE alarms SET open = 0 WHERE event = ?", (event,))
            self._insert(planned)

    def begin_next(self, destination: str, counted: bool) -> QueuedNotice | None:
        """What is to be sent now; that it is tried is on the disk before it is returned."""
        with self._changing(f"look for the next notice of {destination}") as connection:
            mono = self._clock.mono()
            postponed = [n for n, due in self._due.items() if due > mono]
            found = rows.next_numbers(connection, destination, self._now_s(), len(postponed) + 1)
            for number in found:
                if number not in postponed:
                    queued = rows.begin(connection, number, self._now_s(), counted)
                    if queued is not None:
                        return queued
                    self._end(number, "given_up", "its row cannot be read")
        return None

    def end(
        self, number: int, state: NoticeEnd, reason: str | None = None, *, picture: bool = False
    ) -> None:
        """How it went; with `picture` the same for the picture that it carried along."""
        with self._changing(f"mark {number} {state}") as connection:
            behind = rows.picture_of(connection, number) if picture else None
            self._end(number, state, reason)
            if behind is not None:
                self._end(behind, state, "with the first word")

    def postpone(self, number: int, due_mono: float) -> None:
        """Not before `due_mono` again."""
        with self._lock:
            self._due[number] = due_mono

    def next_sequence(self, destination: str) -> int:
        """For a message of the line itself, such as one of supervision."""
        with self._changing(f"number a message of {destination}") as connection:
            return rows.next_sequence(connection, destination)

    def tidy(self, keep_days: float) -> None:
        """Gives up what has waited for too long, and forgets what ended long ago."""
        with self._changing("tidy the queue") as connection:
            mono, now_s = self._clock.mono(), self._now_s()
            for number, (name, since) in list(self._since.items()):
                settings = self._destinations.get(name)
                if settings is not None and mono - since > settings.give_up_s:
                    self._end(number, "given_up", f"not delivered within {settings.give_up_s:g} s")
            before = now_s - keep_days * _DAY_S
            connection.execute("DELETE FROM reports WHERE at < ?", (now_s - _REPORTS_KEPT_S,))
            connection.execute("DELETE FROM alarms WHERE at < ? AND open = 0", (before,))
            connection.execute(
                "DELETE FROM notifications WHERE planned_at < ? AND state != 'waiting'", (before,)
            )

    def backlogs(self) -> dict[str, DestinationBacklog]:
        """By destination."""
        with self._lock:
            mono = self._clock.mono()
            return {
                name: DestinationBacklog(
                    waiting=len(ages := [mono - s for n, s in self._since.values() if n == name]),
                    oldest_s=max(ages, default=0.0),
                    ended=dict(self._ended[name]),
                )
                for name in self._destinations
            }

    def _insert(self, planned: tuple[PlannedNotice, ...]) -> None:
        now_s = self._now_s()
        for row in planned:
            if row.destination not in self._destinations:
                continue
            number = rows.insert(self._connection, row, now_s, now_s + row.gather_s)
            if number:
                self._since[number] = row.destination, self._clock.mono()
                self._bound(row.destination)
        for row in planned:
            if row.destination in self.wake:
                self.wake[row.destination].set()

    def _bound(self, name: str) -> None:
        most = self._destinations[name].max_waiting
        if sum(n == name for n, _ in self._since.values()) > most:
            for number in rows.least(self._connection, name, most):
                self._end(number, "given_up", f"{most} others wait for {name}")

    def _end(self, number: int, state: NoticeEnd, reason: str | None) -> None:
        ended = rows.end(self._connection, number, state, reason, self._now_s())
        name, _ = self._since.pop(number, ("", 0.0))
        self._due.pop(number, None)
        if ended and name:
            self._ended.setdefault(name, Counter())[state] += 1
        if ended and state == "given_up":
            log(
                Event.NOTIFICATION_FAILED,
                destination=name,
                report_id=self._about(number),
                state=state,
                reason=reason,
            )

    def _about(self, number: int) -> str:
        row = self._connection.execute(
            "SELECT about FROM notifications WHERE number = ?", (number,)
        ).fetchone()
        return "" if row is None else str(row[0])

    def _now_s(self) -> float:
        return self._clock.now().timestamp()

    @contextmanager
    def _changing(self, what: str) -> Iterator[sqlite3.Connection]:
        """A transaction under the lock; what is remembered beside the rows is theirs again if it
        fails. Raises `QueueError`."""
        with self._lock:
            kept = dict(self._since), dict(self._due)
            try:
                with transaction(self._connection):
                    yield self._connection
            except sqlite3.Error as error:
                self._since, self._due = kept
                raise QueueError(f"cannot {what}: {error}") from error
