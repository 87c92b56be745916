"""What the full model saw in one archived picture: the record between detect and threat.

PURE. Numbers are rounded as in every other output of the cloud (scores to 4 digits, boxes to 2), so
that a decision from the record is the decision from the arrays. Strict writer, tolerant reader.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from cloud.confirm.matching import PictureDetections
from cloud.stages.naming import ArchiveName, archive_name
from contract.report import RelativeBox, Sha256, Wire
from imaging.detections import Detections


def _archived(picture: str) -> str:
    return archive_name(picture).text


def _is_empty(votes: dict[str, float]) -> bool:
    """Of a single network, or in a record of an earlier program."""
    return not votes


class DetectionRow(Wire):
    """One detection: box xyxy in pixels of its picture; `votes` by the name of a fused network."""

    label: str
    score: float
    box: tuple[float, float, float, float]
    votes: dict[str, float] = Field(default_factory=dict, exclude_if=_is_empty)


class CloseUp(Wire):
    """What was seen in the crop around the detection number `of` of the whole picture.

    `region` is the part of the picture that the crop shows, as shares 0..1 of its sides; records
    without it are older, and have the detection in the crop's middle.
    """

    of: Annotated[int, Field(ge=0)]
    region: RelativeBox | None = None
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    detections: tuple[DetectionRow, ...]


class ModelName(Wire):
    """The model that looked."""

    name: str
    sha256: Sha256


class PictureProblem(Wire):
    """Why the picture could not be looked at."""

    reason: str
    detail: str


class PictureRecord(Wire):
    """One picture; without `problem` its size and detections are there, strongest first."""

    version: Literal[1] = 1
    picture: Annotated[str, AfterValidator(_archived)]
    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(ge=0)] = 0
    height: Annotated[int, Field(ge=0)] = 0
    model: ModelName
    problem: PictureProblem | None = None
    detections: tuple[DetectionRow, ...] = ()
    close_ups: tuple[CloseUp, ...] = ()

    @property
    def named(self) -> ArchiveName:
        """Device and time, which stand in the picture's name."""
        return archive_name(self.picture)


def rows_of(detections: Detections) -> tuple[DetectionRow, ...]:
    """The detections in their order."""
    return tuple(
        DetectionRow(
            label=label,
            score=round(float(score), 4),
            box=_rounded(box.tolist()),
            votes={name: round(float(given[row]), 4) for name, given in detections.votes.items()},
        )
        for row, (label, score, box) in enumerate(
            zip(detections.labels, detections.scores, detections.boxes, strict=True)
        )
    )


def _rounded(box: list[float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (round(side, 2) for side in box)
    return x0, y0, x1, y1


def picture_detections(
    rows: tuple[DetectionRow, ...], width: int, height: int
) -> PictureDetections:
    """The record as the decision takes it."""
    detections = Detections(
        boxes=np.array([row.box for row in rows], np.float32).reshape(-1, 4),
        scores=np.array([row.score for row in rows], np.float32),
        labels=tuple(row.label for row in rows),
        votes={
            name: np.array([row.votes.get(name, 0.0) for row in rows], np.float32)
            for name in dict.fromkeys(name for row in rows for name in row.votes)
        },
    )
    return PictureDetections(detections=detections, width=width, height=height)
