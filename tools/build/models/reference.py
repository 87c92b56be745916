"""The committed reference: what the float networks, as published, find in the check pictures.

Rebuilt models are held against it. It is written once, by `--write-reference`, and is data after
that; a change of it is a change of what the models are expected to see.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from imaging.detections import Detections, Image
from tools.build.models.floats import DetectObjects

REFERENCE_FILE = "reference.json"
PICTURES = "self_test"
LEAST_SCORE = 0.3
"""Fainter boxes of the float network are no reference."""
JPEG_QUALITY = 88

BoxSide = Annotated[float, Field(ge=0)]


class ExpectedBox(BaseModel):
    """A box xyxy in pixels of the picture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    score: Annotated[float, Field(ge=0, le=1)]
    box: tuple[BoxSide, BoxSide, BoxSide, BoxSide]


class Reference(BaseModel):
    """Per model and picture (a file name in `self_test/`), what is to be found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    models: dict[str, dict[str, tuple[ExpectedBox, ...]]]

    def expected(self, model: str) -> dict[str, Detections]:
        return {name: _detections(found) for name, found in self.models[model].items()}


def read_reference(models: Path) -> Reference:
    return Reference.model_validate_json((models / REFERENCE_FILE).read_bytes())


def write_pictures(models: Path, pictures: dict[str, Image]) -> None:
    folder = models / PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / name), picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def write_reference(
    models: Path, detect: dict[str, DetectObjects], pictures: dict[str, Image]
) -> None:
    """Lets each float network look at the `pictures` as they ship."""
    reference = Reference(
        models={
            model: {name: _found(run(picture)) for name, picture in pictures.items()}
            for model, run in detect.items()
        }
    )
    (models / REFERENCE_FILE).write_text(reference.model_dump_json(indent=1) + "\n")


def _found(detections: Detections) -> tuple[ExpectedBox, ...]:
    return tuple(
        ExpectedBox(label=label, score=round(float(score), 4), box=_box(box))
        for label, score, box in zip(
            detections.labels, detections.scores, detections.boxes.tolist(), strict=True
        )
        if score >= LEAST_SCORE
    )


def _box(box: list[float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (round(side, 1) for side in box)
    return x0, y0, x1, y1


def _detections(found: tuple[ExpectedBox, ...]) -> Detections:
    return Detections(
        boxes=np.array([each.box for each in found], np.float32).reshape(-1, 4),
        scores=np.array([each.score for each in found], np.float32),
        labels=tuple(each.label for each in found),
    )
