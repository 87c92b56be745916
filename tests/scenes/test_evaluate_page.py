"""The page of a whole evaluation of shipped footage: what is missed is shown with its reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import Page
from tests.scenes.evaluated import cut, evaluated, need_models, write_corpus

FROM, FRAMES = 45, 15


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few seconds of two clips, of both of which it says that somebody is there."""
    need_models()
    root = tmp_path_factory.mktemp("corpus")
    return write_corpus(root, [cut(root, clip, FROM, FRAMES) for clip in ("walkers", "empty")])


def test_alarms_have_their_pictures_and_what_never_came_is_a_filmstrip(
    corpus: Path, tmp_path: Path
) -> None:
    report = evaluated(corpus, tmp_path).report
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
    evaluated(corpus, out, "--config", str(strict), "--only", "walkers")
    (missed,) = Page((out / "report.html").read_text("utf-8")).articles
    assert re.search(
        r"held back by a check: track #\d+: rule sure, threshold: held back", missed.words
    )
    assert "< 0.99" in missed.words
    assert len(missed.pictures) == 9  # the best detection too
