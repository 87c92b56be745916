"""What the how-tos tell people to write and to type is taken by what they write and type it for."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bridge.__main__ import command_line as bridge_command_line
from bridge.config import load
from cloud.__main__ import command_line as cloud_command_line
from cloud.settings import load_settings
from contract.ids import CameraId, GatewayId
from contract.topics import Topics
from edge.__main__ import command_line as edge_command_line
from edge.config.load import read
from edge.config.schema import EdgeConfig
from edge.home_assistant.camera_device import camera_message
from edge.home_assistant.discovery import Announced
from imaging.manifest import read_manifest

HOWTOS = Path(__file__).resolve().parents[2] / "docs" / "howto"
PAGES = sorted(HOWTOS.glob("*.md"))
HOME_ASSISTANT = HOWTOS / "home-assistant.md"
PROGRAMS = {
    "stillwatch-edge": edge_command_line,
    "stillwatch-cloud": cloud_command_line,
    "stillwatch-bridge": bridge_command_line,
}


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


EXAMPLES = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "yaml"))
    if "source:" not in block
    and not block.startswith("automation:")
    and not re.search("^notify:", block, re.MULTILINE)
]
NOTIFY_EXAMPLES = blocks(HOWTOS / "get-notified.md", "yaml")


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_configuration_that_says_something(example: str) -> None:
    assert read(example.encode(), {}).config != EdgeConfig()


@pytest.mark.parametrize("example", NOTIFY_EXAMPLES)
def test_an_example_of_the_cloud_tells_somebody(tmp_path: Path, example: str) -> None:
    (tmp_path / "notify.yaml").write_text(example, encoding="utf-8")
    settings = load_settings(tmp_path / "notify.yaml", {}, {}).notify
    assert dict(settings.destinations())
    assert settings.rules


def commands(page: Path) -> Iterator[list[str]]:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if re.match(r"    stillwatch-(edge|cloud|bridge) ", line):
            yield shlex.split(re.split(r" [|>] ", line)[0], comments=True)


WITH_COMMANDS = [HOWTOS.parents[1] / "README.md", *HOWTOS.parent.glob("*.md"), *PAGES]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_every_command_is_one_that_the_program_takes(page: Path) -> None:
    for program, *arguments in commands(page):
        PROGRAMS[program]().parse_args(arguments)


def test_the_pages_have_commands_and_examples() -> None:
    assert len(EXAMPLES) >= 5
    assert sum(len(list(commands(page))) for page in PAGES) >= 10


def test_the_manifest_is_one(tmp_path: Path) -> None:
    [text] = blocks(HOWTOS / "add-a-model.md", "json")
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    assert read_manifest(tmp_path).name == json.loads(text)["name"]


def test_the_bridges_example_is_one(tmp_path: Path) -> None:
    [text] = [one for one in blocks(HOWTOS / "connect-a-camera.md", "yaml") if "source:" in one]
    (tmp_path / "bridge.yaml").write_text(text, encoding="utf-8")
    assert set(load(tmp_path / "bridge.yaml").cameras) == {"gate", "yard", "porch"}


def test_the_automation_names_entities_and_fields_that_there_are() -> None:
    [text] = [one for one in blocks(HOME_ASSISTANT, "yaml") if one.startswith("automation:")]
    [automation] = yaml.safe_load(text)["automation"]
    told = Announced(topics=Topics(gateway=GatewayId("home")), prefix="homeassistant", version="1")
    components = json.loads(camera_message(told, CameraId("gate")))["components"]
    names = {
        f"{one['platform']}.gate_{one['name'].lower().replace(' ', '_')}"
        for one in components.values()
    }
    assert automation["triggers"][0]["entity_id"] in names
    assert automation["actions"][0]["data"]["data"]["image"].split("/")[-1] in names
    for field in re.findall(r"attributes\.(\w+)", text):
        assert f"'{field}'" in components["verdict"]["value_template"]
