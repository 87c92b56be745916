"""What the gateway's SQLite files have in common: transactions, the first look, setting aside.

SHELL. How durable a file must be, who may share it and what its errors mean its owner says. Called
by `deliver.outbox_schema` and `static_objects.database`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from edge.storage.files import aside
from edge.storage.salvage import readable
from service.durable import sync_folder

_PARTS = ("", "-wal", "-shm")
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class _Connection(sqlite3.Connection):
    """Says of damage what SQLite means. Where the damaged bytes are quoted in SQLite's words and
    are no text, Python fails on the words, with an error that is none of SQLite's."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError as error:
            damaged = sqlite3.DatabaseError(f"malformed, and so is what SQLite says of it: {error}")
            damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damaged from error


BUSY_S = 5.0
"""Whoever shares a file holds a lock for one transaction; longer is another daemon."""


def open_file(file: Path) -> sqlite3.Connection:
    """A connection in autocommit, for any thread; it waits `BUSY_S` for another's lock."""
    connection = sqlite3.connect(
        file,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
        factory=_Connection,
    )
    connection.text_factory = readable
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block's changes or none, with nobody else writing meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk may have ended it already
            connection.execute("ROLLBACK")
        raise


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the tables; 0 in a new file."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def lay_out(connection: sqlite3.Connection, tables: str, version: int) -> None:
    """Make the tables, statements that end with a semicolon; within a transaction."""
    for statement in tables.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {version}")


def damage(connection: sqlite3.Connection) -> str | None:
    """What is wrong with the file, if SQLite finds anything; indices and constraints included."""
    finding: str = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    return None if finding == "ok" else finding


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code, without what extends it."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def tells_damage(error: sqlite3.Error) -> bool:
    """Whether the error says that the file is no sound database."""
    return primary_code(error) in _DAMAGED


MOST_ASIDE = 3
"""Damaged files are kept for a look, the newest; a card that damages one a day is not filled."""


def set_aside(file: Path) -> Path:
    """Where the file is from now on, with what belongs to it; durable on return."""
    endings = (path.name.rpartition("-")[2] for path in file.parent.glob(f"{file.name}.corrupt-*"))
    kept = sorted(int(ending) for ending in endings if ending.isdecimal())
    for number in kept[: max(0, len(kept) - MOST_ASIDE + 1)]:
        for suffix in _PARTS:
            with suppress(OSError):
                Path(f"{aside(file, number)}{suffix}").unlink(missing_ok=True)
    name = aside(file, kept[-1] + 1 if kept else 1)
    for suffix in _PARTS:
        with suppress(FileNotFoundError):
            Path(f"{file}{suffix}").rename(f"{name}{suffix}")
    sync_folder(file.parent)
    return name
