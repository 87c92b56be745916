"""A file of static objects that is damaged, missing or cannot be had keeps nobody from watching."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from edge.static_objects.database import FILE
from edge.static_objects.listing import NoMemory, StaticError, forget, listed
from edge.static_objects.records import Memory
from edge.static_objects.store import RETRY_S, StaticStore
from service.events import Event
from tests.fakes import recorded_events
from tests.unit.edge.deliver.bundles import CAMERA
from tests.unit.edge.static_objects.static_rims import OTHER, Rim, parked


@pytest.mark.parametrize("damage", [b"no database at all" * 100, None])
def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path, damage: bytes | None) -> None:
    rim = Rim(tmp_path)
    rim.sync(parked())
    rim.store.close()
    file = tmp_path / FILE
    torn = bytearray(file.read_bytes())
    torn[4096:] = b"\xff" * (len(torn) - 4096)
    file.write_bytes(bytes(torn) if damage is None else damage)
    with recorded_events() as lines:
        store = StaticStore(tmp_path, rim.clock)
    assert [line.event for line in lines] == [Event.STATIC_REPAIRED]
    assert store.load(CAMERA) == Memory()
    assert (tmp_path / f"{FILE}.corrupt-1").exists()


def test_damage_that_is_no_text_even_in_sqlites_own_words_is_damage(tmp_path: Path) -> None:
    """Python cannot decode the message, in which the damaged statement is quoted."""
    rim = Rim(tmp_path)
    rim.sync(parked())
    rim.store.close()
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes().replace(b"CREATE TABLE", b"CREATE T\xc9BLE"))
    with recorded_events() as lines:
        store = StaticStore(tmp_path, rim.clock)
    assert [line.event for line in lines] == [Event.STATIC_REPAIRED]
    assert store.load(CAMERA) == Memory()


NO_BOXES = {
    "no JSON": "nowhere",
    "beyond any float": f"[0.1, {'9' * 400}, 0.3, 0.4]",
    "infinite": "[0.1, 0.2, 1e999, 0.4]",
    "too deep": "[" * 100_000,
}


@pytest.mark.parametrize("box", NO_BOXES.values(), ids=NO_BOXES)
def test_a_row_that_makes_no_sense_costs_only_itself(tmp_path: Path, box: str) -> None:
    rim = Rim(tmp_path)
    rim.sync(parked())
    rim.sync(parked(2), OTHER)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE objects SET box = ? WHERE camera = ?", (box, CAMERA))
    rim.restart()
    assert rim.store.load(CAMERA).objects == ()
    assert len(rim.store.load(OTHER).objects) == 1


def test_where_no_file_can_be_had_the_daemon_watches_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with recorded_events() as lines:
        rim = Rim(tmp_path / "file")
    memory = parked()
    assert rim.sync(memory) is memory
    assert rim.store.load(CAMERA) == Memory()
    assert [line.event for line in lines] == [Event.STATIC_NOT_KEPT]


def test_where_there_is_no_file_there_is_no_memory(tmp_path: Path) -> None:
    for act in (listed, forget):
        with pytest.raises(NoMemory, match=str(tmp_path / FILE)):
            act(tmp_path)
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(StaticError):
        listed(tmp_path)


def test_damage_that_is_found_in_use_is_mended_from_what_is_remembered(tmp_path: Path) -> None:
    rim, memory = Rim(tmp_path), parked()
    memory = rim.sync(memory)
    other = Rim(tmp_path)
    other.sync(parked(2), OTHER)  # so that pages are read anew
    for file in tmp_path.glob(f"{FILE}*"):
        if not file.name.endswith("-shm"):
            with file.open("r+b") as opened:
                opened.seek(100)
                opened.write(b"\xff" * (file.stat().st_size - 100))
    with recorded_events() as lines:
        memory = rim.sync(memory)
        memory = rim.sync(memory)
    assert [line.event for line in lines] == [Event.STATIC_NOT_KEPT, Event.STATIC_REPAIRED]
    rim.restart()
    assert len(rim.store.load(CAMERA).objects) == len(memory.objects) == 1


def test_a_disk_that_had_no_file_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    folder.write_text("a file in its place")
    rim, memory = Rim(folder), parked()
    rim.sync(memory)
    folder.unlink()
    rim.clock.advance(RETRY_S)
    rim.sync(memory)
    rim.restart()
    assert len(rim.store.load(CAMERA).objects) == 1
