"""The part of the client ids that no other machine has: kept, renewed on a clone, never fatal."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from edge.daemon.identity import FILE, Identity, open_identity
from tests.fakes import recorded_events


def machine(root: Path, **facts: str) -> Path:
    """A file system that says `facts` about its machine; cards are network cards."""
    paths = {
        "board": "proc/device-tree/serial-number",
        "machine": "etc/machine-id",
    }
    for name, value in facts.items():
        file = root / paths.get(name, f"sys/class/net/{name}/address")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\0\n" if name == "board" else f"{value}\n")
        if name not in paths:
            (file.parent / "device").mkdir(exist_ok=True)
    root.mkdir(exist_ok=True)
    return root


def opened(folder: Path, root: Path, **environ: str) -> Identity:
    return open_identity(folder, root, environ)


def test_the_first_start_makes_an_id_and_later_ones_find_it(tmp_path: Path) -> None:
    here = machine(tmp_path / "here", board="1000", machine="aa")
    with recorded_events() as lines:
        first = opened(tmp_path / "state", here)
        assert opened(tmp_path / "state", here) == first
    assert first.kept
    assert [(line.event, line.fields["reason"]) for line in lines] == [
        ("client_id_made", "the first start here")
    ]
    assert stat.S_IMODE((tmp_path / "state" / FILE).stat().st_mode) == 0o600
    assert "1000" not in (tmp_path / "state" / FILE).read_text()


def test_two_gateways_of_one_name_have_two_ids(tmp_path: Path) -> None:
    here = machine(tmp_path / "here", machine="aa")
    assert opened(tmp_path / "a", here).id != opened(tmp_path / "b", here).id


@pytest.mark.parametrize(
    ("there", "same"),
    [
        ({"board": "2000", "machine": "aa", "eth0": "02:01"}, False),  # a cloned card
        ({"board": "1000", "machine": "bb", "eth0": "02:01"}, False),  # another system
        ({"board": "1000", "machine": "aa", "eth0": "02:02"}, True),  # another network card
        ({"board": "1000"}, True),
        ({"eth0": "02:01", "eth1": "02:09"}, True),
        ({"eth0": "02:02"}, False),
        ({}, True),
    ],
    ids=str,
)
def test_a_state_folder_from_another_machine_is_known(
    tmp_path: Path, there: dict[str, str], same: bool
) -> None:
    here = machine(tmp_path / "here", board="1000", machine="aa", eth0="02:01")
    first = opened(tmp_path / "state", here)
    then = opened(tmp_path / "state", machine(tmp_path / "there", **there))
    assert (then.id == first.id) is same
    assert then.kept
    assert opened(tmp_path / "state", tmp_path / "there") == then


def test_a_device_is_known_by_its_number_in_the_fleet(tmp_path: Path) -> None:
    root = machine(tmp_path / "root")
    first = opened(tmp_path / "state", root, BALENA_DEVICE_UUID="a")
    assert opened(tmp_path / "state", root, BALENA_DEVICE_UUID="a") == first
    assert opened(tmp_path / "state", root, BALENA_DEVICE_UUID="b") != first


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\0" * 100,
        b"[" * 100_000,
        b"[]",
        b"null",
        b'{"id": 7, "machine": {}}',
        b'{"id": "../../etc/pas", "machine": {}}',
        b'{"id": "a/+/#/b\\u0000cc", "machine": {}}',
        b'{"id": "0123456789ab"}',
        b'{"id": "\xff"}',
    ],
)
def test_a_damaged_file_gives_a_new_id_that_is_kept(tmp_path: Path, document: bytes) -> None:
    root = machine(tmp_path / "root", machine="aa")
    (tmp_path / FILE).write_bytes(document)
    identity = opened(tmp_path, root)
    assert identity.kept
    assert opened(tmp_path, root) == identity


def test_odd_facts_in_the_file_do_not_stop_the_start(tmp_path: Path) -> None:
    root = machine(tmp_path / "root", machine="aa")
    kept = {"id": "0123456789ab", "machine": {"machine": [7, None, ["x"]], "board": "no list"}}
    (tmp_path / FILE).write_text(json.dumps(kept))
    assert opened(tmp_path, root).kept


def test_a_folder_that_takes_no_file_gives_an_id_of_this_run(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with recorded_events() as lines:
        identity = opened(tmp_path / "state", machine(tmp_path / "root"))
    assert not identity.kept
    assert [line.event for line in lines] == ["client_id_not_kept"]


def test_a_folder_where_the_file_should_be_does_not_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / FILE / "x").mkdir(parents=True)
    assert opened(tmp_path, machine(tmp_path / "root")).id
