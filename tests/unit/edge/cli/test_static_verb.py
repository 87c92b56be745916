"""`edge static`: what is remembered can be seen, drawn and forgotten."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import pytest

from edge.__main__ import main
from edge.static_objects.database import FILE
from edge.static_objects.store import StaticStore
from tests.fakes import ManualClock
from tests.unit.edge.deliver.bundles import CAMERA
from tests.unit.edge.static_objects.static_rims import OTHER, parked


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose outbox's folder remembers a car on each of two cameras."""
    store = StaticStore(tmp_path, ManualClock())
    store.sync(CAMERA, parked())
    store.sync(OTHER, parked(2))
    store.close()
    file = tmp_path / "edge.yaml"
    file.write_text(f"deliver: {{outbox: {{path: {tmp_path}}}}}\n")
    return file


def test_list_names_each_thing_and_json_says_the_same(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["static", "--config", str(config), "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        [f"{CAMERA}/1", "car", "static"],
        [f"{OTHER}/1", "car", "static"],
    ]
    assert main(["static", "--config", str(config), "list", "--json", "--camera", OTHER]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["id"], facts["group"], facts["static"]) == (f"{OTHER}/1", "vehicle", True)


def test_the_looks_are_drawn(config: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    assert main(["static", "--config", str(config), "list", "--pictures", str(folder)]) == 0
    drawn = {file.name: cv2.imread(str(file), 0) for file in folder.iterdir()}
    assert drawn.keys() == {f"{CAMERA}-1.png", f"{OTHER}-1.png"}
    assert all(picture is not None and picture.std() > 10 for picture in drawn.values())


@pytest.mark.parametrize(
    ("which", "left"),
    [
        ([f"{CAMERA}/1"], [OTHER]),
        (["--camera", OTHER], [CAMERA]),
        (["--all"], []),
        ([f"{CAMERA}/77"], [CAMERA, OTHER]),
    ],
)
def test_forget_takes_one_a_camera_or_all(
    config: Path, capsys: pytest.CaptureFixture[str], which: list[str], left: list[str]
) -> None:
    status = main(["static", "--config", str(config), "forget", *which])
    assert status == (1 if len(left) == 2 else 0)
    main(["static", "--config", str(config), "list", "--json"])
    reported_by = capsys.readouterr().out.splitlines()[1:]
    assert [json.loads(line)["camera"] for line in reported_by] == left


def test_a_damaged_file_is_refused_with_a_hint(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in tmp_path.glob(f"{FILE}*"):
        file.unlink()
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    assert main(["static", "--config", str(config), "list"]) == os.EX_CONFIG
    assert "daemon sets such a file aside" in capsys.readouterr().err
    assert main(["static", "--config", str(config), "forget", "nothing"]) == os.EX_CONFIG


def test_at_the_wrong_place_there_is_no_memory_and_the_status_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "edge.yaml"
    file.write_text(f"deliver: {{outbox: {{path: {tmp_path / 'elsewhere'}}}}}\n")
    for action in (["list"], ["forget", "--all"]):
        assert main(["static", "--config", str(file), *action]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert f"no memory at {tmp_path / 'elsewhere' / FILE}" in said.err
