"""The outbox over damage, foreign hands and wrong clocks."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge.deliver.blobs import Blobs
from edge.deliver.outbox import LossReason
from edge.deliver.outbox_records import Repairs
from tests.unit.edge.deliver.bundles import bundle, name, verdict
from tests.unit.edge.deliver.site import Site, due, told


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "outbox")


@pytest.mark.parametrize("damage", ["missing", "torn"])
def test_an_entry_goes_on_with_the_pictures_that_are_left(site: Site, damage: str) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    file = site.folder / "pictures" / f"{bundle(1).pictures[0].sha256}.jpg"
    file.unlink() if damage == "missing" else file.write_bytes(b"x" * 1000)
    entry = outbox.deliveries.next_due(site.mono())
    assert entry is not None
    assert outbox.pictures(entry) == bundle(1).pictures[1:]
    assert site.losses == []


def test_opening_removes_files_of_no_entry_and_goes_on_without_pictures(site: Site) -> None:
    outbox = site.open()
    for number in (1, 2):
        outbox.put(bundle(number))
    outbox.close()
    pictures = site.folder / "pictures"
    (pictures / f"{bundle(1).pictures[1].sha256}.jpg").unlink()
    (pictures / ("c" * 64 + ".jpg")).write_bytes(b"orphan")
    (pictures / ("d" * 64 + ".part")).write_bytes(b"half")
    (pictures / "lost+found").mkdir()
    outbox = site.open()
    assert site.losses == []
    assert outbox.repairs == Repairs(pictures_missing=1, orphans=1)
    assert outbox.depth().entries == {"stored": 1, "pending": 1}
    assert site.files() == {p.sha256 for n in (1, 2) for p in bundle(n).pictures} - {
        bundle(1).pictures[1].sha256
    }


def test_a_report_that_cannot_be_read_is_buried_and_does_not_block_the_rest(site: Site) -> None:
    outbox = site.open()
    for number in (1, 2):
        outbox.put(bundle(number))
    outbox.close()
    with sqlite3.connect(site.folder / "outbox.sqlite") as connection:
        connection.execute("UPDATE entries SET report = '{' WHERE report_id = ?", (name(1),))
    connection.close()
    (site.folder / "pictures" / f"{name(1)}.json").unlink()
    outbox = site.open()
    assert due(outbox, site) == name(2)
    assert [loss.reason for loss in site.losses] == [LossReason.UNREADABLE]
    site.clock.advance(100)
    assert [entry.report_id for entry in outbox.overdue(60.0, 9)] == [name(2)]


@pytest.mark.parametrize("damage", [b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_database_is_set_aside_and_what_waits_goes_on(site: Site, damage: bytes) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    epoch = outbox.next_epoch()
    outbox.close()
    for number in range(1, 6):
        (site.folder / "outbox.sqlite").write_bytes(damage)
        outbox = site.open()
        aside = site.folder / f"outbox.sqlite.corrupt-{number}"
        assert outbox.repairs == Repairs(set_aside=aside, salvaged=1)
        assert aside.read_bytes() == damage
        assert (outbox.depth().entries, outbox.depth().trouble) == ({"pending": 1}, None)
        site.clock.advance(1)
        assert outbox.next_epoch() > epoch
        assert not outbox.put(bundle(1))
        outbox.close()
    assert len(list(site.folder.glob("outbox.sqlite.corrupt-*"))) == 3
    outbox = site.open()
    assert (outbox.repairs, site.losses) == (Repairs(), [])
    assert due(outbox, site) == name(1)


def test_an_outbox_of_a_newer_program_is_read_as_far_as_it_can_be(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.close_with(verdict(1, "unconfirmed"), ["site"])
    epoch = outbox.next_epoch()
    outbox.close()
    with sqlite3.connect(site.folder / "outbox.sqlite") as connection:
        connection.execute("ALTER TABLE entries ADD COLUMN mood TEXT NOT NULL DEFAULT 'good'")
        connection.execute("CREATE TABLE moods (id INTEGER PRIMARY KEY)")
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    outbox = site.open()
    assert outbox.repairs.set_aside == site.folder / "outbox.sqlite.corrupt-1"
    assert outbox.depth().entries == {"pending": 1}
    entry = outbox.find(name(1))
    assert entry is not None
    assert entry.decision == "unconfirmed"
    assert [one.decision for one in told(outbox, "site")] == ["unconfirmed"]
    assert outbox.next_epoch() > epoch
    assert site.losses == []


def test_two_processes_cannot_share_an_outbox(site: Site) -> None:
    outbox = site.open()
    program = (
        "import sys; from pathlib import Path; from edge.deliver import outbox_schema as schema; "
        "from service import sqlite\n"
        "sqlite.BUSY_S = 0.1\n"
        "schema.open_sound(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", program, str(site.folder / "outbox.sqlite")]
    other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "OutboxInUse" in other.stderr
    assert "locked" in other.stderr
    assert outbox.put(bundle(1))


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


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE pictures SET sha256 = char(0)",
        "UPDATE pictures SET sha256 = '../../outbox'",
        "UPDATE pictures SET bytes = 1e308",
        "UPDATE pictures SET bytes = 9223372036854775807",
        "UPDATE entries SET size_bytes = 1e308",
        "UPDATE pictures SET key = x'ff'",
        "UPDATE chain SET number = 9223372036854775807",
        "UPDATE chain SET number = 1e308",
        "UPDATE chain SET given_up = '[[1, 1e999]]'",
    ],
)
def test_a_damaged_value_in_a_sound_file_keeps_no_entry_from_going_out(
    site: Site, change: str
) -> None:
    """What a report's pictures are called and how large they are, its copy knows too."""
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.close()
    with closing(sqlite3.connect(site.folder / "outbox.sqlite", isolation_level=None)) as file:
        file.execute(change)
    outbox = site.open()
    entry = outbox.deliveries.next_due(site.mono())
    assert entry is not None
    assert outbox.pictures(entry) == bundle(1).pictures
    outbox.put(bundle(2))
    outbox.sweep()
    assert outbox.depth().bytes < 10_000
    assert site.losses == []


def test_a_name_that_is_no_file_name_is_a_picture_that_is_missing(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "pictures", 0)
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"not ours")
    for damaged in ("\0", "../outside", "x" * 5_000):
        assert blobs.read(damaged) is None
        blobs.remove(damaged)
    assert outside.exists()


def test_damage_that_is_no_text_even_in_sqlites_own_words_is_salvaged(site: Site) -> None:
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.close()
    file = site.folder / "outbox.sqlite"
    file.write_bytes(file.read_bytes().replace(b"CREATE TABLE", b"CREATE T\xc9BLE"))
    assert due(site.open(), site) == name(1)
    assert site.losses == []
