"""The disk fails or the power goes at any single call: a start succeeds, nothing kept is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import scaled
from tests.system.sites import CHECKOUT

SHIM = Path(__file__).with_name("shim.c")
EVERY = scaled("SHIM_EVERY", 2)
"""Of the points at which a call fails, one in so many; at which a kill comes, all."""


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shim, compiled."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler: apt-get install gcc libc6-dev")
    built = tmp_path_factory.mktemp("shim") / "shim.so"
    options = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror"]
    subprocess.run([compiler, *options, "-o", str(built), str(SHIM), "-ldl"], check=True)
    return built


@pytest.mark.parametrize("mode", ["kill", "full", "read_only", "io_error", "io_errors"])
def test_at_every_call_on_the_disk_nothing_promised_is_lost(
    shim: Path, tmp_path: Path, mode: str
) -> None:
    every = 1 if mode == "kill" else EVERY
    lives = lived(shim, tmp_path, mode, every)
    assert [life for life in lives if life["wrong"] or life["errors"]] == []
    *struck, last = lives
    assert last["status"] == 0
    assert len(lives) > 250 // every
    if mode == "kill":
        assert {life["status"] for life in struck} == {-9}


def lived(shim: Path, folder: Path, mode: str, every: int) -> list[dict[str, object]]:
    """All lives of a mode, up to one that the fault no longer reached."""
    command = [sys.executable, "-m", "tests.faults.shim_life", str(shim), str(folder), mode]
    environ = {**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": str(CHECKOUT)}
    run = subprocess.run(
        [*command, "0", str(every)], env=environ, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return [json.loads(line) for line in run.stdout.splitlines()]
