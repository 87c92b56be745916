"""The outbox's database: its tables, how it is opened, and what its errors mean to us.

SHELL. SQLite in WAL mode with `synchronous=FULL`: a transaction that returned survives a power cut.
Opened exclusively, so two daemons cannot share an outbox. Each version of the tables is a step from
the one before; a new file takes them all, an older one those that it lacks, in one transaction, so
a file is never between two versions. What to do about a file that is no use, `outbox_database`
knows.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import OutboxCorrupt, OutboxError, OutboxFull, OutboxInUse
from edge.storage.files import clear_way
from service.durable import sync_folder
from service.sqlite import (
    damage,
    lay_out,
    open_file,
    primary_code,
    tells_damage,
    transaction,
    version_of,
)

_ENTRIES = """
CREATE TABLE entries (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    report_id  TEXT NOT NULL UNIQUE,
    camera     TEXT NOT NULL,
    severity   INTEGER NOT NULL,
    state      TEXT NOT NULL DEFAULT 'pending'
               CHECK (state IN ('pending', 'stored', 'reported', 'done', 'buried')),
    decision   TEXT,
    told       INTEGER NOT NULL DEFAULT 0,
    attempts   INTEGER NOT NULL DEFAULT 0,
    again_s    REAL NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    report     TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    verdict    TEXT,
    reason     TEXT
);
CREATE INDEX entries_in_line ON entries (severity DESC, seq) WHERE state != 'done';
CREATE INDEX entries_by_size ON entries (severity, state, size_bytes);
CREATE TABLE pictures (
    report_id  TEXT NOT NULL REFERENCES entries (report_id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    key        TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    PRIMARY KEY (report_id, position)
) WITHOUT ROWID;
CREATE INDEX pictures_by_hash ON pictures (sha256, bytes);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""

_DESTINATIONS = """
ALTER TABLE entries ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN sends INTEGER NOT NULL DEFAULT 0;
CREATE TABLE notifications (
    report_id   TEXT NOT NULL REFERENCES entries (report_id) ON DELETE CASCADE,
    revision    INTEGER NOT NULL,
    destination TEXT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'waiting'
                CHECK (state IN ('waiting', 'delivered', 'refused', 'given_up', 'superseded')),
    reason      TEXT,
    PRIMARY KEY (report_id, revision, destination)
) WITHOUT ROWID;
CREATE INDEX notifications_waiting ON notifications (destination, report_id)
    WHERE state = 'waiting';
CREATE TABLE cameras (camera TEXT PRIMARY KEY, threat_until TEXT) WITHOUT ROWID;
UPDATE entries SET revision = 1 WHERE verdict IS NOT NULL;
INSERT INTO notifications (report_id, revision, destination)
    SELECT report_id, 1, 'site' FROM entries WHERE verdict IS NOT NULL AND told = 0
    UNION ALL
    SELECT report_id, 1, 'cloud' FROM entries WHERE decision = 'unconfirmed' AND told = 0;
UPDATE entries SET state = 'done' WHERE decision != 'unconfirmed';
DELETE FROM pictures WHERE report_id IN (SELECT report_id FROM entries WHERE state = 'done');
ALTER TABLE entries DROP COLUMN told;
"""
"""Until then one column `told` stood for all destinations together."""

_MOMENTS = """
ALTER TABLE entries ADD COLUMN mono_s REAL NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN boot TEXT NOT NULL DEFAULT '';
ALTER TABLE entries ADD COLUMN synchronised INTEGER NOT NULL DEFAULT 0;
"""
"""Until then only a wall clock told when an entry was put, right or wrong."""

_CHAIN = """
CREATE TABLE chain (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    chain    TEXT NOT NULL,
    number   INTEGER NOT NULL,
    last     TEXT NOT NULL,
    given_up TEXT NOT NULL
);
"""
"""Until then reports did not hang together."""

_STEPS = (_ENTRIES, _DESTINATIONS, _MOMENTS, _CHAIN)
VERSION = len(_STEPS)

_PRAGMAS = (
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
)


def open_sound(file: Path) -> sqlite3.Connection:
    """The connection, in autocommit, to a file that is whole and of this version.

    Raises `OutboxInUse`; `OutboxCorrupt` for a file that must be replaced, a newer program's
    included; `OutboxError` if the disk does not let us have any.
    """
    with translated(f"cannot open the outbox {file}"):
        for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
            clear_way(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = open_file(file)
        try:
            _prepare(connection, file)
            sync_folder(file.parent)
        except BaseException:
            connection.close()
            raise
    return connection


def lay_out_all(connection: sqlite3.Connection, version: int = 0) -> None:
    """Every table as of now, from those of `version`; within a transaction."""
    for number, step in enumerate(_STEPS[version:], version + 1):
        lay_out(connection, step, number)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turns errors of database and file system into the outbox's own."""
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(error)(f"{what}: {error}") from error
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        raise (OutboxFull if full else OutboxError)(f"{what}: {error}") from error


def _meaning(error: sqlite3.Error) -> type[OutboxError]:
    if tells_damage(error):
        return OutboxCorrupt
    match primary_code(error):
        case sqlite3.SQLITE_FULL:
            return OutboxFull
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return OutboxInUse
        case _:
            return OutboxError


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    version = version_of(connection)
    if not 0 <= version <= VERSION:
        raise OutboxCorrupt(f"{file} has version {version}, this program knows {VERSION}")
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    found = damage(connection)
    if found is not None:
        raise OutboxCorrupt(f"{file} is damaged: {found}")
    with transaction(connection):  # takes the lock that keeps others out
        try:
            lay_out_all(connection, version)
        except sqlite3.OperationalError as error:  # tables that are not those of its version
            if primary_code(error) != sqlite3.SQLITE_ERROR:
                raise
            raise OutboxCorrupt(
                f"{file} has not the tables of version {version}: {error}"
            ) from error
