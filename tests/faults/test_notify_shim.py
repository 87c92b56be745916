"""The disk of the notification queue fails or the power goes at any single call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import scaled
from tests.faults.test_disk_shim import shim
from tests.system.sites import CHECKOUT

__all__ = ["shim"]
EVERY = scaled("SHIM_EVERY", 2)


@pytest.mark.parametrize("mode", ["kill", "full", "read_only", "io_error", "io_errors"])
def test_at_every_call_everybody_is_told_in_order_and_at_most_the_last_word_twice(
    shim: Path, tmp_path: Path, mode: str
) -> None:
    every = 1 if mode == "kill" else EVERY
    command = [sys.executable, "-m", "tests.faults.notify_life", str(shim), str(tmp_path), mode]
    environ = {**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": str(CHECKOUT)}
    run = subprocess.run(
        [*command, str(every)],
        env=environ,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    lives = [json.loads(line) for line in run.stdout.splitlines()]
    assert [life for life in lives if life["wrong"] or life["errors"]] == []
    assert lives[-1]["status"] == 0
    assert len(lives) > 100 // every
    if mode == "kill":
        assert {life["status"] for life in lives[:-1]} == {-9}
