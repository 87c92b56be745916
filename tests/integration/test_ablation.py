"""The ablation over a few real frames with the shipped models, broken off and gone on with."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from edge.config.load import load
from edge.replay.player import Video
from imaging.manifest import CHECKOUT_MODELS
from tests.models import shipped
from tools.evaluation.ablation.__main__ import main
from tools.evaluation.ablation.variants import without_each
from tools.evaluation.evaluate.__main__ import main as evaluate

FOOTAGE = CHECKOUT_MODELS.parent / "footage"
FROM, FRAMES = 50, 6


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Six frames in which people walk."""
    for name in ("nanodet-g-416-int8", "confirm-fused"):
        shipped(name)
    video = Video(FOOTAGE / "walkers.mp4")
    folder = tmp_path / "corpus"
    (folder / "walkers").mkdir(parents=True)
    frames = []
    for name, jpeg in islice(video, FROM, FROM + FRAMES):
        (folder / "walkers" / f"{name}.jpg").write_bytes(jpeg)
        labels = {"person": True, "vehicle": False, "bicycle": False}
        frames.append({"file": f"{name}.jpg", **labels})
    sequence = {"id": "walkers", "dir": "walkers", "fps": video.fps, "frames": frames}
    (folder / "manifest.json").write_text(json.dumps({"sequences": [sequence]}))
    return folder


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

    alone = tmp_path / "alone"
    assert evaluate([str(corpus), str(alone)]) == 0  # whose models do not remember
    once = json.loads((alone / "report.json").read_text())
    assert rows[0]["found"] == once["events"]["person"]["found"]
    assert rows[0]["bytes_share"] == pytest.approx(once["bytes_share"], abs=1e-4)

    marked = [row | {"false": 77} for row in rows[:2]]
    (out / "ablation.json").write_text(json.dumps(marked))
    assert main([str(corpus), str(out)]) == 0
    again = json.loads((out / "ablation.json").read_text())
    assert again == marked + rows[2:]
    assert "| without gate |" in (out / "ablation.md").read_text()
