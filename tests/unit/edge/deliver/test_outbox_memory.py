"""The outbox on a disk that is full, read-only, damaged or gone: from memory, and back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge.deliver.outbox import REPAIR_S, LossReason, Outbox
from edge.deliver.outbox_records import Repairs
from edge.errors import OutboxFull
from tests.disks import disk, failing
from tests.unit.edge.deliver.bundles import bundle, name, verdict
from tests.unit.edge.deliver.site import Site, due, told


def mended(site: Site, outbox: Outbox) -> bool:
    site.clock.advance(REPAIR_S)
    return outbox.repair()


def test_what_a_full_disk_does_not_take_is_delivered_from_memory_and_kept_later(
    tmp_path: Path,
) -> None:
    with disk(tmp_path / "small", "size=1m") as mounted:
        site = Site(mounted / "outbox")
        outbox = site.open()
        outbox.put(bundle(0))
        with failing(mounted, "full"):
            for number in (1, 2, 3):
                assert outbox.put(bundle(number, severity=number))
            depth = outbox.depth()
            assert (depth.entries, depth.in_memory) == ({"pending": 4}, 3)
            assert "No space left" in str(depth.trouble)
            assert due(outbox, site) == name(3)
            entry = outbox.find(name(3))
            assert entry is not None
            assert outbox.pictures(entry) == bundle(3).pictures
            outbox.deliveries.mark_stored(name(3))
            outbox.deliveries.mark_reported(name(3), site.mono() + 30)
            assert outbox.close_with(verdict(3, "confirmed"), ["site"])
            assert [one.decision for one in told(outbox, "site")] == ["confirmed"]
            site.clock.advance(61)
            assert [late.report_id for late in outbox.overdue(60.0, 9)] == [
                name(0),
                name(1),
                name(2),
            ]
            assert not mended(site, outbox)
        assert mended(site, outbox)
        assert (outbox.depth().in_memory, outbox.depth().trouble, site.losses) == (0, None, [])
        outbox.close()
        outbox = site.open()
        assert outbox.repairs == Repairs()
        assert outbox.depth().entries == {"pending": 3, "done": 1}
        outbox.close()


def test_memory_is_bounded_by_severity_then_age_and_each_loss_is_said(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "size=1m") as mounted:
        site = Site(mounted / "outbox", memory_max_bytes=1_000_000)
        outbox = site.open()
        with failing(mounted, "full"):
            for number, severity in enumerate([2, 1, 2, 1]):
                outbox.put(bundle(number, severity=severity, size=115_000))
            outbox.put(bundle(9, severity=2, size=115_000))
            assert [(loss.report_id, loss.reason) for loss in site.losses] == [
                (name(1), LossReason.DISK_FULL)
            ]
            with pytest.raises(OutboxFull, match="no room for"):
                outbox.put(bundle(10, severity=0, size=115_000))
            assert outbox.depth().in_memory == 4
        outbox.close()


@pytest.mark.parametrize("before", [0, 2])
def test_a_read_only_disk_at_the_start_is_watched_from_memory(tmp_path: Path, before: int) -> None:
    with disk(tmp_path / "small", "size=1m") as mounted:
        site = Site(mounted / "outbox")
        if before:
            outbox = site.open()
            for number in range(before):
                outbox.put(bundle(number))
            outbox.close()
        with failing(mounted, "read_only"):
            outbox = site.open()
            assert outbox.depth().entries.get("pending", 0) == before
            assert outbox.depth().trouble is not None
            outbox.next_epoch()
            assert outbox.put(bundle(7, severity=4))
            assert due(outbox, site) == name(7)
            for number in range(before):
                entry = outbox.find(name(number))
                assert entry is not None
                assert outbox.pictures(entry) == bundle(number).pictures
            assert not mended(site, outbox)
        assert mended(site, outbox)
        outbox.close()
        outbox = site.open()
        assert outbox.depth().entries == {"pending": before + 1}
        assert (outbox.repairs, site.losses) == (Repairs(), [])
        outbox.close()


def test_a_full_disk_at_the_start_is_no_reason_not_to_watch(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "size=1m") as mounted:
        site = Site(mounted / "outbox")
        with failing(mounted, "full"):
            outbox = site.open()
            assert outbox.next_epoch() > 0
            assert outbox.put(bundle(1))
            assert due(outbox, site) == name(1)
        assert mended(site, outbox)
        outbox.close()
        outbox = site.open()
        assert outbox.depth().entries == {"pending": 1}
        outbox.close()


def test_what_a_disk_that_was_away_had_is_found_when_it_is_back(tmp_path: Path) -> None:
    site = Site(tmp_path / "outbox")
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.put(bundle(2))
    epoch = outbox.next_epoch()
    outbox.close()
    site.folder.rename(tmp_path / "away")
    site.folder.write_text("a file where the folder was")
    outbox = site.open()
    assert outbox.depth().trouble is not None
    outbox.next_epoch()
    outbox.put(bundle(3))
    site.folder.unlink()
    (tmp_path / "away").rename(site.folder)
    assert mended(site, outbox)
    assert outbox.depth().entries == {"pending": 3}
    assert {due(outbox, site) for _ in range(3)} == {name(1), name(2), name(3)}
    site.clock.advance(61)
    assert len(outbox.overdue(60.0, 9)) == 3
    assert outbox.next_epoch() > epoch
    outbox.close()
    assert site.open().depth().entries == {"pending": 3}


@pytest.mark.parametrize("victim", ["outbox.sqlite", "outbox.sqlite-wal", "pictures"])
def test_a_thing_of_another_kind_in_the_place_of_ours_is_put_aside(
    tmp_path: Path, victim: str
) -> None:
    site = Site(tmp_path / "outbox")
    outbox = site.open()
    outbox.put(bundle(1))
    outbox.close()
    path = site.folder / victim
    if path.is_dir():
        shutil.rmtree(path)
        path.write_text("a file")
    else:
        path.unlink(missing_ok=True)
        path.mkdir()
        (path / "lost+found").mkdir()
    outbox = site.open()
    assert outbox.depth().trouble is None
    assert due(outbox, site) == name(1)
    assert outbox.put(bundle(2))
    outbox.close()


def test_damage_that_is_found_in_use_is_mended_in_use(tmp_path: Path) -> None:
    site = Site(tmp_path / "outbox")
    outbox = site.open()
    for number in range(40):
        outbox.put(bundle(number))
    outbox.close()
    outbox = site.open()
    file = site.folder / "outbox.sqlite"
    size = file.stat().st_size
    with file.open("r+b") as opened:
        for page in range(4, size // 4096, 2):
            opened.seek(page * 4096)
            opened.write(b"\xff" * 4096)
    for number in range(40, 60):
        outbox.put(bundle(number))
    assert mended(site, outbox)
    assert outbox.depth().trouble is None
    outbox.close()
    outbox = site.open()
    assert outbox.depth().entries == {"pending": 60}
    assert site.losses == []
    for number in range(60):
        entry = outbox.find(name(number))
        assert entry is not None
        assert outbox.pictures(entry) == bundle(number).pictures
    outbox.close()


def test_the_log_of_the_database_cut_to_nothing_loses_no_suspicion(tmp_path: Path) -> None:
    site = Site(tmp_path / "outbox")
    outbox = site.open()
    for number in range(10):
        outbox.put(bundle(number))
    outbox.close_with(verdict(9, "refuted"))
    kept = {file: file.read_bytes() for file in site.folder.glob("outbox.sqlite*")}
    outbox.close()
    for file, body in kept.items():
        file.write_bytes(b"" if file.name.endswith("-wal") else body)
    outbox = site.open()
    assert outbox.depth().entries == {"pending": 9, "stored": 1}
    assert (outbox.repairs.salvaged, site.losses) == (10, [])
    outbox.close()


def test_an_entry_of_which_only_the_end_was_lost_is_not_sent_again(tmp_path: Path) -> None:
    site = Site(tmp_path / "outbox")
    outbox = site.open()
    outbox.put(bundle(1))
    kept = {file: file.read_bytes() for file in site.folder.glob("outbox.sqlite*")}
    outbox.close_with(verdict(1, "refuted"))
    outbox.sweep()
    assert site.copies() == set()
    outbox.close()
    for file, body in kept.items():
        file.write_bytes(body)
    outbox = site.open()
    assert (outbox.depth().entries, site.losses) == ({}, [])
    outbox.close()


def test_an_unreadable_copy_without_a_row_is_counted_as_lost(tmp_path: Path) -> None:
    site = Site(tmp_path / "outbox")
    outbox = site.open()
    for number in (1, 2):
        outbox.put(bundle(number))
    outbox.close()
    (site.folder / "outbox.sqlite").write_bytes(b"")
    copy = site.folder / "pictures" / f"{name(1)}.json"
    copy.write_bytes(copy.read_bytes().replace(b"person", b"pers\xf2n"))
    outbox = site.open()
    assert outbox.depth().entries == {"pending": 1}
    assert [(loss.report_id, loss.reason) for loss in site.losses] == [
        (name(1), LossReason.UNREADABLE)
    ]
    outbox.close()


def test_a_floor_of_free_space_is_kept_and_others_may_use_it(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "size=1m") as mounted:
        site = Site(mounted / "outbox", min_free_bytes=600_000)
        outbox = site.open()
        outbox.put(bundle(1, size=50_000))
        assert outbox.depth().in_memory == 0
        outbox.put(bundle(2, size=200_000))
        assert outbox.depth().in_memory == 1
        assert "left to others" in str(outbox.depth().trouble)
        outbox.close()
