"""The file of the queue: opened, checked, and set aside if it is damaged.

SHELL. What is lost with a damaged file is said; verdicts are in the object store all the same.
Called by `queue` and, for reading, by the commands.
"""

from __future__ import annotations

import sqlite3
from itertools import count
from pathlib import Path

from cloud.notify.queue_rows import TABLES, VERSION
from service.durable import sync_folder
from service.events import Event, log
from service.sqlite import damage, lay_out, open_file, tells_damage, transaction, version_of

FILE = "notifications.sqlite"
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "temp_store = MEMORY")


class _Unusable(Exception):
    """It is damaged, or of another version; the text says which."""


def open_queue(file: Path) -> sqlite3.Connection:
    """The connection, in autocommit; raises `sqlite3.Error`, `OSError` if none can be had."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _opened(file)
    except _Unusable as error:
        aside = _set_aside(file)
        log(Event.NOTIFY_QUEUE_LOST, reason=str(error), path=str(aside))
        return _opened(file)


def _opened(file: Path) -> sqlite3.Connection:
    """Raises `_Unusable`."""
    connection = open_file(file)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        found, version = damage(connection), version_of(connection)
        if found is not None or version not in (0, VERSION):
            raise _Unusable(found or f"version {version}, where this program knows {VERSION}")
        if version == 0:
            with transaction(connection):
                lay_out(connection, TABLES, VERSION)
        sync_folder(file.parent)
    except (sqlite3.Error, _Unusable) as error:
        connection.close()
        if isinstance(error, sqlite3.Error) and tells_damage(error):
            raise _Unusable(str(error)) from error
        raise
    return connection


def _set_aside(file: Path) -> Path:
    """Where it lies now, with what belongs to it."""
    names = (file.with_name(f"{file.name}.corrupt-{number}") for number in count(1))
    free = next(name for name in names if not name.exists())
    for ending in ("", "-wal", "-shm"):
        path = Path(f"{file}{ending}")
        if path.exists():
            path.rename(f"{free}{ending}")
    sync_folder(file.parent)
    return free
