"""The whole evaluation on a small corpus cut from the shipped clips, with the shipped models."""

from __future__ import annotations

import cv2
import pytest

from imaging.manifest import CHECKOUT_MODELS
from tests.scenes.evaluated import Evaluated, cut, evaluated, need_models, write_corpus

STREET = CHECKOUT_MODELS / "self_test"
FROM, FRAMES = 45, 30
"""Of both clips; then `walkers` has people."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    need_models()
    root, out = tmp_path_factory.mktemp("corpus"), tmp_path_factory.mktemp("out")
    frame = cv2.imread(str(STREET / "street-030.jpg"))
    assert frame is not None
    cv2.imwrite(str(root / "crowd.jpg"), frame)
    cv2.imwrite(str(root / "sky.jpg"), frame[:60, :200])
    stills = [
        {"file": "crowd.jpg", "person": True, "vehicle": None, "bicycle": False},
        {"file": "sky.jpg", "person": False, "vehicle": False, "bicycle": False},
    ]
    walkers = cut(root, "walkers", FROM, FRAMES)
    empty = cut(root, "empty", FROM, FRAMES, person=False)
    return evaluated(write_corpus(root, [walkers, empty], stills=stills), out)


def test_the_walkers_are_found_and_the_empty_scene_stays_silent(found: Evaluated) -> None:
    report = found.report
    assert report["events"]["person"]["total"] == 1
    assert report["events"]["person"]["found"] == 1
    assert report["false_alarms"] == 0
    assert report["sequences"][1]["suspicions"] == 0


def test_bytes_in_are_those_of_the_frames_and_bytes_out_hold_the_evidence(found: Evaluated) -> None:
    walkers, empty = found.report["sequences"]
    assert walkers["bytes_out"] > 0
    assert empty["bytes_out"] == 0
    assert found.report["bytes_in"] == walkers["bytes_in"] + empty["bytes_in"]


def test_the_still_with_people_is_confirmed_and_the_one_without_is_not(found: Evaluated) -> None:
    people = found.report["stills"]["person"]
    assert (people["present"], people["found"], people["absent"], people["false"]) == (1, 1, 1, 0)


def test_frames_are_accounted_for(found: Evaluated) -> None:
    for row in found.report["sequences"]:
        assert sum(row["outcomes"].values()) == row["frames"] == FRAMES


def test_text_and_plots_lie_beside(found: Evaluated) -> None:
    out = found.out
    assert (out / "report.md").read_text().startswith("# Evaluation on")
    assert sorted(file.name for file in (out / "plots").iterdir()) == [
        "empty.png",
        "false_alarms.png",
        "walkers.png",
    ]
