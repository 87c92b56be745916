"""The outbox over damage, foreign hands and wrong clocks."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edge.deliver.outbox import LossReason
from edge.errors import OutboxError
from tests.unit.edge.deliver.parcels import name, parcel
from tests.unit.edge.deliver.site import Site, due


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "outbox")


@pytest.mark.parametrize("damage", ["missing", "torn"])
def test_an_entry_without_its_picture_is_buried_and_says_so(site: Site, damage: str) -> None:
    outbox = site.open()
    outbox.put(parcel(1))
    file = site.folder / "pictures" / f"{parcel(1).pictures[0].sha256}.jpg"
    file.unlink() if damage == "missing" else file.write_bytes(b"x" * 1000)
    entry = outbox.next_due(site.mono())
    assert entry is not None
    assert outbox.pictures(entry) is None
    assert [(loss.report_id, loss.reason) for loss in site.losses] == [
        (name(1), LossReason.PICTURE_MISSING)
    ]
    assert due(outbox, site) is None


def test_opening_removes_files_of_no_entry_and_buries_entries_of_no_file(site: Site) -> None:
    outbox = site.open()
    for number in (1, 2):
        outbox.put(parcel(number))
    outbox.close()
    pictures = site.folder / "pictures"
    (pictures / f"{parcel(1).pictures[1].sha256}.jpg").unlink()
    (pictures / ("c" * 64 + ".jpg")).write_bytes(b"orphan")
    (pictures / ("d" * 64 + ".part")).write_bytes(b"half")
    outbox = site.open()
    assert [loss.report_id for loss in site.losses] == [name(1)]
    assert outbox.depth().entries == {"buried": 1, "pending": 1}
    assert site.files() == {p.sha256 for n in (1, 2) for p in parcel(n).pictures} - {
        parcel(1).pictures[1].sha256
    }


def test_a_report_that_cannot_be_read_is_buried_and_does_not_block_the_rest(site: Site) -> None:
    outbox = site.open()
    for number in (1, 2):
        outbox.put(parcel(number))
    outbox.close()
    with sqlite3.connect(site.folder / "outbox.sqlite") as connection:
        connection.execute("UPDATE entries SET report = '{' WHERE report_id = ?", (name(1),))
    connection.close()
    outbox = site.open()
    assert due(outbox, site) == name(2)
    assert [loss.reason for loss in site.losses] == [LossReason.UNREADABLE]
    site.clock.advance(100)
    assert [entry.report_id for entry in outbox.overdue(60.0, 9)] == [name(2)]


@pytest.mark.parametrize("damage", [b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_database_is_set_aside_and_a_new_one_begun(site: Site, damage: bytes) -> None:
    outbox = site.open()
    outbox.put(parcel(1))
    epoch = outbox.next_epoch()
    outbox.close()
    for number in (1, 2):
        (site.folder / "outbox.sqlite").write_bytes(damage)
        outbox = site.open()
        assert outbox.set_aside == site.folder / f"outbox.sqlite.corrupt-{number}"
        assert outbox.set_aside.read_bytes() == damage
        assert (outbox.depth().entries, site.files()) == ({}, set())
        site.clock.advance(1)
        assert outbox.next_epoch() > epoch
        assert outbox.put(parcel(1))
        outbox.close()
    outbox = site.open()
    assert outbox.set_aside is None


def test_an_outbox_of_a_newer_program_is_refused_and_left_alone(site: Site) -> None:
    site.open().close()
    with sqlite3.connect(site.folder / "outbox.sqlite") as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    before = (site.folder / "outbox.sqlite").read_bytes()
    with pytest.raises(OutboxError, match="has version 9, this program knows 2"):
        site.open()
    assert (site.folder / "outbox.sqlite").read_bytes() == before


def test_two_processes_cannot_share_an_outbox(site: Site) -> None:
    outbox = site.open()
    program = (
        "import sys; from pathlib import Path; from edge.deliver import outbox_schema as schema\n"
        "schema.BUSY_S = 0.1\n"
        "schema.open_database(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", program, str(site.folder / "outbox.sqlite")]
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "OutboxError" in other.stderr
    assert "locked" in other.stderr
    assert outbox.put(parcel(1))


def test_epochs_only_grow_also_when_the_wall_clock_is_wrong(site: Site) -> None:
    outbox = site.open()
    epochs = [outbox.next_epoch(), outbox.next_epoch()]
    site.clock.jump(-86_400 * 3650)
    outbox.close()
    outbox = site.open()
    epochs.append(outbox.next_epoch())
    site.clock.jump(86_400 * 365_000)
    epochs.append(outbox.next_epoch())
    assert epochs == sorted(set(epochs))
    assert epochs[-1] < 10**10
