"""Events on a frame's path: a procession is reported now and then, and all of it is counted."""

import re

import cv2
import numpy as np

from contract.ids import CameraId
from edge.config.schema import DeduplicationConfig, EdgeConfig
from edge.records import Analysed
from edge.replay.player import ReplayStep, play
from imaging.detections import Detections, Image
from tests.unit.edge.rolls import Roll
from tests.unit.edge.scenes import picture, seen

CAMERA = CameraId("yard")


class FindsEachDarkThing:
    """A detector that finds a person wherever something is dark, left to right."""

    @property
    def input_size(self) -> tuple[int, int]:
        """So large that nothing gains by a close look."""
        return 4096, 4096

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:  # noqa: ARG002
        columns = (image.max(axis=2) < 30).any(axis=0).astype(np.int8)
        edges = np.flatnonzero(np.diff(columns, prepend=0, append=0)).reshape(-1, 2)
        return seen(*(("person", 0.8, (float(a), 100.0, float(b), 160.0)) for a, b in edges))


def _procession(count: int) -> list[bytes]:
    """Walkers who enter one after the other, so that there is always one in view."""
    frames = []
    for n in range(8 * count):
        image = cv2.imdecode(np.frombuffer(picture(seed=n), np.uint8), cv2.IMREAD_COLOR)
        for walker in range(count):
            x = 8 * n - 64 * walker
            if 0 <= x <= 290:
                image[100:160, x : x + 24] = 10
        frames.append(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
    return [picture(seed=n) for n in range(20)] + frames


def _play(settings: DeduplicationConfig) -> list[ReplayStep]:
    config = EdgeConfig.model_validate({"cameras": {CAMERA: {"kind": "stream"}}})
    config = config.model_copy(
        update={"decide": config.decide.model_copy(update={"deduplication": settings})}
    )
    return list(play(Roll(*_procession(12)), config, CAMERA, 5.0, FindsEachDarkThing()))


def test_a_procession_is_reported_now_and_then_with_the_number_of_duplicates() -> None:
    steps = _play(DeduplicationConfig())
    candidates = [candidate for step in steps for candidate in step.candidates]
    duplicates = [m for s in steps if isinstance(s.outcome, Analysed) for m in s.outcome.duplicates]
    assert 2 <= len(candidates) <= 5
    assert len(duplicates) >= 5
    assert {(one.camera, one.rule, one.label) for one in duplicates} == {
        (CAMERA, "person", "person")
    }
    words = [candidate.suspicion.reasons[-1] for candidate in candidates]
    assert "duplicate" not in words[0]
    assert any(re.match(r"\d+ duplicates? in ", word) for word in words)


def test_switched_off_everybody_in_it_is_told() -> None:
    limited, every = _play(DeduplicationConfig()), _play(DeduplicationConfig(enabled=False))
    reported = sum(len(step.candidates) for step in limited)
    assert sum(len(step.candidates) for step in every) >= reported + 4
    assert not any(s.outcome.duplicates for s in every if isinstance(s.outcome, Analysed))
