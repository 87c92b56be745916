"""All four stages over real pictures: three of a street, and labelled stills with damaged files."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

from tests.models import shipped
from tests.pachyderm import ORDER, Local, run_all
from tests.unit.cloud.stages.archives import NOON, contents
from tests.whole_archive import DAY, archive_of, fill, given, hold_against_labels

DATA = Path(os.environ.get("STILLWATCH_DATA", "/nowhere"))


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


@pytest.mark.timeout(1200)
@pytest.mark.skipif(
    not (DATA / "malformed").is_dir(), reason="STILLWATCH_DATA names no folder with malformed/"
)
def test_labelled_stills_and_malformed_files_go_the_whole_way(tmp_path: Path) -> None:
    stills, broken = fill(tmp_path / "in", DATA)
    made = run_all(ORDER, given(tmp_path, tmp_path / "in"), tmp_path / "work", Local())
    hold_against_labels(made, stills, broken, DATA)
