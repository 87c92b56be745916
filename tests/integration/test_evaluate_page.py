"""The page of a whole evaluation of shipped footage: what is missed is shown with its reason."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path

import pytest

from edge.replay.player import Video
from imaging.manifest import CHECKOUT_MODELS
from tests.models import shipped
from tests.pages import Page
from tools.evaluation.evaluate.__main__ import main

FOOTAGE = CHECKOUT_MODELS.parent / "footage"
FRAMES = 15


def sequence(root: Path, clip: str, from_s: int) -> dict[str, object]:
    """A few seconds of a clip, of which the corpus says that somebody is there."""
    video = Video(FOOTAGE / f"{clip}.mp4")
    (root / clip).mkdir()
    start = from_s * round(video.fps)
    frames: list[dict[str, object]] = []
    for name, payload in islice(video, start, start + FRAMES):
        (root / clip / f"{name}.jpg").write_bytes(payload)
        labels = {"person": True, "vehicle": False, "bicycle": False, "vehicle_parked": None}
        frames.append({"file": f"{name}.jpg", **labels})
    return {"id": clip, "dir": clip, "fps": video.fps, "frames": frames}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("nanodet-g-416-int8", "confirm-fused"):
        shipped(name)
    root = tmp_path_factory.mktemp("corpus")
    sequences = [sequence(root, "walkers", 9), sequence(root, "empty", 9)]
    (root / "manifest.json").write_text(json.dumps({"sequences": sequences}))
    return root


def test_alarms_have_their_pictures_and_what_never_came_is_a_filmstrip(
    corpus: Path, tmp_path: Path
) -> None:
    assert main([str(corpus), str(tmp_path)]) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["events"]["person"]["found"] == 1
    page = tmp_path / "report.html"
    assert page.stat().st_size < 5_000_000
    read = Page(page.read_text("utf-8"))
    missed, *alarms = read.articles
    assert missed.words.startswith("empty: person, 0.0 to 2.8 s")
    assert re.search("never passed|never detected|no track|held back by a check", missed.words)
    assert "15 frames: " in missed.words
    assert len(missed.pictures) >= 8
    assert len(alarms) == sum(row["suspicions"] for row in report["sequences"])
    assert len(alarms[0].pictures) >= 3  # the frame, and what was sent
    assert "edge: person" in alarms[0].words
    assert "cloud: confirmed, person" in alarms[0].words


def test_a_rule_that_is_too_strict_is_named_with_value_and_limit(
    corpus: Path, tmp_path: Path
) -> None:
    strict = tmp_path / "strict.yaml"
    strict.write_text("decide: {rules: [{id: sure, labels: [person], threshold: 0.99}]}")
    out = tmp_path / "out"
    assert main([str(corpus), str(out), "--config", str(strict), "--only", "walkers"]) == 0
    (missed,) = Page((out / "report.html").read_text("utf-8")).articles
    assert re.search(
        r"held back by a check: track #\d+: rule sure, threshold: held back", missed.words
    )
    assert "< 0.99" in missed.words
    assert len(missed.pictures) == 9  # the best detection too
