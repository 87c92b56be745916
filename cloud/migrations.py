"""Brings the tables of a database up to date by the steps beside them.

SHELL. One transaction of whoever calls: all steps or none, under a lock, so any number of processes
may start at once. Called by whoever opens a database; the `env.py` of each folder of steps calls
`run_steps`.
"""

from __future__ import annotations

from dataclasses import dataclass

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrations:
    """Where steps are (`package:folder`), the table that says which were done, and which of
    PostgreSQL's advisory locks is theirs."""

    folder: str
    version_table: str
    lock: int


def bring_up_to_date(connection: Connection, migrations: Migrations) -> None:
    """Raises `CommandError` for tables of a newer program. In SQLite `connection` must be one that
    writes already, which is its lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migrations.lock})
    command.upgrade(configured(connection, migrations), "head")


def configured(connection: Connection, migrations: Migrations) -> Config:
    """What Alembic's commands are given."""
    config = Config()
    config.set_main_option("script_location", migrations.folder)
    config.attributes["connection"] = connection
    config.attributes["version_table"] = migrations.version_table
    return config


def run_steps() -> None:
    """Within an Alembic command."""
    context.configure(
        connection=context.config.attributes["connection"],
        version_table=context.config.attributes["version_table"],
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()
