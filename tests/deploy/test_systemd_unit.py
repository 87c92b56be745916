"""The unit file, by systemd's own checks and beside the program's time limits."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

from edge.config.schema import Runtime
from tests.deploy.conftest import ROOT
from tests.processes import binary

UNIT = ROOT / "deploy" / "systemd" / "stillwatch-edge.service"


def service() -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # as systemd spells it
    parser.read_string(UNIT.read_text())
    return dict(parser["Service"])


def verify(text: str, folder: Path) -> str:
    """What `systemd-analyze verify` says; it says nothing of a good unit."""
    analyze = binary("systemd-analyze", "apt-get install systemd")
    file = folder / UNIT.name
    file.write_text(text.replace("/opt/stillwatch/venv/bin/stillwatch-edge", sys.executable))
    done = subprocess.run(
        [analyze, "verify", str(file)], check=False, capture_output=True, text=True
    )
    return done.stderr


def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    assert verify(UNIT.read_text(), tmp_path) == ""


def test_systemd_would_find_a_misspelt_key(tmp_path: Path) -> None:
    assert "WatchdogSek" in verify(UNIT.read_text().replace("WatchdogSec", "WatchdogSek"), tmp_path)


def test_the_daemon_has_time_to_stop_and_is_missed_when_it_hangs() -> None:
    found, runtime = service(), Runtime()
    assert int(found["TimeoutStopSec"]) > runtime.stop_deadline_s + 5
    assert int(found["WatchdogSec"]) > runtime.heartbeat_s
    assert found["Type"] == "notify"


def test_only_what_a_person_must_mend_ends_the_restarts_which_no_rate_limits() -> None:
    found = service()
    assert found["Restart"] == "always"
    assert "StartLimitIntervalSec=0" in UNIT.read_text().splitlines()
    assert found["RestartPreventExitStatus"] == "78"


def test_little_is_exposed() -> None:
    """systemd's own score, of 100: under 20, where it was 85."""
    analyze = binary("systemd-analyze", "apt-get install systemd")
    command = [analyze, "security", "--offline=true", "--threshold=20", "--no-pager", str(UNIT)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
