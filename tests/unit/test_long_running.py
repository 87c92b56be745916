"""Whatever runs until it is stopped has a unit, a line in the guide, and somebody who asks."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.__main__ import command_line as bridge_parser
from cloud.__main__ import command_line as cloud_parser
from edge.__main__ import command_line as edge_parser

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = [edge_parser(), cloud_parser(), bridge_parser()]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
GUIDE = (ROOT / "docs" / "deploy.md").read_text()
SAYS = "until stopped"
"""Stands in the help of each."""


def lasting(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Commands below `parser` that run until they are stopped."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {one.dest: one.help or "" for one in action._choices_actions}
            for name, below in action.choices.items():
                if SAYS in (below.description or helps.get(name, "")):
                    yield below.prog
                yield from lasting(below)


COMMANDS = [command for parser in PROGRAMS for command in lasting(parser)]


def started(unit: Path) -> list[str]:
    """The words of its ExecStart, as they stand without a file of variables."""
    text = unit.read_text()
    [line] = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    for name, value in re.findall(r'^Environment="(\w+)=(.*)"$', text, re.MULTILINE):
        line = line.replace(f"${name}", value)
    program, *options = shlex.split(line)
    return [Path(program).name, *options]


def row_of(command: str) -> list[str]:
    """The cells of the guide's table."""
    [row] = [line for line in GUIDE.splitlines() if line.startswith(f"| `{command}` |")]
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_runs_for_long_has_its_unit_its_place_and_its_health(command: str) -> None:
    _, unit, place, health = row_of(command)
    assert place
    assert health
    if not unit.startswith("none: "):
        started_by = ROOT / "deploy" / "systemd" / unit.strip("`")
        assert " ".join(started(started_by)).startswith(f"{command} ")
    for folder in re.findall(r"`(deploy/kubernetes/[\w-]+)`", place):
        assert (ROOT / folder / "kustomization.yaml").is_file()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_starts_what_runs_for_long_with_options_that_it_has(unit: Path) -> None:
    program, *options = started(unit)
    [parser] = [one for one in PROGRAMS if one.prog == program]
    parser.parse_args(options)
    assert any(f"{program} {' '.join(options)}".startswith(one) for one in COMMANDS)
