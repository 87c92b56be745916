"""The same edge for ARM, emulated where the machine is none: it sees what the other one sees.

Quantised networks give scores that differ by a step or two between processors, and a box may take
another of several near positions; so each thing that one sees clearly, the other must see as well.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.boxes import iou
from tests.images.containers import inspected, memory, python, replayed
from tests.images.emulation import as_a_board
from tools import CHECKOUT
from tools.build.images.engine import Engine

STREETS = [CHECKOUT / "models" / "self_test" / f"street-{number}.jpg" for number in ("030", "330")]
CLEARLY, SCORE_TOLERANCE, LEAST_OVERLAP = 0.35, 0.08, 0.75


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for street in STREETS:
        shutil.copy(street, folder)
    return folder


def test_it_is_what_it_says(engine: Engine, edge_arm64: str, tmp_path: Path) -> None:
    assert inspected(engine, edge_arm64)["Architecture"] == "arm64"
    code = "import os, platform; print(platform.machine(), os.getuid())"
    told = python(engine, edge_arm64, code, "--platform=linux/arm64", *as_a_board(tmp_path))
    assert told.split() == ["aarch64", "10001"]


@pytest.mark.parametrize("runtime", ["tflite", "litert"])
def test_both_architectures_see_the_same_things(
    engine: Engine,
    edge_amd64: str,
    edge_arm64: str,
    tmp_path: Path,
    pictures: Path,
    runtime: str,
) -> None:
    options = [f"--env=STILLWATCH__DETECT__RUNTIME={runtime}", *memory(512)]
    options.append("--env=STILLWATCH__CAMERA_DEFAULTS__KIND=snapshot")  # half a minute lies between
    here = replayed(engine, edge_amd64, pictures, *options)
    board = ["--platform=linux/arm64", *as_a_board(tmp_path)]
    there = replayed(engine, edge_arm64, pictures, *options, *board)
    assert [record["frame"] for record in here] == [street.name for street in STREETS]
    assert [record["frame"] for record in there] == [street.name for street in STREETS]
    for ours, theirs in zip(here, there, strict=True):
        assert unseen(ours["detections"], theirs["detections"]) == []
        assert unseen(theirs["detections"], ours["detections"]) == []
    assert suspected(here) == suspected(there) == ["person"]


def unseen(clear: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What of `clear` has no counterpart in `other`."""
    return [
        thing
        for thing in clear
        if thing["score"] >= CLEARLY and not any(alike(thing, one) for one in other)
    ]


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    boxes = [np.array([thing["box"]], np.float32) for thing in (one, other)]
    return (
        one["label"] == other["label"]
        and abs(one["score"] - other["score"]) <= SCORE_TOLERANCE
        and float(iou(*boxes)[0, 0]) >= LEAST_OVERLAP
    )


def suspected(records: list[dict[str, Any]]) -> list[str]:
    return [suspicion["label"] for record in records for suspicion in record["suspicions"]]
