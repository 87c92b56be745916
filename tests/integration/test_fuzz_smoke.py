"""A few thousand hostile inputs through all that reads bytes; `tests/faults` has the many."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tools import CHECKOUT
from tools.fuzz import run
from tools.fuzz.run import FuzzPlan, fuzz

DYING = """
import os, sys
from tools.fuzz import lane, targets
lane.TARGETS = (targets.Target("deadly", lambda _: b"x", lambda _: os.abort(), 1.0),)
sys.exit(lane.main())
"""


def test_hostile_bytes_raise_nothing_and_stay_within_time_and_memory(tmp_path: Path) -> None:
    summary = fuzz(FuzzPlan(seed="smoke", out=tmp_path, lanes=1, inputs=2_000, seconds=240))
    assert summary.faults == []
    assert summary.inputs == 2_000
    assert len(summary.of_target) > 10
    assert summary.ways > 50


def test_an_input_that_kills_its_process_is_found_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "dying.py"
    module.write_text(DYING)
    monkeypatch.setattr(run, "LANE", (sys.executable, str(module)))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join((str(CHECKOUT), os.environ.get("PYTHONPATH", "")))
    )
    plan = FuzzPlan(seed="dying", out=tmp_path / "found", lanes=1, inputs=2, seconds=60)
    summary = fuzz(plan)
    (name,) = summary.findings
    assert name.startswith("died-deadly-")
    assert "ended with -6" in (tmp_path / "found" / f"{name}.txt").read_text()
