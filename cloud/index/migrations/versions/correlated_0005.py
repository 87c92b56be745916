"""What is still current, in indexes of its own, and measurements of what goes together.

Of a million alarms a few are neither refuted nor closed, and PostgreSQL, which takes columns for
independent of each other, expected a quarter of them: it looked through all. The wall asks for
exactly those few, so they have their own indexes; so has what is not closed, and what somebody has
in hand. The statistics tell PostgreSQL which states, work and holders come together.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_UNFINISHED = "work <> 'closed'"
_CURRENT = f"state <> 'refuted' AND {_UNFINISHED}"
_HELD = f"claimed_by IS NOT NULL AND {_UNFINISHED}"
_BY_TIME = ["raised_at", "report_id"]
_BY_SEVERITY = ["severity", *_BY_TIME]
_INDEXES = {
    "alarms_current_by_severity": (_BY_SEVERITY, _CURRENT),
    "alarms_current_by_time": (_BY_TIME, _CURRENT),
    "alarms_unfinished_by_severity": (_BY_SEVERITY, _UNFINISHED),
    "alarms_unfinished_by_time": (_BY_TIME, _UNFINISHED),
    "alarms_in_hand": (["claimed_by", *_BY_SEVERITY], _HELD),
    "alarms_of_camera_by_severity": (["camera", *_BY_SEVERITY], None),
    "alarms_of_camera_by_time": (["camera", *_BY_TIME], None),
    "alarms_of_work_by_time": (["work", *_BY_TIME], None),
}
_STATISTICS = {
    "alarms_kinds": "state, work, severity, outcome, label",
    "alarms_holders": "claimed_by, work, state",
}
_SAMPLED_WORDS = 500
"""Of a word in one alarm of some hundreds PostgreSQL shall know that it is not in none; 100 is its
usual."""


def upgrade() -> None:
    """Makes them, and measures."""
    for name, (columns, part) in _INDEXES.items():
        where = None if part is None else sa.text(part)
        op.create_index(name, "alarms", columns, postgresql_where=where, sqlite_where=where)
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, measured in _STATISTICS.items():
        op.execute(f"CREATE STATISTICS {name} (mcv) ON {measured} FROM alarms")
    op.execute(f"ALTER TABLE alarms ALTER COLUMN words SET STATISTICS {_SAMPLED_WORDS}")
    op.execute("ANALYZE alarms")


def downgrade() -> None:
    """Removes them."""
    for name in _INDEXES:
        op.drop_index(name, "alarms")
    if op.get_bind().dialect.name != "postgresql":
        return
    for name in _STATISTICS:
        op.execute(f"DROP STATISTICS {name}")
    op.execute("ALTER TABLE alarms ALTER COLUMN words SET STATISTICS -1")
