"""A Frigate configuration of ten cameras, imported as a person does it, finds the same people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.config import load as load_bridge
from contract.ids import track_of
from tests.system.replays import run, written
from tests.system.sites import CHECKOUT

TEN = CHECKOUT / "tests" / "frigate" / "ten-cameras.yml"

pytestmark = pytest.mark.slow


def edge(*arguments: str, folder: Path) -> str:
    """What the command prints; asserts that it succeeds."""
    finished = subprocess.run(
        [sys.executable, "-m", "edge", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def persons(video: Path, camera: str, folder: Path, *more: str) -> set[int]:
    """The tracks of those who are reported; the same person has the same in every replay."""
    told = run(video, "--camera", camera, *more, folder=folder)
    assert told.returncode == 0, told.stderr
    *frames, _ = [json.loads(line) for line in told.stdout.splitlines()]
    suspicions = [one for frame in frames for one in frame["suspicions"]]
    return {track_of(one["id"])[1] for one in suspicions if one["label"] == "person"}


def test_ten_cameras_are_imported_checked_and_find_the_people_they_found(tmp_path: Path) -> None:
    (tmp_path / "edge.yaml").write_text(edge("import", "frigate", str(TEN), folder=tmp_path))
    checked = edge("check-config", "--config", "edge.yaml", folder=tmp_path)
    assert "is valid" in checked
    video = written(tmp_path, 5)
    imported = ("--config", "edge.yaml")
    plain = persons(video, "front", tmp_path)
    assert plain
    assert persons(video, "front", tmp_path, *imported) == plain, "a zone of the whole picture"
    assert persons(video, "drive", tmp_path, *imported), "who walks on the drive"
    assert persons(video, "side", tmp_path, *imported) == set(), "all of it is masked"
    assert persons(video, "lane", tmp_path, *imported) == set(), "nobody stays for 20 s"


def test_what_the_bridge_is_given_is_a_configuration_without_passwords(tmp_path: Path) -> None:
    told = edge("import", "frigate", str(TEN), "--bridge", folder=tmp_path)
    (tmp_path / "bridge.yaml").write_text(told)
    cameras = load_bridge(tmp_path / "bridge.yaml").cameras
    assert cameras["front"].source == "rtsp://192.168.20.11:554/h264Preview_01_sub"
    assert cameras["front"].username == "viewer"
    assert cameras["drive"].transport == "udp"
    assert cameras["lane"].source == "rtsp://192.168.20.15/live/ch1"
    assert "Secret" not in told
