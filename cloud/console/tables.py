"""The tables behind accounts: who may come in, who is in, who was invited, and what was done.

SHELL. A database of its own, for these cannot be made again from the object store. The audit log is
append-only: triggers refuse to change or remove what stands there. Called by the rooms beside it.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

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
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator

from cloud.console.tokens import KEY_BYTES
from cloud.index.address import AddressError, database_address

_PATIENCE_S = 15.0


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


_APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER IF NOT EXISTS console_audit_no_{verb.lower()} BEFORE {verb} ON "
        "console_audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION console_audit_kept() RETURNS trigger AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$ LANGUAGE plpgsql",
        "CREATE OR REPLACE TRIGGER console_audit_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON "
        "console_audit FOR EACH STATEMENT EXECUTE FUNCTION console_audit_kept()",
    ],
}


def open_tables(url: str, password_file: Path | None = None) -> Engine:
    """The database with its tables, made where they are missing. Raises `AccountsError`."""
    try:
        address = database_address(url, password_file)
    except AddressError as error:
        raise AccountsError(f"accounts: {error}") from error
    try:
        engine = _engine(address)
        with engine.begin() as connection:
            AccountTables.metadata.create_all(connection)
            for statement in _APPEND_ONLY.get(engine.dialect.name, []):
                connection.execute(text(statement))
        return engine
    except (SQLAlchemyError, OSError) as error:
        raise AccountsError(
            f"accounts {address.render_as_string(hide_password=True)}: {error}"
        ) from error


def console_key(engine: Engine) -> bytes:
    """The one that is kept, made if there is none yet."""
    with Session(engine) as session, session.begin():
        found = session.get(KeyRow, 1)
        if found is None:
            found = KeyRow(id=1, key=secrets.token_bytes(KEY_BYTES))
            session.add(found)
        return found.key


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
