"""Edge models from end to end: real `.tflite` files, real interpreters, real refusals."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from edge.detect.detector import TfliteDetector, open_detector
from edge.detect.runner import importable
from edge.detect.runtimes import Runtime
from imaging.detections import Image
from imaging.manifest import ModelError
from tests.integration import tiny_models
from tests.models import COCO9, changed, shipped, street, write_manifest

LABELS = ["person", "car", "dog"]
FLOAT_INPUT = {"width": 64, "height": 64, "dtype": "float32", "std": [255, 255, 255]}


def opened(folder: Path, runtime: Runtime = "litert", min_score: float = 0.25) -> TfliteDetector:
    if runtime not in importable():
        pytest.skip(f"{runtime} is not installed")
    return open_detector(str(folder), runtime, threads=1, min_score=min_score)


def square() -> Image:
    return np.full((128, 128, 3), 90, np.uint8)


@pytest.fixture(scope="session")
def ssd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ssd")
    tiny_models.write_tflite(folder / "model.tflite", tiny_models.ssd)
    return write_manifest(folder, family="ssd", labels=LABELS, input=FLOAT_INPUT)


@pytest.mark.parametrize("runtime", ["tflite", "litert"])
def test_an_ssd_with_its_post_processing_is_read(ssd: Path, runtime: Runtime) -> None:
    found = opened(ssd, runtime).detect(square())
    assert found.labels == ("dog",)
    assert found.boxes[0] == pytest.approx([32, 32, 64, 96], abs=0.1)
    assert found.scores == pytest.approx([tiny_models.SCORE], abs=0.01)


def test_an_ssd_with_too_few_labels_is_refused(ssd: Path, tmp_path: Path) -> None:
    shutil.copytree(ssd, tmp_path, dirs_exist_ok=True)
    write_manifest(tmp_path, family="ssd", labels=["person"], input=FLOAT_INPUT)
    with pytest.raises(ModelError, match="class 2, but the manifest has 1 labels"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("pixels", "objectness", "channels_first"),
    [(False, False, True), (True, False, True), (True, True, False), (False, False, False)],
    ids=["columns of shares", "columns of pixels", "objectness in pixels", "rows of shares"],
)
def test_the_exported_forms_of_yolo_are_read(
    tmp_path: Path, pixels: bool, objectness: bool, channels_first: bool
) -> None:
    network = tiny_models.yolo(pixels=pixels, objectness=objectness, channels_first=channels_first)
    tiny_models.write_tflite(tmp_path / "model.tflite", network)
    write_manifest(tmp_path, family="yolo", labels=LABELS, input=FLOAT_INPUT)
    found = opened(tmp_path).detect(square())
    assert found.labels == ("car",)
    assert found.boxes[0] == pytest.approx([32, 32, 64, 96], abs=0.1)
    assert found.scores == pytest.approx([tiny_models.SCORE])


def test_walkers_are_found_in_a_real_frame() -> None:
    detector = open_detector(str(shipped("nanodet-g-416-int8")), "auto", 1, 0.4)
    found = detector.detect(street())
    assert found.labels.count("person") >= 4
    assert (found.scores >= 0.4).all()
    assert detector.sha256
    assert detector.name == "nanodet-g-416-int8"
    assert detector.choice.runtime == detector.runtime
    assert detector.runtime == ("litert" if "litert" in importable() else "tflite")


SIZE = {"width": 320, "height": 320}
TURNED = {"picture": "../x.jpg", "labels": ["cat"], "boxes": [[0, 0, 9, 9]], "scores": [0.9]}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"input": {"width": 416, "height": 416}}, "correct input.width"),
        ({"input": {**SIZE, "dtype": "float32"}}, "correct input.dtype"),
        ({"labels": ["person", "car"]}, "no nanodet heads for 2 labels"),
        ({"labels": [*COCO9, "cow"]}, "no nanodet heads for 10 labels"),
        ({"family": "yolo"}, "no yolo for 9 labels"),
        ({"family": "ssd"}, "not the four of TFLite_Detection_PostProcess"),
        ({"sha256": "0" * 64}, "damaged or another one"),
        ({"bytes": 7}, "damaged or another one"),
        ({"file": "other.tflite"}, "other.tflite is missing"),
        ({"self_test": TURNED}, "self-test picture .* is missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_model_that_does_not_fit_its_manifest_is_refused(
    tmp_path: Path, fields: dict[str, object], reason: str
) -> None:
    folder = changed("nanodet-g-320-int8", tmp_path / "model", **fields)
    with pytest.raises(ModelError, match=reason):
        opened(folder)


def test_a_model_that_misses_what_it_must_find_is_refused(tmp_path: Path) -> None:
    shutil.copy(shipped("nanodet-g-320-int8").parent / "self_test" / "street-130.jpg", tmp_path)
    test = {**TURNED, "picture": "../street-130.jpg"}
    folder = changed("nanodet-g-320-int8", tmp_path / "model", self_test=test)
    with pytest.raises(ModelError, match="fails its self-test: no cat was found"):
        opened(folder)
    with pytest.raises(ModelError, match=r"no runtime can run the model: .*no cat was found"):
        open_detector(str(folder), "auto", 1, 0.25)


def test_a_model_for_the_cloud_is_refused(tmp_path: Path) -> None:
    cloud = {"role": "cloud", "format": "savedmodel", "decoder": "nanodet", "family": None}
    with pytest.raises(ModelError, match="is for the cloud; the edge needs a tflite model"):
        opened(write_manifest(tmp_path, **cloud))
