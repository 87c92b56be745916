"""What the gateway's SQLite files have in common: transactions, the first look, setting aside.

SHELL. How durable a file must be, who may share it and what its errors mean its owner says. Called
by `deliver.outbox_schema` and `keeping.database`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from edge.durable import sync_folder

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def open_file(file: Path, busy_s: float) -> sqlite3.Connection:
    """A connection in autocommit, for any thread; it waits `busy_s` for another's lock."""
    return sqlite3.connect(file, timeout=busy_s, isolation_level=None, check_same_thread=False)


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


class Statements:
    """Base of what gives names to the SQL statements over one file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _all(self, query: str, *values: object) -> list[Any]:
        return self._connection.execute(query, values).fetchall()

    def _change(self, statement: str, *values: object) -> int:
        """How many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    def _transaction(self) -> AbstractContextManager[None]:
        return transaction(self._connection)


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
    """What is wrong with the file, if SQLite finds anything."""
    finding: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    return None if finding == "ok" else finding


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code, without what extends it."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def tells_damage(error: sqlite3.Error) -> bool:
    """Whether the error says that the file is no sound database."""
    return primary_code(error) in _DAMAGED


def set_aside(file: Path) -> Path:
    """Where the file is from now on, with what belongs to it; durable on return."""
    names = (file.with_name(f"{file.name}.corrupt-{n}") for n in range(1, 1000))
    aside = next(name for name in names if not name.exists())
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{file}{suffix}").rename(f"{aside}{suffix}")
    sync_folder(file.parent)
    return aside
