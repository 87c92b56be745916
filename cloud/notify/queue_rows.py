"""The rows of the queue of notifications, in SQL.

SHELL, within a transaction of `queue`, which alone calls it. Times are wall time in seconds since
1970; `number` is the order in which rows were planned.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from pydantic import ValidationError

from cloud.notify.delivery import NoticeEnd
from cloud.notify.notice import Notice
from cloud.notify.planning import AlarmHistory, PlannedNotice

TABLES = """
CREATE TABLE reports (id TEXT PRIMARY KEY, at REAL NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX reports_at ON reports (at);
CREATE TABLE alarms (
    id       TEXT PRIMARY KEY,
    gateway  TEXT NOT NULL,
    camera   TEXT NOT NULL,
    event    TEXT NOT NULL,
    decision TEXT NOT NULL,
    revision INTEGER NOT NULL,
    at       REAL NOT NULL,
    body     TEXT NOT NULL,
    open     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX alarms_camera ON alarms (gateway, camera, at);
CREATE INDEX alarms_open ON alarms (event) WHERE open = 1;
CREATE INDEX alarms_at ON alarms (at);
CREATE TABLE notifications (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    about       TEXT NOT NULL,
    destination TEXT NOT NULL,
    stage       TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    severity    INTEGER NOT NULL,
    body        TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'waiting',
    reason      TEXT,
    tries       INTEGER NOT NULL DEFAULT 0,
    sequence    INTEGER,
    not_before  REAL NOT NULL DEFAULT 0,
    planned_at  REAL NOT NULL,
    began_at    REAL,
    ended_at    REAL,
    UNIQUE (about, destination, stage, revision)
);
CREATE INDEX notifications_waiting ON notifications (destination, about, number)
    WHERE state = 'waiting';
CREATE INDEX notifications_planned ON notifications (planned_at);
CREATE TABLE sequences (destination TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE snoozes (
    destination TEXT NOT NULL,
    gateway     TEXT NOT NULL,
    camera      TEXT NOT NULL,
    until       REAL NOT NULL,
    PRIMARY KEY (destination, gateway, camera)
) WITHOUT ROWID;
CREATE TABLE faults (
    id     TEXT PRIMARY KEY,
    at     REAL NOT NULL,
    body   TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE subscriptions (
    endpoint    TEXT PRIMARY KEY,
    destination TEXT NOT NULL,
    p256dh      TEXT NOT NULL,
    auth        TEXT NOT NULL,
    at          REAL NOT NULL
) WITHOUT ROWID
"""
VERSION = 1
LAST_SEQUENCE = 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedNotice:
    """A row that waits, as it is to be sent."""

    number: int
    destination: str
    notice: Notice
    tries: int
    sequence: int
    planned_at_s: float
    began_at_s: float


def insert(connection: sqlite3.Connection, row: PlannedNotice, now_s: float, after_s: float) -> int:
    """The number of the row, 0 if there is one of its key."""
    notice = row.notice
    cursor = connection.execute(
        "INSERT OR IGNORE INTO notifications"
        " (about, destination, stage, revision, severity, body, not_before, planned_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            notice.about,
            row.destination,
            notice.stage,
            notice.revision,
            notice.severity,
            notice.model_dump_json(),
            after_s,
            now_s,
        ),
    )
    return cursor.lastrowid or 0 if cursor.rowcount else 0


def next_numbers(
    connection: sqlite3.Connection, destination: str, now_s: float, most: int
) -> list[int]:
    """What may be sent next: first words first, then the most severe, then the oldest. Of an alarm
    nothing goes before what was planned before it; only a picture is not waited for."""
    found = connection.execute(
        "SELECT number FROM notifications AS n"
        " WHERE destination = ?1 AND state = 'waiting' AND not_before <= ?2 AND NOT EXISTS ("
        "  SELECT 1 FROM notifications AS e WHERE e.destination = ?1 AND e.about = n.about"
        "  AND e.state = 'waiting' AND e.number < n.number AND e.stage != 'picture')"
        " ORDER BY stage NOT IN ('first', 'digest'), severity DESC, number LIMIT ?3",
        (destination, now_s, most),
    )
    return [number for (number,) in found]


def begin(
    connection: sqlite3.Connection, number: int, now_s: float, counted: bool
) -> QueuedNotice | None:
    """Notes that it is being sent; None if its row cannot be read. `counted`: it gets the next
    number of its destination at its first try, and keeps it."""
    connection.execute(
        "UPDATE notifications SET tries = tries + 1, began_at = coalesce(began_at, ?)"
        " WHERE number = ?",
        (now_s, number),
    )
    destination, body, tries, sequence, planned_at, began_at = connection.execute(
        "SELECT destination, body, tries, sequence, planned_at, began_at FROM notifications"
        " WHERE number = ?",
        (number,),
    ).fetchone()
    if counted and sequence is None:
        sequence = next_sequence(connection, destination)
        connection.execute(
            "UPDATE notifications SET sequence = ? WHERE number = ?", (sequence, number)
        )
    try:
        notice = Notice.model_validate_json(body)
    except ValidationError:
        return None
    return QueuedNotice(
        number=number,
        destination=destination,
        notice=notice,
        tries=tries,
        sequence=sequence or 1,
        planned_at_s=planned_at,
        began_at_s=began_at,
    )


def next_sequence(connection: sqlite3.Connection, destination: str) -> int:
    """1 to 9999, and round again."""
    row = connection.execute(
        "SELECT last FROM sequences WHERE destination = ?", (destination,)
    ).fetchone()
    following = 1 if row is None or row[0] >= LAST_SEQUENCE else row[0] + 1
    connection.execute(
        "INSERT OR REPLACE INTO sequences (destination, last) VALUES (?, ?)",
        (destination, following),
    )
    return following


def end(
    connection: sqlite3.Connection, number: int, state: NoticeEnd, reason: str | None, now_s: float
) -> bool:
    """Whether it still waited."""
    cursor = connection.execute(
        "UPDATE notifications SET state = ?, reason = ?, ended_at = ?"
        " WHERE number = ? AND state = 'waiting'",
        (state, reason, now_s, number),
    )
    return cursor.rowcount > 0


def picture_of(connection: sqlite3.Connection, number: int) -> int | None:
    """The row of the picture that waits behind a first word."""
    row = connection.execute(
        "SELECT p.number FROM notifications AS p JOIN notifications AS f"
        " ON p.about = f.about AND p.destination = f.destination"
        " WHERE f.number = ? AND p.stage = 'picture' AND p.state = 'waiting'",
        (number,),
    ).fetchone()
    return None if row is None else int(row[0])


def history(connection: sqlite3.Connection, about: str) -> AlarmHistory | None:
    """What is known of an alarm."""
    row = connection.execute(
        "SELECT decision, event, revision FROM alarms WHERE id = ?", (about,)
    ).fetchone()
    if row is None:
        return None
    rows = connection.execute(
        "SELECT destination, stage, state, tries FROM notifications"
        " WHERE about = ? AND state IN ('waiting', 'delivered')",
        (about,),
    ).fetchall()
    first = [one for one in rows if one[1] == "first"]
    return AlarmHistory(
        decision=row[0],
        event=row[1],
        revision=row[2],
        told=frozenset(one[0] for one in first),
        unsent=frozenset(one[0] for one in first if one[2] == "waiting" and one[3] == 0),
        pictured=frozenset(one[0] for one in rows if one[1] == "picture"),
    )


def untried(connection: sqlite3.Connection, about: str, destination: str) -> list[int]:
    """Rows that have not been sent, nor tried."""
    found = connection.execute(
        "SELECT number FROM notifications WHERE about = ? AND destination = ?"
        " AND state = 'waiting' AND tries = 0",
        (about, destination),
    )
    return [number for (number,) in found]


def least(connection: sqlite3.Connection, destination: str, beyond: int) -> list[int]:
    """The rows over `beyond` that can best be spared: the least severe, then oldest."""
    found = connection.execute(
        "SELECT number FROM notifications WHERE destination = ? AND state = 'waiting'"
        " ORDER BY severity DESC, number DESC LIMIT -1 OFFSET ?",
        (destination, beyond),
    )
    return [number for (number,) in found]
