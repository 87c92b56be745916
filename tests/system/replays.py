"""`edge replay` as a process, and something to play."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2

from tests.system.sites import CHECKOUT, WALKERS, clip

RUNTIME = {"STILLWATCH__DETECT__RUNTIME": "litert"}


def run(*arguments: str | Path, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """One replay, to its end; `environ` are settings."""
    variables = {**os.environ, "PYTHONPATH": str(CHECKOUT), **RUNTIME, **environ}
    command = [sys.executable, "-m", "edge", "replay", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120, check=False
    )


def written(folder: Path, seconds: float) -> Path:
    """A short video of walkers."""
    path = folder / "walkers.avi"
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5.0, (640, 480), isColor=True
    )
    for jpeg in clip(WALKERS, begin_s=8, seconds=seconds):
        (folder / "one.jpg").write_bytes(jpeg)
        image = cv2.imread(str(folder / "one.jpg"))
        assert image is not None
        writer.write(cv2.resize(image, (640, 480)))
    writer.release()
    return path
