"""Small persons are found by close looks, squeezed ones by stretching: real frames and networks."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from cloud.model.full_model import open_model
from edge.detect.detector import TfliteDetector, open_detector
from imaging.boxes import iou
from imaging.detections import Detections, FloatArray, Image
from tests.models import shipped
from tests.scenes.small_persons import (
    CLIP,
    Result,
    SizeBand,
    empty_place,
    frames_of,
    measure,
    persons_in,
)

FRAMES = 6


@pytest.fixture(scope="module")
def edge() -> TfliteDetector:
    return open_detector(str(shipped("nanodet-g-416-int8")), "tflite", 1, 0.25)


@pytest.fixture(scope="module")
def result(edge: TfliteDetector) -> Result:
    """Walkers of the shipped clip, 12 to 60 px tall in two views."""
    shipped("confirm-fused")
    frames = frames_of(CLIP, FRAMES)
    people = persons_in(frames, open_model("confirm-fused"))
    return measure(frames, people, empty_place(CLIP), edge)


def added(bands: list[SizeBand]) -> tuple[int, int, int]:
    """Persons, found by whole frames, found by close looks where the gate misses nobody."""
    return (
        sum(band.persons for band in bands),
        sum(band.found[0] for band in bands),
        sum(band.found[2] for band in bands),
    )


def test_persons_of_15_to_40_px_in_hd_are_found_by_close_looks_alone(result: Result) -> None:
    bands = [b for b in result.bands if b.view == "1280x720" and 15 <= b.least_px < 40]
    persons, whole, close = added(bands)
    assert persons >= 50
    assert close >= 0.5 * persons
    assert close >= 4 * max(whole, 1)


def test_the_smallest_persons_in_a_quarter_vga_view_are_found_more_often(result: Result) -> None:
    bands = [b for b in result.bands if b.view == "320x240" and b.least_px < 20]
    persons, whole, close = added(bands)
    assert persons >= 20
    assert persons - close <= (persons - whole) / 2


def test_close_looks_keep_to_their_budget(result: Result) -> None:
    assert result.inferences[0] == 1
    assert all(1 <= inferences <= 3 for inferences in result.inferences)


def squeezed(image: Image) -> Image:
    """A picture of any shape in 288 lines whose pixels are 16/11 times as wide as high."""
    height, width = image.shape[:2]
    size = (round(width * 288 / height * 11 / 16), 288)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def found_of(people: FloatArray, found: Detections) -> int:
    persons = [n for n, label in enumerate(found.labels) if label == "person"]
    boxes = found.boxes[[n for n in persons if found.scores[n] >= 0.35]]
    return int((iou(people, boxes).max(axis=1) >= 0.5).sum()) if len(boxes) else 0


@pytest.mark.skipif("STILLWATCH_DATA" not in os.environ, reason="needs labelled stills")
def test_squeezed_persons_are_found_again_when_pixels_are_stretched(edge: TfliteDetector) -> None:
    root = Path(os.environ["STILLWATCH_DATA"]) / "dev"
    total = plain = stretched = 0
    for still in json.loads((root / "manifest.json").read_text())["stills"]:
        boxes = [b["xyxy"] for b in still["boxes"] if b["class"] == "person"]
        people = np.array([b for b in boxes if b[3] - b[1] > 60], np.float32).reshape(-1, 4)
        if not len(people):
            continue
        image = np.asarray(cv2.imread(str(root / still["file"])), np.uint8)
        picture = squeezed(image)
        across, down = picture.shape[1] / image.shape[1], picture.shape[0] / image.shape[0]
        people = people * np.array([across, down, across, down], np.float32)
        total += len(people)
        plain += found_of(people, edge.detect(picture))
        stretched += found_of(people, edge.detect(picture, 16 / 11))
    assert total >= 100
    assert total - stretched <= 0.75 * (total - plain)


def test_boxes_of_stretched_pixels_lie_where_the_things_are(edge: TfliteDetector) -> None:
    street = cv2.imread(str(CLIP.parents[1] / "models" / "self_test" / "street-130.jpg"))
    assert street is not None
    image = np.asarray(street, np.uint8)
    reference = edge.detect(image)
    persons = np.array([label == "person" for label in reference.labels])
    people = reference.boxes[persons & (reference.scores >= 0.5)]
    picture = squeezed(image)
    scale = np.array([picture.shape[1] / 768, 288 / 576] * 2, np.float32)
    assert len(people) >= 4
    assert found_of(people * scale, edge.detect(picture, 16 / 11)) == len(people)
