"""The whole evaluation on a small corpus cut from the shipped clips, with the shipped models."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge.replay.player import Video
from imaging.manifest import CHECKOUT_MODELS
from tests.models import shipped
from tools.evaluation.evaluate.__main__ import main

FOOTAGE = CHECKOUT_MODELS.parent / "footage"
STREET = CHECKOUT_MODELS / "self_test"
FROM_S = 9
FRAMES = 30


def cut(clip: str, folder: Path) -> int:
    """Writes a few seconds of the clip, in which `walkers` has people; returns the rate."""
    video = Video(FOOTAGE / clip)
    folder.mkdir()
    start = FROM_S * round(video.fps)
    for name, payload in islice(video, start, start + FRAMES):
        (folder / f"{name}.jpg").write_bytes(payload)
    return round(video.fps)


def sequence(root: Path, clip: str, person: bool) -> dict[str, object]:
    fps = cut(f"{clip}.mp4", root / clip)
    labels = {"person": person, "vehicle": False, "bicycle": False, "vehicle_parked": False}
    files = sorted(file.name for file in (root / clip).iterdir())
    return {"id": clip, "dir": clip, "fps": fps, "frames": [{"file": f, **labels} for f in files]}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Where the reports lie, and the one for machines."""
    for name in ("nanodet-g-416-int8", "confirm-fused"):
        shipped(name)
    root, out = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("out")
    frame = cv2.imread(str(STREET / "street-030.jpg"))
    assert frame is not None
    cv2.imwrite(str(root / "crowd.jpg"), frame)
    cv2.imwrite(str(root / "sky.jpg"), frame[:60, :200])
    stills = [
        {"file": "crowd.jpg", "person": True, "vehicle": None, "bicycle": False},
        {"file": "sky.jpg", "person": False, "vehicle": False, "bicycle": False},
    ]
    sequences = [sequence(root, "walkers", True), sequence(root, "empty", False)]
    manifest = {"sequences": sequences, "stills": stills}
    (root / "manifest.json").write_text(json.dumps(manifest))
    assert main([str(root), str(out)]) == 0
    return out, json.loads((out / "report.json").read_text())


def test_the_walkers_are_found_and_the_empty_scene_stays_silent(
    found: tuple[Path, dict[str, Any]],
) -> None:
    report = found[1]
    assert report["events"]["person"]["total"] == 1
    assert report["events"]["person"]["found"] == 1
    assert report["false_alarms"] == 0
    assert report["sequences"][1]["suspicions"] == 0


def test_bytes_in_are_those_of_the_frames_and_bytes_out_hold_the_evidence(
    found: tuple[Path, dict[str, Any]],
) -> None:
    walkers, empty = found[1]["sequences"]
    assert walkers["bytes_out"] > 0
    assert empty["bytes_out"] == 0
    assert found[1]["bytes_in"] == walkers["bytes_in"] + empty["bytes_in"]


def test_the_still_with_people_is_confirmed_and_the_one_without_is_not(
    found: tuple[Path, dict[str, Any]],
) -> None:
    people = found[1]["stills"]["person"]
    assert (people["present"], people["found"], people["absent"], people["false"]) == (1, 1, 1, 0)


def test_frames_are_accounted_for(found: tuple[Path, dict[str, Any]]) -> None:
    for row in found[1]["sequences"]:
        assert sum(row["outcomes"].values()) == row["frames"] == FRAMES


def test_text_and_plots_lie_beside(found: tuple[Path, dict[str, Any]]) -> None:
    out = found[0]
    assert (out / "report.md").read_text().startswith("# Evaluation on")
    assert sorted(file.name for file in (out / "plots").iterdir()) == [
        "empty.png",
        "false_alarms.png",
        "walkers.png",
    ]
