"""An outbox that an older program wrote is taken over whole, or not at all."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from contract.verdict import Verdict
from edge.deliver import outbox_schema
from edge.deliver.evidence import ReportBundle
from edge.deliver.outbox_records import Repairs
from edge.errors import OutboxCorrupt
from tests.fakes import START
from tests.unit.edge.deliver.bundles import bundle, name, verdict
from tests.unit.edge.deliver.site import Site, due, told


def insert(connection: sqlite3.Connection, one: ReportBundle) -> None:
    """As version 1 did it."""
    report, text = one.report, one.report.model_dump_json()
    connection.execute(
        "INSERT INTO entries (report_id, camera, severity, created_at, report, size_bytes) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (report.report_id, report.camera, report.severity, START.isoformat(), text, len(text)),
    )
    connection.executemany(
        "INSERT INTO pictures VALUES (?, ?, ?, ?, ?)",
        [
            (report.report_id, position, picture.key, picture.sha256, len(picture.jpeg))
            for position, picture in enumerate(one.pictures)
        ],
    )


def first_version(site: Site) -> None:
    """As version 1 left it: one undecided, one unconfirmed and two decided that nobody had heard,
    one that was told."""
    site.folder.mkdir()
    pictures = site.folder / "pictures"
    pictures.mkdir()
    connection = sqlite3.connect(site.folder / "outbox.sqlite", isolation_level=None)
    connection.executescript(outbox_schema._ENTRIES)
    connection.execute("PRAGMA user_version = 1")
    for number in range(5):
        insert(connection, bundle(number))
        for picture in bundle(number).pictures:
            (pictures / f"{picture.sha256}.jpg").write_bytes(picture.jpeg)
    decisions: list[tuple[Verdict, int, str]] = [
        (verdict(1, "unconfirmed"), 0, "stored"),
        (verdict(2, "confirmed"), 0, "reported"),
        (verdict(3, "refuted"), 0, "reported"),
        (verdict(4, "confirmed"), 1, "done"),
    ]
    for decided, was_told, state in decisions:
        connection.execute(
            "UPDATE entries SET decision = ?, verdict = ?, told = ?, state = ? WHERE report_id = ?",
            (decided.decision, decided.model_dump_json(), was_told, state, decided.report_id),
        )
    connection.execute("DELETE FROM pictures WHERE report_id = ?", (name(4),))
    connection.close()


def tables(site: Site) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(site.folder / "outbox.sqlite")
    found = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    connection.close()
    return found


def test_everything_that_the_first_version_kept_goes_on(tmp_path: Path) -> None:
    site = Site(tmp_path / "outbox")
    first_version(site)
    outbox = site.open()
    assert (outbox.repairs, site.losses) == (Repairs(orphans=6), [])
    assert outbox.depth().entries == {"pending": 1, "stored": 1, "done": 3}
    assert [due(outbox, site) for _ in range(3)] == [name(0), name(1), None]
    assert site.files() == {p.sha256 for n in (0, 1) for p in bundle(n).pictures}
    assert [one.decision for one in told(outbox, "site")] == ["unconfirmed", "confirmed", "refuted"]
    assert [one.decision for one in told(outbox, "cloud")] == ["unconfirmed"]
    assert outbox.close_with(verdict(0, "confirmed"), ["site"])
    assert outbox.close_with(verdict(1, "refuted"), ["site"])
    assert not outbox.close_with(verdict(2, "refuted"), ["site"])
    outbox.close()


def test_an_outbox_that_was_taken_over_is_laid_out_like_a_new_one(tmp_path: Path) -> None:
    old, new = Site(tmp_path / "old"), Site(tmp_path / "new")
    first_version(old)
    for site in (old, new):
        site.open().close()
    assert tables(old) == tables(new)


def test_a_step_that_fails_leaves_the_old_version_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path / "outbox")
    first_version(site)
    before = tables(site)
    steps = (*outbox_schema._STEPS, "INSERT INTO nowhere VALUES (1)")
    with monkeypatch.context() as patched:
        patched.setattr(outbox_schema, "_STEPS", steps)
        with pytest.raises(OutboxCorrupt, match="nowhere"):
            outbox_schema.open_sound(site.folder / "outbox.sqlite")
    assert tables(site) == before
    outbox = site.open()
    assert outbox.depth().entries == {"pending": 1, "stored": 1, "done": 3}
