"""Footage of half its columns and of no known size: found out by the people in it, never else."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from contract.ids import CameraId
from edge.config.schema import CameraConfig, EdgeConfig, HealthConfig
from edge.detect.detector import TfliteDetector, open_detector
from edge.replay.player import Player
from imaging.aspect import BY_SIZE
from tests.models import shipped
from tools.evaluation.evaluate.corpus import read_corpus

DATA = Path(os.environ.get("STILLWATCH_DATA", "/nowhere"))
CAMERA = CameraId("yard")

pytestmark = pytest.mark.skipif(
    not (DATA / "dev" / "manifest.json").is_file(), reason="STILLWATCH_DATA names no dev/"
)


@pytest.fixture(scope="module")
def detector() -> TfliteDetector:
    return open_detector(str(shipped("nanodet-g-416-int8")), "litert", 1, 0.25)


@dataclass
class Found:
    """When the squeeze was found, what was proposed, and how many frames it took."""

    at_s: float | None = None
    proposed: float | None = None
    faults: list[str] = field(default_factory=list)


def played(
    name: str, squeeze: int, detector: TfliteDetector, config: EdgeConfig | None = None
) -> Found:
    """The sequence with its columns divided by `squeeze`, until something is proposed."""
    corpus = read_corpus(DATA / "dev")
    (sequence,) = (one for one in corpus.sequences if one.id == name)
    player, found = Player(config or EdgeConfig(), CAMERA, sequence.rate, detector), Found()
    for number, (frame, picture) in enumerate(corpus.frames_of(sequence)):
        step = player.step(number, frame, _squeezed(picture, squeeze), last=False)
        if step.notices.proposed_pixel_aspect is not None:
            found.at_s, found.proposed = step.t, step.notices.proposed_pixel_aspect
            found.faults = list(step.faults)
            return found
    return found


def _squeezed(picture: bytes, by: int) -> bytes:
    if by == 1:
        return picture
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    height, width = image.shape[:2]
    assert (width // by, height) not in BY_SIZE
    small = cv2.resize(image, (width // by, height), interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small)[1])


@pytest.mark.parametrize("name", ["plaza_pets", "lobby", "parking_lot"])
def test_people_squeezed_to_half_their_width_are_noticed(
    name: str, detector: TfliteDetector
) -> None:
    found = played(name, 2, detector)
    assert found.proposed == 2.0
    assert "squeezed" in found.faults


def test_who_has_configured_the_pixels_or_wants_no_such_word_hears_none(
    detector: TfliteDetector,
) -> None:
    for camera in (
        CameraConfig(pixel_aspect=1.0),
        CameraConfig(health=HealthConfig(ignore=("squeezed",))),
    ):
        found = played("plaza_pets", 2, detector, EdgeConfig(cameras={CAMERA: camera}))
        assert found.proposed is None
