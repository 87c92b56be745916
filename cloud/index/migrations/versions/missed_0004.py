"""What people reported as missed."""

import sqlalchemy as sa
from alembic import op

from cloud.index.schema import UtcMilliseconds, name_column

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "missed_threats",
        sa.Column("id", name_column(64), primary_key=True),
        sa.Column("gateway", name_column(64), nullable=False),
        sa.Column("camera", name_column(64), nullable=False),
        sa.Column("missed_at", UtcMilliseconds, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("missed_by_time", "missed_threats", ["missed_at"])
    op.create_index("missed_by_camera", "missed_threats", ["gateway", "camera", "missed_at"])


def downgrade() -> None:
    """Removes it; `reindex` fills it anew."""
    op.drop_table("missed_threats")
