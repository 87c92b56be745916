"""The unit file: its paths survive systemd's own reading, and whose it is can be told."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edge.service_unit.installation import SHIPPED, UNIT
from edge.service_unit.unit import Credential, UnitOrigin, UnitPaths, origin, rendered
from tests.processes import binary

TEXT = SHIPPED.read_text(encoding="utf-8")
USUAL = UnitPaths(
    program=Path("/opt/stillwatch/venv/bin/stillwatch-edge"),
    config=Path("/etc/stillwatch/edge.yaml"),
    models=Path("/opt/stillwatch/models"),
)


def test_usual_paths_give_the_shipped_unit() -> None:
    """But for its two lines of comment and the documentation, which may lie elsewhere."""
    ours = rendered(TEXT, USUAL).splitlines()[2:]
    shipped = [line for line in TEXT.splitlines()[1:] if not line.startswith("Documentation=")]
    assert ours == shipped


def test_whose_a_unit_is() -> None:
    ours = rendered(TEXT, USUAL)
    assert origin(ours, TEXT) is UnitOrigin.OURS
    assert origin(TEXT, TEXT) is UnitOrigin.SHIPPED
    assert origin(ours + "Nice=5\n", TEXT) is UnitOrigin.EDITED
    assert origin(ours.replace("768M", "1G"), TEXT) is UnitOrigin.EDITED
    assert origin(TEXT.replace("768M", "1G"), TEXT) is UnitOrigin.FOREIGN
    assert origin("", TEXT) is UnitOrigin.FOREIGN


def test_a_file_is_handed_over_with_the_key_that_finds_it() -> None:
    credential = Credential(key="deliver.uplink.password_file", file=Path("/etc/stillwatch/p%1"))
    paths = replace(USUAL, credentials=(credential,))
    lines = rendered(TEXT, paths).splitlines()
    assert "LoadCredential=deliver.uplink.password_file:/etc/stillwatch/p%%1" in lines
    variable = "STILLWATCH__DELIVER__UPLINK__PASSWORD_FILE"
    assert f"Environment={variable}=%d/deliver.uplink.password_file" in lines


ODD = ["a b", "50%", "%n", "$HOME", "${X}", ";", "ä", "#x", "-x", "@x"]


@pytest.mark.parametrize("name", ODD)
def test_systemd_reads_odd_paths_as_they_are(name: str, tmp_path: Path) -> None:
    """Its own verifier misses a program whose path it reads otherwise, and finds this one."""
    program = tmp_path / name / "stillwatch-edge"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    told = verified(paths_in(tmp_path / name, program), tmp_path)
    assert told == ""
    gone = verified(paths_in(tmp_path / name, program.with_name("gone")), tmp_path)
    assert "is not executable" in gone


def paths_in(folder: Path, program: Path) -> UnitPaths:
    file = Credential(key="enrolment.token_file", file=folder / "token")
    return UnitPaths(
        program=program, config=folder / "e.yaml", models=folder / "models", credentials=(file,)
    )


def verified(paths: UnitPaths, folder: Path) -> str:
    analyze = binary("systemd-analyze", "apt-get install systemd")
    file = folder / UNIT
    file.write_text(rendered(TEXT, paths), encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", str(file)], check=False, capture_output=True, text=True
    )
    return done.stderr


def test_what_is_installed_is_exposed_as_little_as_what_is_shipped(tmp_path: Path) -> None:
    """systemd's own score, of 10."""
    analyze = binary("systemd-analyze", "apt-get install systemd")
    file = tmp_path / UNIT
    file.write_text(rendered(TEXT, paths_in(tmp_path, Path(sys.executable))), encoding="utf-8")
    command = [analyze, "security", "--offline=true", "--no-pager", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= 1.5
