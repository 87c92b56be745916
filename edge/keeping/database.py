"""The file in which static things outlive a restart.

SHELL. SQLite in WAL mode beside the outbox. The daemon and the command line may have it open at
once. What is lost with it is learnt again, so a transaction need not survive a power cut, and a
file that is damaged or of another version is set aside and a new one begun.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.keeping.rows import TABLES

FILE = "static.db"
VERSION = 1
_BUSY_S = 5.0


class Unusable(Exception):
    """The file is damaged or of another version; the text says which."""


def open_database(file: Path) -> tuple[sqlite3.Connection, Path | None]:
    """The connection, in autocommit, and where an unusable predecessor was put.

    Raises `sqlite3.Error` or `OSError` if no file can be had at all.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        return connect(file), None
    except Unusable:
        aside = _set_aside(file)
        return connect(file), aside


def connect(file: Path) -> sqlite3.Connection:
    """Open the file, with its tables; raises `Unusable` besides `sqlite3.Error`."""
    connection = sqlite3.connect(
        file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
    )
    try:
        _prepare(connection, file)
    except sqlite3.DatabaseError as error:
        connection.close()
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise Unusable(f"{file} is damaged: {error}") from error
        raise
    except BaseException:
        connection.close()
        raise
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


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    findings = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if findings != "ok":
        raise Unusable(f"{file} is damaged: {findings}")
    with transaction(connection):
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION:
            raise Unusable(f"{file} has version {version}, this program knows {VERSION}")


def _set_aside(file: Path) -> Path:
    names = (file.with_name(f"{file.name}.corrupt-{n}") for n in range(1, 1000))
    aside = next(name for name in names if not name.exists())
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{file}{suffix}").rename(f"{aside}{suffix}")
    return aside
