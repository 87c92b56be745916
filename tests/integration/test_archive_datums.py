"""Every stage run as its pipeline spec says, datum by datum, and all four one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.pachyderm import (
    JobFailed,
    Local,
    Spec,
    datums,
    expand,
    read_spec,
    run_pipeline,
)
from tests.unit.cloud.stages.archives import NOON, contents, write
from tests.whole_archive import DAY, archive_of


def test_a_glob_finds_files_and_folders_of_its_depth(tmp_path: Path) -> None:
    tree = write(tmp_path, {"gate/1/a": b"", "gate/b": b"", "yard/2/c": b""})
    assert expand(tree, "/") == [""]
    assert expand(tree, "/*") == ["gate", "yard"]
    assert expand(tree, "/*/*") == ["gate/1", "gate/b", "yard/2"]
    assert expand(tree, "/yard/*") == ["yard/2"]


def test_a_cross_is_every_combination(tmp_path: Path) -> None:
    detections = write(tmp_path / "d", {f"{DAY}/a": b"", "yard/2024-05-01/b": b""})
    rules = write(tmp_path / "r", {"rules.yaml": b"", "notes": b""})
    found = datums(read_spec("threat-detect"), {"object-detect": detections, "rules": rules})
    assert [[piece.path for piece in datum] for datum in found] == [
        [DAY, "rules.yaml"],
        ["yard/2024-05-01", "rules.yaml"],
    ]


class Failing:
    """Fails the first `times` runs after writing rubbish, as a worker that dies half way."""

    def __init__(self, times: int) -> None:
        self.left = times

    def run(self, spec: Spec, root: Path, environment: Mapping[str, str]) -> int:
        if self.left == 0:
            return Local().run(spec, root, environment)
        self.left -= 1
        (root / "pfs" / "out" / "half").write_text("rubbish")
        return 1


def test_a_stage_runs_as_its_spec_says_and_datums_do_not_meet(tmp_path: Path) -> None:
    out = run_pipeline(read_spec("validate"), archive_of(tmp_path / "in"), tmp_path, Local())
    names = contents(out).keys()
    assert {name for name in names if name.startswith("valid/")} == {
        f"valid/{DAY}/gate_{NOON}.jpg",
        f"valid/yard/2024-05-01/yard_{NOON}.jpg",
    }
    assert len([name for name in names if name.startswith("invalid/misplaced/yard/")]) == 3
    assert not any(path.is_symlink() for path in out.rglob("*"))


def test_a_datum_that_fails_is_tried_again_from_nothing(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "in")
    twice = run_pipeline(read_spec("validate"), archive, tmp_path / "a", Failing(2))
    once = run_pipeline(read_spec("validate"), archive, tmp_path / "b", Local())
    assert contents(twice) == contents(once)
    with pytest.raises(JobFailed, match="failed 3 times"):
        run_pipeline(read_spec("validate"), archive, tmp_path / "c", Failing(3))
