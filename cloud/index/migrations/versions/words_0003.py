"""Search by parts of words, and filters by one value with the most severe first.

Both databases know how to find parts of three letters each. SQLite keeps them in a table of its own
beside `alarms`, which triggers follow; a `VACUUM` by hand may upset it. PostgreSQL's index needs an
extension, which may come later: `cloud.index.words` sees to it at each opening.
"""

from alembic import op

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


def upgrade() -> None:
    """Makes what the database has for it."""
    for name, columns in _INDEXES.items():
        op.create_index(name, "alarms", columns)
    if op.get_bind().dialect.name == "sqlite":
        for statement in _SQLITE:
            op.execute(statement)


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
