"""What our SQLite files have in common: transactions and the first look.

SHELL. How durable a file must be, who may share it and what its errors mean its owner says. Called
by the gateway's outbox and memory of static objects, and by the cloud's queue of notifications.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class _ExactConnection(sqlite3.Connection):
    """Says of damage what SQLite means. Where the damaged bytes are quoted in SQLite's words and
    are no text, Python fails on the words, with an error that is none of SQLite's."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError as error:
            damaged = sqlite3.DatabaseError(f"malformed, and so is what SQLite says of it: {error}")
            damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise damaged from error


def readable(text: bytes) -> str:
    """A text of which a bit flipped is no reason to stop reading."""
    return text.decode(errors="replace")


BUSY_S = 5.0
"""Whoever shares a file holds a lock for one transaction; longer is another daemon."""


def open_file(file: Path) -> sqlite3.Connection:
    """A connection in autocommit, for any thread; it waits `BUSY_S` for another's lock."""
    connection = sqlite3.connect(
        file,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
        factory=_ExactConnection,
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
