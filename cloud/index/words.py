"""Alarms by a part of a word, where it is rare.

SHELL (asks the database). What stands in many alarms is found soon by looking through the newest;
what stands in few, or in none, would have all of them looked through. So the database's index of
three letters each is asked first, for a bounded number. Called by
`alarm_index`, and by `database` at each opening.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from cloud.index.queries import literal, word_condition
from cloud.index.schema import AlarmRow

RARE = 500
"""Alarms; more are found by looking through the newest."""

LEAST_CHARS = 3
"""Of which the index of the database is made."""

_INDEXED = text("SELECT to_regclass('alarms_by_words') IS NOT NULL")
_INDEX = (
    text("CREATE EXTENSION IF NOT EXISTS pg_trgm"),
    text("CREATE INDEX alarms_by_words ON alarms USING gin (words gin_trgm_ops)"),
)

_SQLITE = text(
    "SELECT alarms.report_id FROM alarm_words JOIN alarms ON alarms.rowid = alarm_words.rowid "
    "WHERE alarm_words.words MATCH :phrase LIMIT :most"
)


def index_words(connection: Connection) -> None:
    """Makes PostgreSQL's index where it is missing. It needs the extension `pg_trgm`, which the
    owner of a database may install, if the server has it; until then rare words are found
    slowly."""
    if connection.dialect.name != "postgresql" or connection.scalar(_INDEXED):
        return
    try:
        with connection.begin_nested():
            for statement in _INDEX:
                connection.execute(statement)
    except DBAPIError:  # not installed, and not ours to install
        return


def rare_matches(connection: Connection, words: Iterable[str]) -> frozenset[str] | None:
    """The alarms in which the rarest of `words` stands; None if all of them stand in many."""
    for word in words:
        if len(word) >= LEAST_CHARS:
            found = _matches(connection, word)
            if len(found) <= RARE:
                return found
    return None


def _matches(connection: Connection, word: str) -> frozenset[str]:
    """At most one more than `RARE`."""
    if connection.dialect.name == "sqlite":
        phrase = '"' + literal(word).replace('"', '""') + '"'
        rows = connection.execute(_SQLITE, {"phrase": phrase, "most": RARE + 1})
        return frozenset(row[0] for row in rows)
    few = select(AlarmRow.report_id).where(word_condition(word)).limit(RARE + 1)
    return frozenset(connection.scalars(few))
