"""An entry for every hour, whatever ends it; after a kill neither a fork nor a silent hole."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from contract.ids import GatewayId
from contract.signature import new_signer, private_pem
from contract.watch_chain import WatchQuestion, check
from edge.storage.state_files import StateFile
from edge.watch_proof.files import KEY
from edge.watch_proof.recorder import PERSIST_S
from service.events import Event
from tests.fakes import recorded_events
from tests.unit.edge.watch_proof.watched import GATE, HOUR_S, NOON, NORTH, YARD, WatchedGateway


@pytest.fixture
def gateway(tmp_path: Path) -> WatchedGateway:
    return WatchedGateway(tmp_path)


def _faults(gateway: WatchedGateway) -> list[str]:
    asked = WatchQuestion(gateway=NORTH, until=gateway.clock.now())
    return [f"{one.fault}: {one.detail}" for one in check(gateway.contents(), asked).findings]


@contextmanager
def _no_room(folder: Path) -> Iterator[None]:
    """Nothing can be written below `folder`: a file stands where the state's folder should be."""
    away = folder.with_name("away")
    folder.rename(away)
    folder.write_text("")
    try:
        yield
    finally:
        folder.unlink()
        away.rename(folder)


def test_entries_end_with_the_hour_balance_and_follow_each_other(gateway: WatchedGateway) -> None:
    gateway.clock.advance(600)
    gateway.recorder.tick()
    gateway.run(3 * HOUR_S)
    entries = [one.entry for one in gateway.entries()]
    assert [one.closed for one in entries] == ["period"] * 3
    assert [one.ends for one in entries] == [NOON + timedelta(hours=n) for n in (1, 2, 3)]
    assert entries[1].cameras[GATE].received == 360 * 4
    assert entries[1].cameras[GATE].unseen_s == 0
    assert entries[0].cameras[GATE].unseen_s == 610
    assert not _faults(gateway)


def test_a_stop_closes_the_entry_and_the_next_run_begins_another(gateway: WatchedGateway) -> None:
    gateway.run(600)
    gateway.recorder.stop()
    gateway.clock.advance(900)
    gateway.start()
    gateway.run(HOUR_S)
    first, second = (one.entry for one in gateway.entries())
    assert (first.closed, first.ends) == ("stopped", NOON + timedelta(minutes=10))
    assert (second.begins, second.number) == (NOON + timedelta(minutes=25), 2)
    assert not _faults(gateway)


def test_after_a_kill_the_entry_says_what_was_on_disk_and_less_than_a_minute_is_lost(
    gateway: WatchedGateway,
) -> None:
    gateway.run(1000)
    gateway.start()
    gateway.run(HOUR_S)
    first, second = (one.entry for one in gateway.entries())
    assert first.closed == "interrupted"
    assert timedelta(0) < second.begins - first.ends <= timedelta(seconds=PERSIST_S + 10)
    assert first.cameras[GATE].received >= (1000 - PERSIST_S - 10) / 10 * 4
    assert not _faults(gateway)


