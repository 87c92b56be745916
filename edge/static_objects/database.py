"""The file in which static objects outlive a restart.

SHELL. SQLite in WAL mode beside the outbox. The daemon and the command line may have it open at
once. What is lost with it is learnt again, so a transaction need not survive a power cut, and a
file that is damaged or of another version is set aside and a new one begun.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from edge.static_objects.rows import REPORTS_OF_REFUTED, TABLES
from edge.storage.files import clear_way
from edge.storage.set_aside import set_aside
from edge.storage.state_files import StateFile
from service.sqlite import damage, lay_out, open_file, tells_damage, transaction, version_of

FILE = StateFile.STATIC_OBJECTS
VERSION = 2


class Unusable(Exception):
    """The file is damaged or of another version; the text says which."""


def open_database(file: Path) -> tuple[sqlite3.Connection, Path | None]:
    """The connection, in autocommit, and where an unusable predecessor was put.

    Raises `sqlite3.Error` or `OSError` if no file can be had at all.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        clear_way(Path(f"{file}{suffix}"))
    try:
        if _mark(file).exists():
            raise Unusable(f"{file} was found damaged while it was in use")
        return connect(file), None
    except Unusable:
        aside = set_aside(file)
        _mark(file).unlink(missing_ok=True)
        return connect(file), aside


def distrust(file: Path) -> None:
    """The file was found damaged: whoever opens it next sets it aside."""
    with suppress(OSError):
        _mark(file).touch()


def _mark(file: Path) -> Path:
    return file.with_name(f"{file.name}.damaged")


def connect(file: Path) -> sqlite3.Connection:
    """Open the file, with its tables; raises `Unusable` besides `sqlite3.Error`."""
    connection = open_file(file)
    try:
        _prepare(connection, file)
    except sqlite3.DatabaseError as error:
        connection.close()
        if tells_damage(error):
            raise Unusable(f"{file} is damaged: {error}") from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    found = damage(connection)
    if found is not None:
        raise Unusable(f"{file} is damaged: {found}")
    with transaction(connection):
        version = version_of(connection)
        if version == 0:
            lay_out(connection, TABLES, VERSION)
        elif version == 1:
            lay_out(connection, REPORTS_OF_REFUTED, VERSION)
        elif version != VERSION:
            raise Unusable(f"{file} has version {version}, this program knows {VERSION}")
