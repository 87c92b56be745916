"""Search by parts of words, and filters by one value with the most severe first.

Both databases know how to find parts of three letters each. SQLite keeps them in a table of its own
beside `alarms`, which triggers follow; a `VACUUM` by hand may upset it. PostgreSQL needs its
extension `pg_trgm`; where it is not to be had, rare words are found slowly.
"""

from alembic import op
from sqlalchemy.exc import DBAPIError

_INDEXES = {
    "alarms_of_site_by_severity": ["gateway", "severity", "raised_at", "report_id"],
    "alarms_of_site_by_time": ["gateway", "raised_at", "report_id"],
    "alarms_of_label_by_severity": ["label", "severity", "raised_at", "report_id"],
    "alarms_of_state_by_severity": ["state", "severity", "raised_at", "report_id"],
    "alarms_of_work_and_state": ["work", "state", "severity", "raised_at", "report_id"],
    "alarms_of_holder": ["claimed_by", "raised_at", "report_id"],
    "alarms_of_holder_by_severity": ["claimed_by", "severity", "raised_at", "report_id"],
    "alarms_of_outcome_by_severity": ["outcome", "severity", "raised_at", "report_id"],
    "alarms_of_outcome": ["outcome", "raised_at", "report_id"],
}

revision = "0003"
down_revision = "0002"

_REMOVED = (
    "INSERT INTO alarm_words(alarm_words, rowid, words) VALUES ('delete', old.rowid, old.words)"
)
_ADDED = "INSERT INTO alarm_words(rowid, words) VALUES (new.rowid, new.words)"
_SQLITE = (
    "CREATE VIRTUAL TABLE alarm_words USING fts5("
    "words, content='alarms', content_rowid='rowid', tokenize='trigram')",
    f"CREATE TRIGGER alarm_words_added AFTER INSERT ON alarms BEGIN {_ADDED}; END",
    f"CREATE TRIGGER alarm_words_removed AFTER DELETE ON alarms BEGIN {_REMOVED}; END",
    "CREATE TRIGGER alarm_words_changed AFTER UPDATE OF words ON alarms "
    f"WHEN old.words <> new.words BEGIN {_REMOVED}; {_ADDED}; END",
    "INSERT INTO alarm_words(alarm_words) VALUES ('rebuild')",
)
_POSTGRESQL = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE INDEX alarms_by_words ON alarms USING gin (words gin_trgm_ops)",
)


def upgrade() -> None:
    """Makes what the database has for it."""
    for name, columns in _INDEXES.items():
        op.create_index(name, "alarms", columns)
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in _SQLITE:
            op.execute(statement)
        return
    try:
        with connection.begin_nested():
            for statement in _POSTGRESQL:
                connection.exec_driver_sql(statement)
    except DBAPIError:  # not installed, or not ours to install
        return


def downgrade() -> None:
    """Removes it."""
    if op.get_bind().dialect.name == "sqlite":
        for name in ("added", "removed", "changed"):
            op.execute(f"DROP TRIGGER alarm_words_{name}")
        op.execute("DROP TABLE alarm_words")
    else:
        op.execute("DROP INDEX IF EXISTS alarms_by_words")
    for name in _INDEXES:
        op.drop_index(name, "alarms")
