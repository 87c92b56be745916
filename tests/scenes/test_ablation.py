"""The ablation over a few real frames with the shipped models, broken off and gone on with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.config.load import load
from tests.scenes.evaluated import cut, evaluated, need_models, write_corpus
from tools.evaluation.ablation.__main__ import main
from tools.evaluation.ablation.variants import without_each

FROM, FRAMES = 50, 6


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Six frames in which people walk."""
    need_models()
    return write_corpus(tmp_path / "corpus", [cut(tmp_path / "corpus", "walkers", FROM, FRAMES)])


def test_every_stage_has_its_row_and_a_finished_row_is_not_run_again(
    corpus: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert main([str(corpus), str(out)]) == 0
    rows = json.loads((out / "ablation.json").read_text())
    assert [row["variant"] for row in rows] == [v.name for v in without_each(load(None, {}))]
    assert all(row["events"] == 1 and row["frames"] == FRAMES for row in rows)
    ungated = next(row for row in rows if row["variant"] == "without gate")
    assert ungated["analysed"] == FRAMES

    once = evaluated(corpus, tmp_path / "alone").report  # whose models do not remember
    assert rows[0]["found"] == once["events"]["person"]["found"]
    assert rows[0]["bytes_share"] == pytest.approx(once["bytes_share"], abs=1e-4)

    marked = [row | {"false": 77} for row in rows[:2]]
    (out / "ablation.json").write_text(json.dumps(marked))
    assert main([str(corpus), str(out)]) == 0
    again = json.loads((out / "ablation.json").read_text())
    assert again == marked + rows[2:]
    assert "| without gate |" in (out / "ablation.md").read_text()
