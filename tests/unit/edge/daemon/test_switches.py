"""Switches: what was told last holds, survives a restart, and is said; nonsense is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.ids import CameraId, GatewayId
from contract.topics import Topics
from edge.config.schema import EdgeConfig
from edge.config.switched import position, switched
from edge.daemon.switches import FILE, Switches

YARD = CameraId("yard")
TOPICS = Topics(gateway=GatewayId("gw"))
ARMED = TOPICS.of_setting(YARD, "armed", "set")


def switches(folder: Path, known: bool = True) -> Switches:
    return Switches(folder, TOPICS, lambda _: known)


def said(config: EdgeConfig, folder: Path) -> dict[str, bytes]:
    """Topic, without what is common, and payload of the states."""
    one = switches(folder)
    return {
        state.topic.removeprefix("stillwatch/gw/yard/"): state.payload
        for state in one.states(switched(config, one.positions), YARD)
    }


def test_nothing_told_is_as_the_configuration_says(tmp_path: Path) -> None:
    config = EdgeConfig.model_validate({"cameras": {"yard": {"armed": False}}})
    assert switched(config, switches(tmp_path).positions) is config
    assert said(config, tmp_path) == {"armed/state": b"OFF", "enabled/state": b"ON"}


def test_what_was_told_last_holds_once_it_is_taken_up_and_after_a_restart(tmp_path: Path) -> None:
    one = switches(tmp_path)
    for payload in (b"ON", b"off", b"OFF"):
        assert one.on_message(ARMED, payload, retained=False)
    assert one.positions == {}
    assert one.turn() == ((YARD, "armed"),)
    assert one.turn() == ()
    assert one.positions == {YARD: {"armed": False}} == switches(tmp_path).positions
    assert said(EdgeConfig(), tmp_path) == {"armed/state": b"OFF", "enabled/state": b"ON"}
    one.on_message(ARMED, b"ON", retained=False)
    one.turn()
    assert said(EdgeConfig(), tmp_path)["armed/state"] == b"ON"


def test_a_switch_stands_over_the_file_and_leaves_the_rest_of_the_camera(tmp_path: Path) -> None:
    one = switches(tmp_path)
    one.on_message(ARMED, b"ON", retained=False)
    one.turn()
    config = EdgeConfig.model_validate({"cameras": {"yard": {"armed": False, "kind": "stream"}}})
    effective = switched(config, one.positions)
    assert position(effective, YARD, "armed") is True
    assert effective.cameras["yard"].kind == "stream"
    assert position(config, YARD, "armed") is False


def test_a_camera_that_nobody_may_discover_is_not_let_in_by_its_switch(tmp_path: Path) -> None:
    one = switches(tmp_path)
    one.on_message(ARMED, b"OFF", retained=False)
    one.turn()
    closed = EdgeConfig.model_validate({"intake": {"discovery": False}})
    assert YARD not in switched(closed, one.positions).cameras


@pytest.mark.parametrize(
    ("payload", "retained", "known"),
    [(b"OFF", True, True), (b"maybe", False, True), (b"", False, True), (b"OFF", False, False)],
    ids=["an old command", "no word", "empty", "unknown camera"],
)
def test_what_is_no_command_turns_nothing(
    tmp_path: Path, payload: bytes, retained: bool, known: bool
) -> None:
    one = switches(tmp_path, known)
    assert one.on_message(ARMED, payload, retained)
    assert one.turn() == ()
    assert not (tmp_path / FILE).exists()


def test_a_picture_is_not_taken_for_a_command(tmp_path: Path) -> None:
    assert not switches(tmp_path).on_message("cameras/yard/image", b"ON", retained=False)


@pytest.mark.parametrize(
    "kept", [b"", b"[]", b'{"yard": 1}', b"\xff", b'{"Yard!": {"armed": false}}']
)
def test_a_damaged_file_disarms_nothing(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / FILE).write_bytes(kept)
    assert switches(tmp_path).positions == {}


def test_a_disk_that_takes_no_file_keeps_nobody_from_disarming(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.part").mkdir()
    one = switches(tmp_path)
    one.on_message(ARMED, b"OFF", retained=False)
    assert one.turn()
    assert one.positions == {YARD: {"armed": False}}


@pytest.mark.parametrize(
    "hostile", [b"[" * 200_000, b'{"yard":' * 50_000, b"\xff\xfe", b"{" + b" " * 2_000_000 + b"}"]
)
def test_a_hostile_file_counts_for_nothing_and_is_written_over(
    tmp_path: Path, hostile: bytes
) -> None:
    (tmp_path / FILE).write_bytes(hostile)
    one = switches(tmp_path)
    assert one.positions == {}
    one.on_message(ARMED, b"OFF", retained=False)
    one.turn()
    assert switches(tmp_path).positions == {YARD: {"armed": False}}


def test_what_the_disk_did_not_take_is_kept_as_soon_as_it_does(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    folder.write_text("a file where the folder should be")
    one = switches(folder)
    one.on_message(ARMED, b"OFF", retained=False)
    one.turn()
    folder.unlink()
    one.keep_again()
    assert switches(folder).positions == {YARD: {"armed": False}}


def test_a_folder_in_the_place_of_the_file_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    one = switches(tmp_path)
    one.on_message(ARMED, b"OFF", retained=False)
    one.turn()
    assert switches(tmp_path).positions == {YARD: {"armed": False}}


def test_invented_names_fill_no_table_and_keep_no_known_camera_from_its_switch(
    tmp_path: Path,
) -> None:
    switches = Switches(tmp_path, TOPICS, lambda camera: camera == "gate", lambda: 3)
    for number in range(1000):
        switches.on_message(f"stillwatch/gw/x{number}/armed/set", b"OFF", False)
    switches.on_message("stillwatch/gw/gate/armed/set", b"OFF", False)
    assert [camera for camera, _ in switches.turn()] == ["x0", "x1", "x2", "gate"]
    switches.on_message("stillwatch/gw/x9/armed/set", b"OFF", False)
    switches.on_message("stillwatch/gw/x1/armed/set", b"ON", False)
    assert [camera for camera, _ in switches.turn()] == ["x1"]
