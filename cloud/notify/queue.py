"""The durable queue of notifications: which destination is still to be told what.

SHELL. SQLite in WAL mode with full synchronisation; any thread may call. A row per alarm,
destination and stage, planned once however often its verdict comes, with an end of its own. A try
is on the disk before it is made and its end after it was acknowledged, so a crash between both
sends once more what the receiver may have, under the same key and number: exactly once where the
receiver knows repetitions, at least once elsewhere. Ages are counted while the process runs, so no
wrong wall clock can end one. Called by `alarm_book`, `destination_worker`
and the commands.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud.notify import gathering_rows
from cloud.notify import queue_rows as rows
from cloud.notify.delivery import NoticeEnd
from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.planning import PlannedNotice
from cloud.notify.queue_file import open_queue
from cloud.notify.queue_rows import QueuedNotice
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
        with self.changing("open the queue") as connection:
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

    def plan(self, planned: tuple[PlannedNotice, ...]) -> None:
        """What is to be told of something that is no alarm."""
        with self.changing("plan notices"):
            self.insert(planned)

    def begin_next(self, destination: str, counted: bool) -> QueuedNotice | None:
        """What is to be sent now; that it is tried is on the disk before it is returned."""
        with self.changing(f"look for the next notice of {destination}") as connection:
            mono = self._clock.mono()
            postponed = [n for n, due in self._due.items() if due > mono]
            found = rows.next_numbers(connection, destination, self.now_s(), len(postponed) + 1)
            for number in found:
                if number not in postponed:
                    queued = rows.begin(connection, number, self.now_s(), counted)
                    if queued is not None:
                        return queued
                    self._end(number, "given_up", "its row cannot be read")
        return None

    def end(
        self, number: int, state: NoticeEnd, reason: str | None = None, *, picture: bool = False
    ) -> None:
        """How it went; with `picture` the same for the picture that it carried along."""
        with self.changing(f"mark {number} {state}") as connection:
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
        with self.changing(f"number a message of {destination}") as connection:
            return rows.next_sequence(connection, destination)

    def tidy(self, keep_days: float) -> None:
        """Gives up what has waited for too long, and forgets what ended long ago."""
        with self.changing("tidy the queue") as connection:
            mono, now_s = self._clock.mono(), self.now_s()
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

    def insert(self, planned: tuple[PlannedNotice, ...]) -> None:
        """New rows, within `changing`; those of a key that there is are passed over."""
        apart: set[tuple[str, str]] = set()
        for row in planned:
            settings = self._destinations.get(row.destination)
            if settings is None or (row.destination, row.notice.about) in apart:
                continue
            number, ended, digest = gathering_rows.insert(
                self._connection, row, settings, self._clock.now()
            )
            if ended is not None:  # neither has its picture anything to follow
                apart.add((row.destination, row.notice.about))
                self._ended[row.destination][ended] += 1
            for new in (digest, 0 if ended else number):
                if new:
                    self._since[new] = row.destination, self._clock.mono()
                    self._bound(row.destination)
        for row in planned:
            if row.destination in self.wake:
                self.wake[row.destination].set()

    def supersede(self, about: str, destination: str, reason: str) -> None:
        """Ends what was not tried yet, within `changing`."""
        for number in rows.untried(self._connection, about, destination):
            self._end(number, "superseded", reason)

    def _bound(self, name: str) -> None:
        most = self._destinations[name].max_waiting
        if sum(n == name for n, _ in self._since.values()) > most:
            for number in rows.least(self._connection, name, most):
                self._end(number, "given_up", f"{most} others wait for {name}")

    def _end(self, number: int, state: NoticeEnd, reason: str | None) -> None:
        ended = rows.end(self._connection, number, state, reason, self.now_s())
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

    def now_s(self) -> float:
        """Wall time in seconds since 1970."""
        return self._clock.now().timestamp()

    @contextmanager
    def changing(self, what: str) -> Iterator[sqlite3.Connection]:
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
