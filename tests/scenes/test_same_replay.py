"""`same_replay` over real commits: this checkout's last one, and one that says something else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.scenes.evaluated import cut, need_models, write_corpus
from tests.system.sites import CHECKOUT, WALKERS, clip
from tools.evaluation.same_replay import main

PROGRAM = Path("edge/replay/text_report.py")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of our own with this checkout's last commit."""
    if not (CHECKOUT / ".git").exists():
        pytest.skip("this checkout is no repository of git")
    folder = tmp_path_factory.mktemp("clone") / "code"
    subprocess.run(
        ["git", "clone", "--quiet", "--shared", str(CHECKOUT), str(folder)], check=True, timeout=120
    )
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for number, jpeg in enumerate(clip(WALKERS, begin_s=10, seconds=0.6)):
        (folder / f"{number}.jpg").write_bytes(jpeg)
    return folder


def worktrees(clone: Path) -> int:
    listed = subprocess.run(
        ["git", "worktree", "list"], cwd=clone, check=True, capture_output=True, text=True
    )
    return len(listed.stdout.splitlines())


def test_files_as_they_are_replay_as_their_commit(
    clone: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["HEAD", "--footage", str(pictures)], checkout=clone) == 0
    assert f"{pictures.name}, frames: the same" in capsys.readouterr().out
    assert worktrees(clone) == 1


def test_reports_of_the_evaluation_are_the_same_but_for_the_times_of_the_run(
    clone: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_models()
    corpus = write_corpus(tmp_path, [cut(tmp_path, "walkers", 50, 6)])
    options = ["--footage", str(pictures), "--corpus", str(corpus), "--limit", "5"]
    assert main(["HEAD", *options], checkout=clone) == 0
    said = capsys.readouterr().out
    assert "report.json: the same" in said
    assert "report.md: the same" in said


def test_a_renamed_key_differs_until_it_is_named(
    clone: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = clone / PROGRAM
    words = program.read_text(encoding="utf-8")
    assert '"inferences":' in words
    program.write_text(words.replace('"inferences":', '"network_runs":'), encoding="utf-8")
    try:
        assert main(["HEAD", "--footage", str(pictures)], checkout=clone) == 1
        said = capsys.readouterr().out
        assert f"{pictures.name}, explanations: the same" in said
        assert f"{pictures.name}, frames: line 1" in said
        assert "network_runs" in said
        named = ["--renamed", "inferences=network_runs"]
        assert main(["HEAD", "--footage", str(pictures), *named], checkout=clone) == 0
    finally:
        program.write_text(words, encoding="utf-8")
