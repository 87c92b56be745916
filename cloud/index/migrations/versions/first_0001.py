"""Alarms and their records."""

import sqlalchemy as sa
from alembic import op

from cloud.index.schema import UtcMilliseconds, name_column

revision = "0001"
down_revision = None

_INDEXES = {
    "alarms_by_severity": ["severity", "raised_at", "report_id"],
    "alarms_by_time": ["raised_at", "report_id"],
    "alarms_by_camera": ["gateway", "camera", "raised_at", "report_id"],
    "alarms_by_label": ["label", "raised_at", "report_id"],
    "alarms_by_state": ["state", "raised_at", "report_id"],
    "alarms_by_work": ["work", "severity", "raised_at", "report_id"],
    "alarms_by_change": ["written_at"],
}


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "alarms",
        sa.Column("report_id", name_column(200), primary_key=True),
        sa.Column("gateway", name_column(64), nullable=False),
        sa.Column("camera", name_column(64), nullable=False),
        sa.Column("label", name_column(512), nullable=False),
        sa.Column("severity", sa.SmallInteger, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("raised_at", UtcMilliseconds, nullable=False),
        sa.Column("received_at", UtcMilliseconds),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_at", UtcMilliseconds),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("votes", sa.JSON, nullable=False),
        sa.Column("on_test", sa.Boolean, nullable=False),
        sa.Column("audit", sa.Boolean, nullable=False),
        sa.Column("picture_key", sa.Text),
        sa.Column("work", sa.String(16), nullable=False),
        sa.Column("claimed_by", sa.Text),
        sa.Column("outcome", sa.String(16)),
        sa.Column("parked_until", UtcMilliseconds),
        sa.Column("escalated_to", sa.Text),
        sa.Column("actions", sa.SmallInteger, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("written_at", UtcMilliseconds, nullable=False),
    )
    op.create_table(
        "alarm_records",
        sa.Column("report_id", name_column(200), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("number", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "alarms", columns)


def downgrade() -> None:
    """Removes them; `reindex` fills them anew."""
    op.drop_table("alarm_records")
    op.drop_table("alarms")
