"""Digests and snoozes in the rows of the queue.

SHELL, within a transaction of `queue`, which alone calls it.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from cloud.notify import queue_rows as rows
from cloud.notify.delivery import NoticeEnd
from cloud.notify.destination_settings import DestinationSettings, PeopleSettings
from cloud.notify.gathering import a_digest, gathered_until, with_one_more
from cloud.notify.notice import Notice
from cloud.notify.planning import PlannedNotice


def insert(
    connection: sqlite3.Connection, row: PlannedNotice, settings: DestinationSettings, now: datetime
) -> tuple[int, NoticeEnd | None, int]:
    """Number of the new row (0: there was one), how it ended at once if it did, and the number of
    a digest that was begun with it."""
    now_s = now.timestamp()
    number = rows.insert(connection, row, now_s, 0.0)  # whatever the wall clock will say
    if number == 0:
        return 0, None, 0
    if row.notice.stage == "first" and is_snoozed(connection, row, now_s):
        rows.end(connection, number, "snoozed", None, now_s)
        return number, "snoozed", 0
    until = gathered_until(
        row.notice, settings, row.gather_s, now, _recent(connection, row, settings, now_s, number)
    )
    if until is None:
        return number, None, 0
    rows.end(connection, number, "gathered", None, now_s)
    return number, "gathered", _gather(connection, row, number, until.timestamp(), now_s)


def is_snoozed(connection: sqlite3.Connection, row: PlannedNotice, now_s: float) -> bool:
    """Whether somebody asked not to be told."""
    notice = row.notice
    found = connection.execute(
        "SELECT 1 FROM snoozes WHERE destination = ? AND gateway IN ('', ?) AND camera IN ('', ?)"
        " AND until > ?",
        (row.destination, notice.gateway, notice.camera or "", now_s),
    ).fetchone()
    return found is not None


def _recent(
    connection: sqlite3.Connection,
    row: PlannedNotice,
    settings: DestinationSettings,
    now_s: float,
    number: int,
) -> int:
    """First words that were told one by one within the span of a storm, before this one."""
    if not isinstance(settings, PeopleSettings):
        return 0
    (count,) = connection.execute(
        "SELECT count(*) FROM notifications WHERE destination = ? AND stage = 'first'"
        " AND number != ? AND planned_at > ? AND state NOT IN ('gathered', 'snoozed')",
        (row.destination, number, now_s - settings.storm.within_s),
    ).fetchone()
    return int(count)


def _gather(
    connection: sqlite3.Connection, row: PlannedNotice, number: int, until_s: float, now_s: float
) -> int:
    """Adds a line to the digest that waits, or begins one: its number, 0 if there was one."""
    found = connection.execute(
        "SELECT number, body FROM notifications WHERE destination = ? AND stage = 'digest'"
        " AND state = 'waiting' AND tries = 0 LIMIT 1",
        (row.destination,),
    ).fetchone()
    if found is None:
        digest = a_digest(f"digest:{row.destination}:{number}", row.notice)
        planned = PlannedNotice(destination=row.destination, notice=digest)
        return rows.insert(connection, planned, now_s, until_s)
    digest = with_one_more(Notice.model_validate_json(found[1]), row.notice)
    connection.execute(
        "UPDATE notifications SET body = ?, severity = ?, not_before = min(not_before, ?)"
        " WHERE number = ?",
        (digest.model_dump_json(), digest.severity, until_s, found[0]),
    )
    return 0
