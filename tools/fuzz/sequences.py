"""Pictures of odd sizes, one after the other, through a frame's whole path to packed evidence.

The network is not run: in its place stands a detector that finds things anywhere, also beyond the
borders and as thin as a pixel. What a target raises is a finding.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import Random

import cv2
import numpy as np

from contract.ids import CameraId, GatewayId
from edge.config.evidence import EvidenceConfig
from edge.config.schema import EdgeConfig, PictureLimitsConfig
from edge.deliver.evidence import ReportOrigin, pack
from edge.intake.admission import picture_limits
from edge.pipeline import Pipeline
from edge.privacy import Privacy
from edge.records import Analysed, Frame
from imaging.admission import Rejected, inspect
from imaging.detections import Detections, Image
from imaging.letterbox import fit

_CAMERA = CameraId("gate")
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_SIDES = (32, 33, 40, 63, 64, 65, 127, 128, 160, 240, 320, 321, 640, 1_920, 4_096, 8_192)
_MOST_PIXELS = 400_000
_KINDS = ("noise", "flat", "half", "walker", "bars")
_INPUT_PX = 320
_LIMITS = picture_limits(PictureLimitsConfig())


class _Anything:
    """Finds things by the seed, in any picture."""

    input_size = (_INPUT_PX, _INPUT_PX)

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:
        canvas, _ = fit(image, _INPUT_PX, _INPUT_PX, aspect=aspect)
        if canvas.shape[:2] != (_INPUT_PX, _INPUT_PX):
            raise AssertionError(f"canvas of {canvas.shape}")
        height, width = image.shape[:2]
        count = int(self._random.integers(0, 5))
        middles = self._random.uniform(-0.05, 1.05, (count, 2))
        sides = self._random.choice([0.001, 0.05, 0.3, 1.2], (count, 2))
        shares = np.hstack([middles - sides / 2, middles + sides / 2])
        boxes = np.clip(shares, 0, 1) * (width, height, width, height)
        wide = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        scores = np.sort(self._random.uniform(0.05, 1, count))[::-1]
        labels = self._random.choice(["person", "car", "dog", "kite"], count)
        rows = np.flatnonzero(wide)
        return Detections(
            boxes=boxes[rows].astype(np.float32),
            scores=scores[rows].astype(np.float32),
            labels=tuple(str(labels[row]) for row in rows),
        )


def sequence(random: Random) -> bytes:
    """JSON: the camera's kind and aspect, a seed, and frames `[width, height, look, gap_s]`."""
    width, height = _size(random)
    frames = []
    for _ in range(random.randint(2, 8)):
        if random.random() < 0.2:
            width, height = _size(random)
        gap_s = random.choice((0.0, 0.001, 0.2, 0.2, 0.5, 1.0, 30.0, 100_000.0))
        frames.append([width, height, random.choice(_KINDS), gap_s])
    settings = {
        "kind": random.choice(("stream", "snapshot", "auto")),
        "pixel_aspect": random.choice(("auto", 0.5, 1.0, 2.0)),
        "seed": random.randrange(10**6),
        "frames": frames,
    }
    return json.dumps(settings).encode()


def play(script: bytes) -> str:
    """Every frame analysed, every candidate packed."""
    settings = json.loads(script)
    camera = {"kind": settings["kind"], "pixel_aspect": settings["pixel_aspect"]}
    config = EdgeConfig.model_validate({"cameras": {_CAMERA: camera}})
    pipeline = Pipeline(config, _Anything(settings["seed"]))
    now, quiet, candidates, looked = 0.0, 0, 0, 0
    for number, (width, height, look, gap_s) in enumerate(settings["frames"]):
        now += gap_s
        frame = _frame(_picture(width, height, look, settings["seed"] + number), now)
        for candidate in pipeline.tick(now):
            pack(candidate, _ORIGIN)
        outcome = pipeline.analyze(frame, now)
        if isinstance(outcome, Analysed):
            looked += 1
            for candidate in outcome.candidates:
                candidates += len(pack(candidate, _ORIGIN).pictures) > 0
        else:
            quiet += not isinstance(outcome, Rejected)
    for candidate in pipeline.tick(now + 60):
        candidates += len(pack(candidate, _ORIGIN).pictures) > 0
    pipeline.rejected_segments(now + 600)
    pipeline.faults(_CAMERA)
    return f"looked {min(looked, 3)} quiet {min(quiet, 2)} candidates {min(candidates, 2)}"


def _size(random: Random) -> tuple[int, int]:
    while True:
        width, height = random.choice(_SIDES), random.choice(_SIDES)
        if width * height <= _MOST_PIXELS:
            return width, height


def _picture(width: int, height: int, look: str, seed: int) -> bytes:
    random = np.random.default_rng(seed)
    image = np.full((height, width, 3), 120, np.uint8)
    if look == "noise":
        image = random.integers(0, 256, image.shape, dtype=np.uint8)
    elif look == "half":
        image[:, : width // 2] = 255
    elif look == "walker":
        x, y = (int(random.integers(0, side)) for side in (width, height))
        cv2.rectangle(image, (x, y), (x + width // 8, y + height // 3), (20, 30, 200), -1)
    elif look == "bars":
        image[:: int(random.integers(1, 9))] = int(random.integers(0, 256))
    return cv2.imencode(".jpg", image)[1].tobytes()


def _frame(picture: bytes, now: float) -> Frame:
    header = inspect(picture, _LIMITS)
    if isinstance(header, Rejected):
        raise AssertionError(f"a sound picture was refused: {header}")
    return Frame(
        camera=_CAMERA,
        picture=picture,
        header=header,
        received_at=_AT + timedelta(seconds=now),
        received_mono_s=now,
        captured_at=_AT,
    )


_ORIGIN = ReportOrigin(
    gateway=GatewayId("north"),
    model_sha256="a" * 64,
    config_version="1",
    config_sha256="b" * 64,
    evidence=EvidenceConfig(),
    privacy=Privacy(),
)
