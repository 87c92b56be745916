"""The outbox's rows: in the file on disk, or in memory while the disk does not take or give them.

SHELL. Any failure of the disk (full, read-only, an I/O error, a damaged page) moves the rows into
memory: what can be read is copied, the transaction under way is done again there, and its caller
notices nothing. `return_to_disk` brings them back: into the same file, or, if that is damaged, into
a new one beside which the old one is kept. A mark on disk tells the next start of damage that was
found in use. Called by the outbox under its lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from edge.deliver.outbox_schema import lay_out_all, open_sound, translated
from edge.errors import OutboxCorrupt, OutboxError, OutboxInUse
from edge.storage.salvage import Copied, clear, copy, salvage
from edge.storage.set_aside import set_aside
from service.sqlite import primary_code, tells_damage, transaction

_OF_THE_DISK = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)

Statement = tuple[str, tuple[object, ...]]


class Database:
    """One file and its stand-in.

    `trouble` says why the rows are in memory, None if they are not; `damage` what is wrong with the
    file, until it is replaced; `set_aside` is the last that was.
    """

    def __init__(self, file: Path) -> None:
        """Raises `OutboxInUse`; everything else that is wrong becomes `trouble`."""
        self.trouble: str | None = None
        self.set_aside: Path | None = None
        self.damage: str | None = None
        self._file = file
        self._mark = file.with_name(f"{file.name}.damaged")
        self._done: list[Statement] = []
        self._within = False
        self._unread = False
        self._disk: sqlite3.Connection | None = None
        try:
            self._current = self._disk = self._open()
        except OutboxInUse:
            raise
        except OutboxError as error:
            self._current = in_memory()
            self.trouble = str(error)
            self._unread = not salvage(file, self._current).whole
            if isinstance(error, OutboxCorrupt):
                self._unread, self.damage = False, str(error)
                self.return_to_disk()

    def close(self) -> None:
        self._current.close()
        if self._disk is not None:
            self._disk.close()

    def all(self, query: str, values: tuple[object, ...]) -> list[tuple[object, ...]]:
        """The rows that the query gives."""
        return self._run((query, values))[0]

    def change(self, statement: str, values: tuple[object, ...]) -> int:
        """How many rows it changed."""
        return self._run((statement, values))[1]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block's changes or none; durable on return, as far as the disk takes them."""
        self._done.clear()
        self._within = True
        try:
            self._run(("BEGIN IMMEDIATE", ()))
            yield
            self._run(("COMMIT", ()))
        except BaseException:
            with suppress(sqlite3.Error):
                self._current.execute("ROLLBACK")
            raise
        finally:
            self._within = False
            self._done.clear()

    def return_to_disk(self) -> bool:
        """Whether the rows are on disk, now or since before. Call it now and then, and read anew
        what is there if it was False before: the disk may have had more."""
        if self.trouble is None:
            return True
        try:
            with translated(f"cannot write {self._file}"):
                self._write_back()
        except OutboxError as error:
            self.trouble = str(error)
            return False
        self.trouble = None
        return True

    def _open(self) -> sqlite3.Connection:
        with translated(f"cannot open the outbox {self._file}"):
            if self._mark.exists():
                raise OutboxCorrupt(f"{self._file} was found damaged while it was in use")
            return open_sound(self._file)

    def _write_back(self) -> None:
        if self.damage is not None and self._disk is None:
            self.set_aside = set_aside(self._file)
            self._mark.unlink(missing_ok=True)
            self._disk = self._open()
        elif self._disk is None:
            self._disk = self._open()
            if self._unread:
                self._current = self._merged(self._disk)
                self._unread = False
        try:
            with transaction(self._disk):
                clear(self._disk)
                copy(self._current, self._disk)
        except sqlite3.Error as error:
            if tells_damage(error):
                self._distrust(error)
            raise
        self._current.close()
        self._current, self.damage = self._disk, None

    def _merged(self, disk: sqlite3.Connection) -> sqlite3.Connection:
        """What the disk had before it failed us, with what came since behind it."""
        merged = in_memory()
        copy(disk, merged)
        at = merged.execute("SELECT COALESCE(MAX(seq), 0) FROM entries").fetchone()[0]
        self._current.execute(
            "UPDATE entries SET seq = -seq"
        )  # no number is taken twice on the way
        self._current.execute("UPDATE entries SET seq = ? - seq", (at,))
        copy(self._current, merged)
        self._current.close()
        return merged

    def _run(self, statement: Statement) -> tuple[list[tuple[object, ...]], int]:
        try:
            found = _execute(self._current, statement)
        except sqlite3.Error as error:
            disk = self._disk
            if disk is not self._current or not (_is_the_disks(error) or tells_damage(error)):
                raise
            self._give_way(disk, error)
            found = _execute(self._current, statement)
        if self._within:
            self._done.append(statement)
        return found

    def _give_way(self, disk: sqlite3.Connection, error: sqlite3.Error) -> None:
        """To memory, with what can be read and what this transaction had done so far."""
        self.trouble = f"{error} ({self._file})"
        with suppress(sqlite3.Error):
            disk.execute("ROLLBACK")
        memory = in_memory()
        found = Copied()
        with suppress(sqlite3.Error):
            found = copy(disk, memory)
        self._current = memory
        for statement in self._done:
            _execute(memory, statement)
        if tells_damage(error) or not found.whole:
            self._distrust(error)

    def _distrust(self, error: sqlite3.Error) -> None:
        """A damaged file is not written to again; the next start shall know as well."""
        self.damage = str(error)
        with suppress(OSError):
            self._mark.touch()
        if self._disk is not None:
            with suppress(sqlite3.Error):
                self._disk.close()
        self._disk = None


class SqlStatements:
    """Base of what gives names to the SQL statements over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _all(self, query: str, *values: object) -> list[Any]:
        return self._database.all(query, values)

    def _change(self, statement: str, *values: object) -> int:
        """How many rows it changed."""
        return self._database.change(statement, values)

    def _transaction(self) -> AbstractContextManager[None]:
        return self._database.transaction()


def in_memory() -> sqlite3.Connection:
    """An outbox's tables that lie on no disk."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    with transaction(connection):
        lay_out_all(connection)
    return connection


def _execute(
    connection: sqlite3.Connection, statement: Statement
) -> tuple[list[tuple[object, ...]], int]:
    cursor = connection.execute(*statement)
    return cursor.fetchall(), cursor.rowcount


def _is_the_disks(error: sqlite3.Error) -> bool:
    return primary_code(error) in _OF_THE_DISK
