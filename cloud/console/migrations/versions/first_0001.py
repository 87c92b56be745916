"""Accounts, sessions, invitations, the audit log and the key.

Databases from before there were steps have these tables already, in this shape, so each is made
only where it is missing. Nothing here can be made again from elsewhere: nothing is removed.
"""

import sqlalchemy as sa
from alembic import op

from cloud.console.tables import UtcDateTime

revision = "0001"
down_revision = None

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


def upgrade() -> None:
    """Makes what is missing."""
    _make(
        "console_account",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("sites", sa.String, nullable=False),
        sa.Column("password", sa.String),
        sa.Column("issuer", sa.String(256)),
        sa.Column("subject", sa.String(256)),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("issuer", "subject"),
    )
    _make(
        "console_session",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column(
            "account",
            sa.Integer,
            sa.ForeignKey("console_account.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
    )
    _make(
        "console_invitation",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64)),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("sites", sa.String, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
    )
    _make(
        "console_audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False, index=True),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(1000), nullable=False),
    )
    _make(
        "console_key",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
    )
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def _make(name: str, *columns: sa.schema.SchemaItem) -> None:
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *columns)
