"""Databases of the gateway with damaged rows and damaged bytes, opened and used as at a start.

Damage to rows is a JSON list of `[table, column, value]`; what SQLite itself refuses to hold is
left out. That the daemon survives damaged files is tested with the daemon; here it is every value
in every row that is read.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from random import Random

from edge.config.schema import OutboxConfig as Settings
from edge.deliver.outbox import Outbox, open_outbox
from edge.errors import OutboxError
from edge.static_objects.listing import NoMemory, StaticError, listed
from edge.static_objects.store import StaticStore
from service.clock import SystemClock
from tools.fuzz import specimens
from tools.fuzz.documents import HOSTILE, json_mutated
from tools.fuzz.mutate import damaged
from tools.fuzz.specimens import folder

_VALUES = (
    *(None, 0, -1, 1, 2**63 - 1, -(2**63), 1e308, 0.5, "", "x", "pending", "done", "2026-01-01"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1e999", "[]", "{}", "[1,2]"),
    *("a.b.c", "north.gate.17.1.0", "../../../etc/passwd", "\x00", "é" * 300),
)


def outbox_rows(random: Random) -> bytes:
    return _changes(random, "outbox.sqlite")


def static_rows(random: Random) -> bytes:
    return _changes(random, "static.db")


def outbox_bytes(random: Random) -> bytes:
    return damaged(random, (_template() / "outbox.sqlite").read_bytes())


def static_bytes(random: Random) -> bytes:
    return damaged(random, (_template() / "static.db").read_bytes())


def use_outbox_rows(changes: bytes) -> str:
    return _used(_use_outbox, "outbox.sqlite", changes, None)


def use_static_rows(changes: bytes) -> str:
    return _used(_use_static, "static.db", changes, None)


def use_outbox_bytes(content: bytes) -> str:
    return _used(_use_outbox, "outbox.sqlite", b"[]", content)


def use_static_bytes(content: bytes) -> str:
    return _used(_use_static, "static.db", b"[]", content)


def _used(use: Callable[[Path], str], name: str, changes: bytes, content: bytes | None) -> str:
    with tempfile.TemporaryDirectory(dir=folder()) as path:
        there = Path(path) / "state"
        shutil.copytree(_template(), there)
        if content is not None:
            (there / name).write_bytes(content)
        done = _change(there / name, json.loads(changes)) if content is None else 0
        return f"{done} {use(there)}"


def _use_outbox(there: Path) -> str:
    """Twice: what a start repairs must stay repaired."""
    said = []
    for _ in range(2):
        try:
            outbox = open_outbox(Settings(path=there), SystemClock(), lambda _: None)
        except OutboxError as error:
            return f"unopened: {type(error).__name__}"
        try:
            said.append(_go_through(outbox))
        except OutboxError as error:
            said.append(type(error).__name__)
        finally:
            with suppress(OutboxError):
                outbox.close()
    return " ".join(said)


def _go_through(box: Outbox) -> str:
    found = 0
    while (entry := box.deliveries.next_due(1e12)) is not None and found < 10:
        box.pictures(entry)
        box.deliveries.release(entry.report_id, 2e12)
        found += 1
    box.overdue(0.0, 10)
    box.kept_threats.cameras()
    box.gateways()
    box.oldest_s()
    box.sweep()
    box.put(specimens.bundle(9))
    box.close_with(specimens.verdict(1), ("site",), None)
    return f"{found} {sum(box.depth().entries.values())}"


def _use_static(there: Path) -> str:
    store = StaticStore(there, SystemClock())
    memory = store.load(specimens.CAMERA)
    store.sync(specimens.CAMERA, memory)
    store.add_verdict(specimens.VERDICT)
    store.close()
    try:
        return f"{len(memory.objects)} {len(memory.queries)} {len(listed(there))}"
    except (NoMemory, StaticError):
        return "unlisted"


def _changes(random: Random, name: str) -> bytes:
    columns = _columns(name)
    made = []
    for _ in range(random.randint(1, 3)):
        table, column = random.choice(columns)
        value: object = random.choice(_VALUES)
        if random.random() < 0.3:
            value = random.choice(HOSTILE)
        if random.random() < 0.4:
            held = random.choice(_texts(name) or ["{}"])
            value = json_mutated(random, held.encode()).decode("utf-8", "replace")
        made.append([table, column, value])
    return json.dumps(made).encode()


def _change(file: Path, changes: list[tuple[str, str, object]]) -> int:
    done = 0
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for table, column, value in changes:
            with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
                # names are those of our own tables
                connection.execute(f"UPDATE {table} SET {column} = ?", (value,))  # noqa: S608
                done += 1
    return done


@cache
def _template() -> Path:
    """A folder with one of each, with something in it."""
    there = folder() / "template"
    outbox = open_outbox(Settings(path=there), SystemClock(), lambda _: None)
    for number in range(3):
        outbox.put(specimens.bundle(number))
    outbox.close_with(specimens.verdict(2), ("site", "cloud"), None)
    outbox.kept_threats.remember((specimens.CAMERA,))
    outbox.close()
    store = StaticStore(there, SystemClock())
    store.sync(specimens.CAMERA, specimens.memory())
    store.add_verdict(specimens.VERDICT)
    store.close()
    for name in ("outbox.sqlite", "static.db"):
        with closing(sqlite3.connect(there / name)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    return there


@cache
def _columns(name: str) -> list[tuple[str, str]]:
    query = (
        "SELECT m.name, i.name FROM sqlite_master m, pragma_table_info(m.name) i "
        "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
    )
    with closing(sqlite3.connect(_template() / name)) as connection:
        return [(str(table), str(column)) for table, column in connection.execute(query)]


@cache
def _texts(name: str) -> list[str]:
    """The JSON that is held in it."""
    found = []
    with closing(sqlite3.connect(_template() / name)) as connection:
        for table, column in _columns(name):
            query = f"SELECT {column} FROM {table}"  # noqa: S608, our own names
            found += [str(value) for (value,) in connection.execute(query)]
    return [text for text in found if text.startswith(("{", "["))]
