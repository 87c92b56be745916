"""Every stage run as its pipeline spec says, datum by datum, and all four one after the other."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.models import shipped
from tests.pachyderm import (
    ORDER,
    JobFailed,
    Local,
    Repositories,
    Spec,
    datums,
    expand,
    read_spec,
    run_all,
    run_pipeline,
)
from tests.unit.cloud.stages.archives import NOON, OTHER, PICTURE, TORN, contents, write
from tests.whole_archive import given

DAY = "gate/2024-05-01"


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


def archive_of(folder: Path) -> Repositories:
    """Two devices; a torn picture, a wrong name and files in wrong places among theirs."""
    files = {
        f"{DAY}/gate_{NOON}.jpg": PICTURE,
        f"{DAY}/gate_{NOON + 1}.jpg": TORN,
        f"{DAY}/notes": b"hello",
        f"yard/2024-05-01/yard_{NOON}.jpg": OTHER,
        f"yard/2024-05-01/gate_{NOON}.jpg": OTHER,
        f"yard/yard_{NOON}.jpg": PICTURE,
        f"yard/yard_{NOON + 1}.jpg": PICTURE,
    }
    return {"archive": write(folder, files)}


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


@pytest.mark.slow
def test_four_pipelines_make_a_plot_of_real_pictures(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "in")["archive"]
    streets = sorted((shipped("confirm-fused").parent / "self_test").glob("*.jpg"))
    for number, street in enumerate(streets[:3]):
        shutil.copy(street, archive / DAY / f"gate_{NOON + 900 * number + 2}.jpg")
    made = run_all(ORDER, given(tmp_path, archive), tmp_path / "work", Local())
    rows = list(csv.DictReader((made["plot"] / "threats.csv").read_text().splitlines()))
    assert sum(int(row["threats"]) for row in rows if row["device"] == "gate") == 3
    assert sum(int(row["threats"]) for row in rows if row["device"] == "yard") == 0
    assert (made["plot"] / "threats.png").read_bytes().startswith(b"\x89PNG")
    mails = [name for name in contents(made["threat-detect"]) if name.endswith(".eml")]
    assert [name.split("/")[1] for name in mails] == ["gate"] * 3