def test_killed_again_and_again_no_number_is_used_twice(gateway: WatchedGateway) -> None:
    for _ in range(20):
        gateway.run(70)
        gateway.start()
    numbers = [one.entry.number for one in gateway.entries()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert not _faults(gateway)


def test_a_kill_between_any_two_writes_leaves_one_chain(gateway: WatchedGateway) -> None:
    """The disk as it was after each write, taken up by another run."""
    states: list[Path] = []
    write = gateway.folder / StateFile.WATCH

    def keep() -> None:
        states.append(gateway.folder.parent / f"state-{len(states)}")
        shutil.copytree(write, states[-1] / StateFile.WATCH)

    add, keep_open = gateway.files.add, gateway.files.keep_open
    gateway.files.add = lambda *a: (add(*a), keep())  # type: ignore[method-assign, assignment, func-returns-value]
    gateway.files.keep_open = lambda e: (keep_open(e), keep())  # type: ignore[method-assign, assignment, func-returns-value]
    gateway.run(2 * HOUR_S + 100, 300)
    assert len(states) > 10
    for state in states:
        resumed = WatchedGateway(state, clock=gateway.clock, runs=100)
        resumed.run(HOUR_S, 300)
        assert not _faults(resumed), state


def test_another_configuration_ends_the_entry(gateway: WatchedGateway) -> None:
    gateway.run(600)
    gateway.change(config_sha256="e" * 64)
    gateway.run(HOUR_S)
    first, second = (one.entry for one in gateway.entries())
    assert (first.closed, first.config_sha256[0]) == ("changed", "c")
    assert (second.closed, second.config_sha256[0]) == ("period", "e")


def test_a_full_disk_is_said_and_the_entry_goes_on_until_there_is_room(
    gateway: WatchedGateway,
) -> None:
    gateway.run(1800)
    with _no_room(gateway.folder), recorded_events() as events:
        gateway.run(2 * HOUR_S)
        assert gateway.recorder.trouble
        assert Event.WATCH_UNKEPT in {line.event for line in events}
    gateway.run(HOUR_S)
    assert not gateway.recorder.trouble
    long, *_ = (one.entry for one in gateway.entries())
    assert long.elapsed_s > 2 * HOUR_S
    assert long.cameras[GATE].received == pytest.approx(long.elapsed_s / 10 * 4, abs=4)
    assert not _faults(gateway)


def test_the_key_is_made_once_for_its_owner_alone(gateway: WatchedGateway) -> None:
    file = gateway.folder / StateFile.WATCH / KEY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert gateway.start().key == WatchedGateway(gateway.folder).recorder.key


def test_a_damaged_key_is_set_aside_said_and_shows(gateway: WatchedGateway) -> None:
    gateway.run(HOUR_S)
    (gateway.folder / StateFile.WATCH / KEY).write_bytes(b"\0" * 100)
    with recorded_events() as events:
        gateway.start()
    assert Event.WATCH_KEY_MADE in {line.event for line in events}
    gateway.run(HOUR_S)
    assert ["key_changed" in one for one in _faults(gateway)] == [True]
    (gateway.folder / StateFile.WATCH / KEY).write_bytes(private_pem(new_signer()))


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 50, b'{"number": 1}\n# sha256 00\n'])
def test_a_damaged_open_entry_costs_its_own_time_and_is_said(
    gateway: WatchedGateway, content: bytes
) -> None:
    gateway.run(1.5 * HOUR_S)
    (gateway.folder / StateFile.WATCH / "open.json").write_bytes(content)
    with recorded_events() as events:
        gateway.start()
    assert Event.WATCH_LOST in {line.event for line in events}
    gateway.run(HOUR_S)
    assert [one.entry.number for one in gateway.entries()] == [1, 2]
    assert not _faults(gateway)


def test_a_damaged_newest_entry_breaks_nothing_that_follows(gateway: WatchedGateway) -> None:
    gateway.run(2.5 * HOUR_S)
    newest = max((gateway.folder / StateFile.WATCH / "entries").rglob("*.json"))
    newest.write_bytes(newest.read_bytes()[:100])
    gateway.start()
    gateway.run(HOUR_S)
    assert [one.entry.number for one in gateway.entries()] == [1, 3, 4]
    assert [one.partition(":")[0] for one in _faults(gateway)] == ["hole"]


def test_old_entries_go_and_what_the_cloud_lacks_is_said(gateway: WatchedGateway) -> None:
    gateway.change(keep=2)
    gateway.run(HOUR_S)
    (key_id,) = gateway.files.key_ids()
    gateway.files.set_delivered(key_id, 1)
    with recorded_events() as events:
        gateway.run(3 * HOUR_S)
    assert gateway.files.numbers(key_id) == [3, 4]
    lost = [line.fields["number"] for line in events if line.event is Event.WATCH_LOST]
    assert lost == [2]


def test_it_says_how_long_a_camera_was_disarmed(gateway: WatchedGateway) -> None:
    gateway.run(600)
    gateway.disarmed = {GATE}
    gateway.run(1200)
    gateway.disarmed = set()
    gateway.run(1800)
    (only,) = (one.entry for one in gateway.entries())
    assert only.cameras[GATE].disarmed_s == pytest.approx(1200, abs=10)


def test_a_camera_that_is_not_listed_is_there_from_its_first_frame(gateway: WatchedGateway) -> None:
    gateway.run(100)
    gateway.frames(YARD, quiet=5)
    gateway.run(HOUR_S)
    (only,) = (one.entry for one in gateway.entries())
    assert only.cameras[YARD].received == 6
    assert only.cameras[YARD].unseen_s > HOUR_S - 200


def test_whether_the_clock_was_to_be_trusted_is_said_for_both_ends(gateway: WatchedGateway) -> None:
    gateway.synchronised = False
    gateway.start()
    gateway.run(600)
    gateway.synchronised = True
    gateway.clock.jump(86_400 * 30)
    gateway.run(HOUR_S)
    _, only = (one.entry for one in gateway.entries())
    assert (only.begins_synchronised, only.ends_synchronised) == (False, True)
    assert not _faults(gateway)


def test_a_gateway_that_is_renamed_begins_another_chain_with_its_key(
    gateway: WatchedGateway,
) -> None:
    gateway.run(1.5 * HOUR_S)
    with recorded_events() as events:
        renamed = WatchedGateway(gateway.folder, clock=gateway.clock, name=GatewayId("south"))
    assert Event.WATCH_LOST in {line.event for line in events}
    renamed.run(HOUR_S)
    (first,) = (one.entry for one in renamed.entries())
    (before,) = (one.entry for one in gateway.entries())
    assert (first.gateway, first.number, first.key) == ("south", 1, before.key)
