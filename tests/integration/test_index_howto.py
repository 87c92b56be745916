"""The how-to of index and labels does what it says: its settings and its commands, in order."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cloud.__main__ import main
from cloud.index.alarm_store import AlarmStore
from cloud.keys import Keys, make_keys, open_signer
from contract.operator_action import OutcomeCode
from objectstore.store_dir import DirectoryStore
from tests.alarms import action_on, received, report_of
from tests.unit.cloud.index.test_coco import check_coco, with_picture
from tests.unit.test_howtos import commands

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto" / "index-and-labels.md"
OUTCOMES: tuple[OutcomeCode, ...] = ("real", "false", "expected", "unclear")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the page: its settings, its key, and a store with four marked alarms."""
    [settings] = re.findall(r"```\n(store: .*?)```", HOWTO.read_text(), re.DOTALL)
    (tmp_path / "cloud.yaml").write_text(settings)
    make_keys(tmp_path / "workers")
    store = DirectoryStore(tmp_path / "store")
    alarms = AlarmStore(store, Keys(signer=open_signer(tmp_path / "workers")))
    for number, outcome in enumerate(OUTCOMES):
        report = with_picture(report_of(number), store)
        alarms.keep(received(report))
        alarms.append(action_on(report, 1, "outcome", outcome=outcome))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_of_the_page_make_an_index_and_a_data_set(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for program, *arguments in commands(HOWTO):
        assert program == "stillwatch-cloud"
        assert main(arguments) == 0
        said.append(json.loads(capsys.readouterr().out))
    assert said == [
        {"alarms": 4, "read": 4, "removed": 0, "missed": 0},
        {"alarms": 4, "read": 0, "removed": 0, "missed": 0},
        {"alarms": 3, "pictures": 3},
        {"alarms": 3, "pictures": 3},
    ]
    found = json.loads((folder / "north.json").read_text())
    check_coco(found)
    outcomes = {one["stillwatch"]["outcome"] for one in found["images"]}
    assert outcomes == set(OUTCOMES) - {"unclear"}
    assert len(found["annotations"]) == 2
    assert len(list((folder / "pictures").iterdir())) == 3
    assert json.loads((folder / "labels.json").read_text())["images"] == found["images"]
