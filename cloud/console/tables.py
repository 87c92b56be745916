"""The tables behind accounts: who may come in, who is in, who was invited, and what was done.

SHELL. A database of its own, for these cannot be made again from the object store. The audit log is
append-only: triggers refuse to change or remove what stands there. Changes need a migration beside
this file. Called by the rooms beside it.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from alembic.util.exc import CommandError
from sqlalchemy import (
    URL,
    DateTime,
    Engine,
    ForeignKey,
    LargeBinary,
    String,
    UniqueConstraint,
    create_engine,
    event,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from cloud.console.tokens import KEY_BYTES
from cloud.index.address import AddressError, database_address
from cloud.index.database import cause_of, upserting
from cloud.migrations import Migrations, bring_up_to_date

_PATIENCE_S = 15.0

MIGRATIONS = Migrations(
    folder="cloud.console:migrations", version_table="console_version", lock=0x5711_AD
)


class AccountsError(Exception):
    """The accounts' database cannot be used; the text says why."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in UTC, though SQLite keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, the seam's
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, the seam's
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class AccountTables(DeclarativeBase):
    """All of them."""

    type_annotation_map = {datetime: UtcDateTime, bytes: LargeBinary}  # noqa: RUF012, as SQLAlchemy reads it


class AccountRow(AccountTables):
    """One person. `password` is an argon2 hash, or none where an identity provider vouches."""

    __tablename__ = "console_account"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    sites: Mapped[str] = mapped_column(default="")
    password: Mapped[str | None]
    issuer: Mapped[str | None] = mapped_column(String(256))
    subject: Mapped[str | None] = mapped_column(String(256))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class SessionRow(AccountTables):
    """One sign-in, by the hash of its cookie."""

    __tablename__ = "console_session"

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("console_account.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class InvitationRow(AccountTables):
    """A one-time link, by the hash of its token: whoever follows it sets the account's password."""

    __tablename__ = "console_invitation"

    token: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    sites: Mapped[str] = mapped_column(default="")
    expires_at: Mapped[datetime]


class AuditRow(AccountTables):
    """Who did what, when, from where."""

    __tablename__ = "console_audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    what: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(1000))


class KeyRow(AccountTables):
    """The key that signs forms and links: one, made at the first start, the same for replicas."""

    __tablename__ = "console_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes]


def open_tables(url: str, password_file: Path | None = None) -> Engine:
    """The database with its tables brought up to date. Raises `AccountsError`."""
    try:
        address = database_address(url, password_file)
    except AddressError as error:
        raise AccountsError(f"accounts: {error}") from error
    where = address.render_as_string(hide_password=True)
    try:
        engine = _engine(address)
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":  # waits for its turn; its driver begins too late
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            bring_up_to_date(connection, MIGRATIONS)
    except CommandError as error:
        raise AccountsError(
            f"accounts {where} are of a newer program ({error}): use that, or the copy of the "
            "database from before it"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise AccountsError(f"accounts {where} cannot be opened: {cause_of(error)}") from error
    return engine


def console_key(engine: Engine) -> bytes:
    """The one that is kept, made if there is none yet; of two that make one the first stays."""
    proposed = {"id": 1, "key": secrets.token_bytes(KEY_BYTES)}
    with engine.begin() as connection:
        insert = upserting(connection)(KeyRow).values(proposed)
        connection.execute(insert.on_conflict_do_nothing())
        return connection.scalars(select(KeyRow.key).where(KeyRow.id == 1)).one()


def _engine(parsed: URL) -> Engine:
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": _PATIENCE_S})

    @event.listens_for(engine, "connect")
    def _prepare(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # DBAPI connections have no type
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine
