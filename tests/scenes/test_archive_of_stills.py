"""All four stages over an archive of labelled stills and damaged files, held against the labels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.pachyderm import ORDER, Local, run_all
from tests.whole_archive import fill, given, hold_against_labels

DATA = Path(os.environ.get("STILLWATCH_DATA", "/nowhere"))


@pytest.mark.timeout(1200)
@pytest.mark.skipif(
    not (DATA / "malformed").is_dir(), reason="STILLWATCH_DATA names no folder with malformed/"
)
def test_labelled_stills_and_malformed_files_go_the_whole_way(tmp_path: Path) -> None:
    stills, broken = fill(tmp_path / "in", DATA)
    made = run_all(ORDER, given(tmp_path, tmp_path / "in"), tmp_path / "work", Local())
    hold_against_labels(made, stills, broken, DATA)
