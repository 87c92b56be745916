"""The unit files, by systemd's own checks and beside the programs' time limits."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.config import BridgeRuntimeConfig
from cloud.__main__ import command_line
from edge.config.schema import RuntimeConfig
from tests.deploy.conftest import ROOT
from tests.processes import binary

UNITS = ROOT / "deploy" / "systemd"
EDGE, BRIDGE = UNITS / "stillwatch-edge.service", UNITS / "stillwatch-bridge.service"
CONSOLE, NOTIFY = UNITS / "stillwatch-console.service", UNITS / "stillwatch-notify.service"
EACH = pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda unit: unit.stem)


def service(unit: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # as systemd spells it
    parser.read_string(unit.read_text())
    return dict(parser["Service"])


def verify(unit: Path, text: str, folder: Path) -> str:
    """What `systemd-analyze verify` says; it says nothing of a good unit."""
    analyze = binary("systemd-analyze", "apt-get install systemd")
    file = folder / unit.name
    file.write_text(re.sub(r"/opt/stillwatch/venv/bin/\S+", sys.executable, text))
    done = subprocess.run(
        [analyze, "verify", str(file)], check=False, capture_output=True, text=True
    )
    return done.stderr


@EACH
def test_systemd_finds_no_fault(unit: Path, tmp_path: Path) -> None:
    assert verify(unit, unit.read_text(), tmp_path) == ""


@EACH
def test_systemd_would_find_a_misspelt_key(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text().replace("WatchdogSec", "WatchdogSek")
    assert "WatchdogSek" in verify(unit, text, tmp_path)


def test_the_daemon_has_time_to_stop_and_is_missed_when_it_hangs() -> None:
    found, runtime = service(EDGE), RuntimeConfig()
    assert int(found["TimeoutStopSec"]) > runtime.stop_deadline_s + 5
    assert int(found["WatchdogSec"]) > runtime.heartbeat_s
    assert found["Type"] == "notify"


@pytest.mark.parametrize("unit", [CONSOLE, NOTIFY])
def test_what_the_cloud_keeps_for_people_has_a_user_and_a_folder_of_its_own(unit: Path) -> None:
    found = service(unit)
    assert found["User"] == found["Group"] == found["StateDirectory"] == unit.stem
    assert found["WorkingDirectory"] == f"/var/lib/{unit.stem}"
    program, *verb = found["ExecStart"].split()
    assert program == "/opt/stillwatch/venv/bin/stillwatch-cloud"
    options = command_line().parse_args(verb)
    assert str(options.settings) == f"/etc/stillwatch/{unit.stem.removeprefix('stillwatch-')}.yaml"


def test_the_bridge_has_time_to_stop() -> None:
    found = service(BRIDGE)
    assert int(found["TimeoutStopSec"]) > BridgeRuntimeConfig().stop_deadline_s + 5
    assert found["Type"] == "notify"
    assert found["User"] != service(EDGE)["User"]


@EACH
def test_only_what_a_person_must_mend_ends_the_restarts_which_no_rate_limits(unit: Path) -> None:
    found = service(unit)
    assert found["Restart"] == "always"
    assert "StartLimitIntervalSec=0" in unit.read_text().splitlines()
    assert found["RestartPreventExitStatus"] == "78"


@EACH
def test_little_is_exposed(unit: Path) -> None:
    """systemd's own score, of 100: under 20, where it was 85."""
    analyze = binary("systemd-analyze", "apt-get install systemd")
    command = [analyze, "security", "--offline=true", "--threshold=20", "--no-pager", str(unit)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
