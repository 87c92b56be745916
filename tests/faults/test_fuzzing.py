"""Hostile bytes by the hundred thousand: nothing raises, dies, takes long, takes much, or grows.

`FUZZ_INPUTS` sets another number and `FUZZ_SEED` other inputs; a finding is written below the
test's folder, and its name says what it is.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.conftest import scaled
from tools.fuzz.run import FuzzPlan, fuzz


@pytest.mark.timeout(3_600)
def test_hundreds_of_thousands_of_hostile_inputs(tmp_path: Path) -> None:
    inputs = scaled("FUZZ_INPUTS", 200_000)
    seed = os.environ.get("FUZZ_SEED", "ci")
    plan = FuzzPlan(seed=seed, out=tmp_path / "found", lanes=2, inputs=inputs, seconds=3_000)
    summary = fuzz(plan)
    (tmp_path / "summary.txt").write_text(f"{summary}\n")
    assert summary.faults == [], f"see {tmp_path / 'found'}"
    assert summary.inputs == inputs
