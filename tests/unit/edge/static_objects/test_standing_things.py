"""Parked cars along the whole path: coming and going are told, standing is not.

The pictures are drawn, the gate, tracker, rules and memory are the real ones; the detector says
where the drawn objects are, with the jitter and the misses of a small network.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import cv2
import numpy as np
import pytest

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.intake.admission import admit
from edge.pipeline import Pipeline
from edge.records import AlertCandidate, Analysed, Message
from imaging.admission import Rejected
from imaging.detections import Detections, Image
from imaging.polygons import Box
from tests.fakes import START
from tests.unit.edge.rules.yards import GRAVEL, SIZE, texture
from tests.unit.edge.scenes import Row, seen

CAMERA = CameraId("yard")
LOT: Box = (110, 100, 200, 150)
CAR, OTHER, WALKER, STATUE = 1, 2, 5, 6


@dataclass
class Stage:
    """What is drawn, and a detector that finds it: `objects` are appearance, label and box in
    pixels."""

    objects: tuple[tuple[int, str, Box], ...] = ()
    jitter: float = 0.03
    misses: float = 0.2
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def picture(self, light: float = 1.0) -> bytes:
        image = GRAVEL.copy()
        for appearance, _, box in self.objects:
            x0, y0, x1, y1 = (round(value) for value in box)
            drawn = texture(appearance, x1 - x0, y1 - y0)
            left, right = max(x0, 0), min(x1, SIZE[0])
            if left < right:
                image[y0:y1, left:right] = drawn[:, left - x0 : right - x0]
        noisy = image * light + self.rng.normal(0, 3, image.shape)
        encoded = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8))
        return encoded[1].tobytes()

    @property
    def input_size(self) -> tuple[int, int]:
        """So large that nothing gains by a close appearance."""
        return 4096, 4096

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:  # noqa: ARG002
        """The drawn objects, whatever the `image`, with jitter and misses."""
        assert image.shape[:2] == SIZE[::-1]
        return seen(*self._found())

    def _found(self) -> Iterator[Row]:
        for _, label, (x0, y0, x1, y1) in self.objects:
            if self.rng.random() < self.misses or x1 < 10 or x0 > SIZE[0] - 10:
                continue
            off = self.rng.normal(0, self.jitter, 4) * (x1 - x0)
            yield label, 0.7, (x0 + off[0], y0 + off[1], x1 + off[2], y1 + off[3])


class Watch:
    """A pipeline at `fps`, with what it raised and kept back."""

    def __init__(self, stage: Stage, config: EdgeConfig, fps: float = 5.0) -> None:
        self.stage, self.fps, self.now = stage, fps, 100.0
        self.pipeline = Pipeline(config, stage)
        self.config = config
        self.candidates: list[AlertCandidate] = []
        self.suppressed: list[str] = []

    def frame(self, light: float = 1.0) -> None:
        self.now += 1 / self.fps
        message = Message(
            camera=CAMERA,
            topic="t",
            payload=self.stage.picture(light),
            received_at=START + timedelta(seconds=self.now),
            received_mono_s=self.now,
        )
        admitted = admit(message, self.config.intake.limits, self.config.intake.json_paths)
        assert not isinstance(admitted, Rejected)
        outcome = self.pipeline.analyze(admitted, self.now)
        if isinstance(outcome, Analysed):
            self.candidates += outcome.candidates
            self.suppressed += [one.reason for one in outcome.suppressed]

    def play(
        self, *objects: tuple[int, str, Box], seconds: float, light: float = 1.0
    ) -> list[AlertCandidate]:
        """The candidates of so many seconds with these objects standing there."""
        before = len(self.candidates)
        self.stage.objects = objects
        for _ in range(round(seconds * self.fps)):
            self.frame(light)
        return self.candidates[before:]

    def drive(self, appearance: int, start: float, end: float) -> list[AlertCandidate]:
        """A car from x `start` to `end` within two seconds."""
        before, frames = len(self.candidates), round(2 * self.fps)
        for n in range(frames + 1):
            x = start + (end - start) * n / frames
            box = (x, LOT[1], x + LOT[2] - LOT[0], LOT[3])
            self.play((appearance, "car", box), seconds=1 / self.fps)
        return self.candidates[before:]


def camera(**settings: object) -> EdgeConfig:
    return EdgeConfig.model_validate({"cameras": {CAMERA: settings}})


def test_each_coming_and_going_is_told_and_no_standing() -> None:
    watch = Watch(Stage(), camera(kind="stream"))
    assert watch.play(seconds=5) == []
    for appearance in (CAR, OTHER):
        assert len(watch.drive(appearance, -90, LOT[0])) == 1
        assert watch.play((appearance, "car", LOT), seconds=40) == []
        assert len(watch.drive(appearance, LOT[0], 330)) == 1
        assert watch.play(seconds=8) == []


def test_a_car_that_stands_there_at_the_start_is_never_told_and_its_leaving_is() -> None:
    watch = Watch(Stage(((CAR, "car", LOT),)), camera(kind="stream"))
    assert watch.play((CAR, "car", LOT), seconds=20) == []
    assert len(watch.drive(CAR, LOT[0], 330)) == 1


def test_somebody_who_walks_past_a_parked_car_is_told_and_the_car_is_not() -> None:
    watch = Watch(Stage(), camera(kind="stream"))
    watch.play((CAR, "car", LOT), seconds=30)
    candidates: list[AlertCandidate] = []
    for n in range(40):
        walker = (WALKER, "person", (60 + 5.0 * n, 90.0, 80 + 5.0 * n, 150.0))
        candidates += watch.play((CAR, "car", LOT), walker, seconds=0.2)
    assert {candidate.suspicion.label for candidate in candidates} == {"person"}


def test_a_statue_is_told_once_where_nothing_need_move() -> None:
    """The network loses it now and then, so a new track begins; the light goes and comes."""
    rule = {"id": "any", "labels": ["person"], "must_move": False}
    statue = (STATUE, "person", (110.0, 80.0, 150.0, 160.0))
    settings = camera(kind="stream", rules=[rule], gate={"full_look_s": 1})
    watch = Watch(Stage((statue,), misses=0.1), settings, fps=2)
    assert len(watch.play(statue, seconds=40)) == 1
    for n in range(20):
        for misses in (1.0, 0.1):
            watch.stage.misses = misses
            assert watch.play(statue, seconds=8, light=0.4 + 0.03 * n) == []
    assert "reported" in watch.suppressed


def test_a_lone_picture_tells_of_a_parked_car_once() -> None:
    settings = camera(kind="snapshot")
    watch = Watch(Stage(misses=0.0), settings, fps=1 / 60)
    raised = [len(watch.play((CAR, "car", LOT), seconds=60)) for _ in range(20)]
    assert sum(raised) == raised[0] == 1
    assert watch.suppressed == ["reported"] * 2 + ["static"] * 17
    person = (WALKER, "person", (40.0, 60.0, 80.0, 160.0))
    (candidate,) = watch.play((CAR, "car", LOT), person, seconds=60)
    assert candidate.suspicion.label == "person"


@pytest.mark.parametrize("enabled", [True, False])
def test_the_switch_is_what_makes_the_difference(enabled: bool) -> None:
    settings = EdgeConfig.model_validate(
        {
            "cameras": {CAMERA: {"kind": "snapshot"}},
            "decide": {"static_objects": {"enabled": enabled}},
        }
    )
    watch = Watch(Stage(misses=0.0), settings, fps=1 / 60)
    assert len(watch.play((CAR, "car", LOT), seconds=600)) == (1 if enabled else 10)
