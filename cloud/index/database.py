"""Opens the index: SQLite for one machine, PostgreSQL for many.

SHELL. The tables are brought up to date at every opening, in one transaction under a lock, so any
number of processes may start at once. SQLite is used in WAL mode; who writes says so with
`writing`, and waits for its turn instead of failing. Raises `IndexUnusable` with what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from cloud.index.address import AddressError, database_address
from cloud.index.words import index_words
from cloud.migrations import Migrations, bring_up_to_date

POOL = 8
"""Connections of one process to PostgreSQL."""

BUSY_S = 30.0
"""So long a writer waits for others of the same SQLite file."""

MIGRATIONS = Migrations(
    folder="cloud.index:migrations", version_table="alembic_version", lock=0x5711_AC
)

_WRITES = "alarm_index_writes"


class IndexUnusable(Exception):
    """The database cannot be used; the text says which, why, and what to do."""


def open_index(url: str, password_file: Path | None = None) -> Engine:
    """The database that `url` names, its tables up to date."""
    try:
        parsed = database_address(url, password_file)
    except AddressError as error:
        raise IndexUnusable(f"index: {error}") from error
    where = parsed.render_as_string(hide_password=True)
    try:
        engine = _engine(parsed)
        with writing(engine) as connection:
            bring_up_to_date(connection, MIGRATIONS)
            index_words(connection)
            measure(connection)
    except CommandError as error:
        raise IndexUnusable(
            f"index {where} is of a newer program ({error}): use that, or another `index.url` and "
            "`stillwatch-cloud reindex`"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise IndexUnusable(f"index {where} cannot be opened: {cause_of(error)}") from error
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write; committed at the end, rolled back if anything is raised."""
    marked = engine.connect().execution_options(**{_WRITES: True})
    with marked as connection, connection.begin():
        yield connection


def upserting(connection: Connection) -> type[postgresql.Insert] | type[sqlite.Insert]:
    """Both databases have the same clause, each with its own word in SQLAlchemy."""
    return postgresql.Insert if connection.dialect.name == "postgresql" else sqlite.Insert


def measure(connection: Connection) -> None:
    """SQLite chooses among indexes by what it last measured, here in a sample; PostgreSQL does it
    by itself. Without, it may sort a hundred thousand alarms to show fifty."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA analysis_limit = 1000")
        connection.exec_driver_sql("ANALYZE")


def _engine(url: URL) -> Engine:
    """PostgreSQL plans each statement for its values, never one plan for all: which index serves
    depends on them."""
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url,
            pool_size=POOL,
            max_overflow=POOL,
            pool_pre_ping=True,
            connect_args={"prepare_threshold": None},
        )
    if url.database and url.database != ":memory:":
        Path(url.database).absolute().parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_S, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:
    """`connection` is the driver's. The driver begins no transaction by itself: `_begin_sqlite`
    does."""
    del record
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "cache_size = -65536"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    """Who writes takes the lock at once: an upgrade in the middle fails where another wrote."""
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def cause_of(error: Exception) -> str:
    """In the driver's words, on one line, without the statement and its values."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())[:400]
