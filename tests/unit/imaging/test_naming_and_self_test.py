"""From class numbers to labels on the picture, and what a self-test expects of them."""

from pathlib import Path

import numpy as np
import pytest

from imaging.boxes import Candidates
from imaging.detections import Detections, no_detections
from imaging.letterbox import lay
from imaging.manifest import Manifest, ModelError, SelfTest
from imaging.naming import OutputError, detections_of
from imaging.self_test import picture_of, require, synthetic_picture, unmet
from tests.models import manifest_of

BOX = lay(200, 100, 100, 100, "letterbox")


def candidates(*boxes: tuple[float, float, float, float], number: int = 1) -> Candidates:
    return Candidates(
        boxes=np.array(boxes, np.float32),
        scores=np.full(len(boxes), 0.5, np.float32),
        classes=np.full(len(boxes), number, np.int64),
    )


def test_boxes_come_in_pixels_of_the_picture_with_their_label() -> None:
    found = detections_of(candidates((10, 35, 20, 45)), BOX, ["person", "car"])
    assert found.boxes.tolist() == [[20, 20, 40, 40]]
    assert found.labels == ("car",)


def test_what_lies_in_the_bars_is_dropped() -> None:
    assert len(detections_of(candidates((10, 0, 20, 20)), BOX, ["person", "car"])) == 0


@pytest.mark.parametrize("gap", ["", "???"])
def test_gaps_of_a_label_map_are_dropped(gap: str) -> None:
    assert len(detections_of(candidates((10, 35, 20, 45)), BOX, ["person", gap])) == 0


@pytest.mark.parametrize("number", [-1, 2, 90])
def test_a_class_without_a_label_is_a_fault_of_the_manifest(number: int) -> None:
    with pytest.raises(ModelError, match=f"class {number}, but the manifest has 2 labels"):
        detections_of(candidates((10, 35, 20, 45), number=number), BOX, ["person", "car"])


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_boxes_that_are_no_numbers_are_refused(wrong: float) -> None:
    with pytest.raises(OutputError):
        detections_of(candidates((wrong, 35, 20, 45)), BOX, ["person", "car"])


EXPECTED = SelfTest(picture="p.jpg", labels=("car",), boxes=((10, 10, 50, 50),), scores=(0.6,))


def seen(label: str, score: float, shift: float) -> Detections:
    return Detections(
        boxes=np.array([[10 + shift, 10, 50 + shift, 50]], np.float32),
        scores=np.array([score], np.float32),
        labels=(label,),
    )


def test_what_is_expected_and_found_within_tolerance_passes() -> None:
    assert unmet(EXPECTED, seen("car", 0.65, 2)) == ""


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (no_detections(), "no car was found"),
        (seen("dog", 0.6, 0), "no car was found"),
        (seen("car", 0.6, 30), "no car was found"),
        (seen("car", 0.4, 0), "has score 0.400, expected was 0.600"),
    ],
    ids=["nothing", "another label", "elsewhere", "another score"],
)
def test_what_is_missing_is_said(found: Detections, fault: str) -> None:
    manifest = Manifest.model_validate(manifest_of(self_test=EXPECTED.model_dump()))
    assert fault in unmet(EXPECTED, found)
    with pytest.raises(ModelError, match=f"sample fails its self-test: .*{fault}"):
        require(manifest, found)


def test_a_missing_picture_is_refused(tmp_path: Path) -> None:
    manifest = Manifest.model_validate(manifest_of(self_test=EXPECTED.model_dump()))
    with pytest.raises(ModelError, match=r"p\.jpg is missing or no picture"):
        picture_of(tmp_path, manifest)


def test_without_a_self_test_there_is_a_synthetic_picture(tmp_path: Path) -> None:
    picture = picture_of(tmp_path, Manifest.model_validate(manifest_of()))
    assert np.array_equal(picture, synthetic_picture())
    assert picture.shape == (480, 640, 3)
