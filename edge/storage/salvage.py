"""Copies between SQLite files: everything of a sound one, what can be read of a damaged one.

SHELL. Row by row, so that one page that is gone takes only its own rows along; from both ends of a
table, then by number between, because a damaged page ends a walk. A table that the target does not
have, and a column that only one side has, is left out: so also a newer program's file is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from service.sqlite import readable

MOST_PROBED = 20_000
"""Numbers that are asked for one by one between the last rows that walks from both ends found."""

_NAMES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"

_WAYS_IN = ("?mode=rw", "?mode=ro", "?mode=ro&nolock=1", "?immutable=1")
"""From the usual one to those for a disk that takes nothing: without locks, without its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """Rows that are in the target now, and whether the source could be walked from end to end."""

    rows: int = 0
    whole: bool = False


def salvage(file: Path, target: sqlite3.Connection) -> Copied:
    """What of the database in `file` the tables of `target` can take, in one transaction each."""
    best = Copied()
    for way in _WAYS_IN:
        try:
            source = sqlite3.connect(
                f"{file.absolute().as_uri()}{way}", uri=True, isolation_level=None, timeout=1.0
            )
        except sqlite3.Error:
            continue
        try:
            _prepare(source)
            found = copy(source, target)
            best = Copied(rows=best.rows + found.rows, whole=best.whole or found.whole)
        except sqlite3.Error:
            continue
        finally:
            with suppress(sqlite3.Error):
                source.close()
        if best.whole or best.rows:
            break
    return best


def copy(source: sqlite3.Connection, target: sqlite3.Connection) -> Copied:
    """Rows of `source` that `target` lacks; what its constraints refuse stays out.

    Raises `sqlite3.Error` if the target does not take them, or the source has no table at all.
    """
    rows, whole = 0, True
    known = {name for (name,) in source.execute(_NAMES)}
    for (table,) in target.execute(_NAMES).fetchall():
        if table in known:
            columns = _columns(source, target, table)
            walk = _Walk(source, table, columns)
            rows += sum(_insert(target, table, columns, row) for row in walk)
            whole &= not walk.broken
    return Copied(rows=rows, whole=whole)


def clear(target: sqlite3.Connection) -> None:
    """Removes every row; within a transaction of the caller."""
    for (table,) in target.execute(_NAMES).fetchall()[::-1]:
        target.execute(f"DELETE FROM {table}")  # noqa: S608, a name out of the schema


def _prepare(source: sqlite3.Connection) -> None:
    """What makes a damaged file readable; each may itself fail on it."""
    source.text_factory = readable
    for pragma in ("locking_mode = EXCLUSIVE", "writable_schema = ON", "query_only = ON"):
        with suppress(sqlite3.Error):
            source.execute(f"PRAGMA {pragma}")


def _columns(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> list[str]:
    """Those that both have."""
    here = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
    there = target.execute(f"PRAGMA table_info({table})").fetchall()
    return [row[1] for row in there if row[1] in here]


def _insert(
    target: sqlite3.Connection, table: str, columns: list[str], row: tuple[object, ...]
) -> int:
    """1 if it was taken, 0 if it was there or a constraint refuses it."""
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    try:
        return max(0, target.execute(statement, row).rowcount)
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError):
        return 0


class _Walk:
    """The rows of a table; `broken` if some of it could not be reached."""

    def __init__(self, source: sqlite3.Connection, table: str, columns: list[str]) -> None:
        self.broken = False
        self._source, self._table = source, table
        self._select = f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608
        self._numbered = True
        try:
            source.execute(f"SELECT rowid FROM {table} LIMIT 0")  # noqa: S608
        except sqlite3.Error:
            self._numbered = False

    def __iter__(self) -> Iterator[tuple[object, ...]]:
        order = "rowid" if self._numbered else "1"
        reached: list[int] = []
        for direction in ("ASC", "DESC"):
            last = yield from self._from_one_end(f"{order} {direction}")
            if last is None:
                return
            reached.append(last)
        if self._numbered:
            yield from self._between(*reached)

    def _from_one_end(self, order: str) -> Generator[tuple[object, ...], None, int | None]:
        """Returns None at the table's other end, else the number of the last row before a break."""
        number = 0
        chosen = self._select.replace("SELECT ", "SELECT rowid, ", 1)
        query = chosen if self._numbered else self._select.replace("SELECT ", "SELECT 0, ", 1)
        try:
            for row in self._source.execute(f"{query} ORDER BY {order}"):
                number = int(row[0])
                yield tuple(row[1:])
        except (sqlite3.Error, ValueError):
            self.broken = True
            return number
        return None

    def _between(self, first: int, last: int) -> Iterator[tuple[object, ...]]:
        end = last if last > 0 else first + MOST_PROBED
        for number in range(first + 1, min(end, first + MOST_PROBED)):
            with suppress(sqlite3.Error):
                yield from self._source.execute(f"{self._select} WHERE rowid = ?", (number,))
