"""Camera health on recorded scenes: no fault as they are, each mishap by its name."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from imaging.detections import Image
from tests.unit.edge.health.watched_camera import MISHAPS, Watched, grey, there_and_back

DATA = Path(os.environ.get("STILLWATCH_DATA", "/nowhere"))


def _sequences() -> list[tuple[str, Path, float]]:
    found = []
    for name in ("dev", "hard_negatives"):
        manifest = DATA / name / "manifest.json"
        if manifest.is_file():
            told = json.loads(manifest.read_text(encoding="utf-8"))
            found += [(s["id"], DATA / name / s["dir"], float(s["fps"])) for s in told["sequences"]]
    return found


NEEDS_DATA = pytest.mark.skipif(
    not _sequences(), reason="STILLWATCH_DATA names no labelled footage"
)


@NEEDS_DATA
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, _, _ in _sequences()])
def test_recorded_scenes_have_no_fault(name: str) -> None:
    """There and back for four minutes: everybody in them, their shadows, rain, insects, headlights,
    a light switch and a shaking mast."""
    _, folder, fps = next(row for row in _sequences() if row[0] == name)
    camera = Watched()
    camera.see(there_and_back([grey(image) for image in _images(folder)], int(240 * fps)), 1 / fps)
    assert camera.changes == []


@NEEDS_DATA
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, _, _ in _sequences()])
def test_recorded_scenes_show_each_mishap(name: str) -> None:
    """All but glare, which shows only where the scene itself is not as bright. A camera that is
    turned to bare ground may look covered."""
    _, folder, fps = next(row for row in _sequences() if row[0] == name)
    images = list(_images(folder))[:: max(1, round(fps))]
    before = Watched()
    before.see(there_and_back([grey(image) for image in images], 120))
    for mishap, fault in MISHAPS:
        if fault != "glare":
            camera = Watched(health=before.health, now=before.now)
            pictures = [grey(mishap(image, n)) for n, image in enumerate(images[::3])]
            camera.see(there_and_back(pictures, 40))
            told = (mishap.__name__, *camera.health.faults)
            assert told in ((mishap.__name__, fault), ("rotated", "covered"))


def _images(folder: Path) -> Iterator[Image]:
    for file in sorted(folder.glob("*.jpg")):
        yield np.asarray(cv2.imread(str(file)), np.uint8)
