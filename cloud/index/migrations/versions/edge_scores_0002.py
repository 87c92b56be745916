"""The edge's score, by which thresholds are weighed; `reindex` fills it in for older rows."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the column."""
    op.add_column("alarms", sa.Column("edge_score", sa.Float, nullable=False, server_default="0"))


def downgrade() -> None:
    """Removes it."""
    with op.batch_alter_table("alarms") as table:
        table.drop_column("edge_score")
