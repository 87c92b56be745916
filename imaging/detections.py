"""Detections: what a network saw in one frame, as a struct of arrays.

PURE. Boxes are `(N, 4) float32, xyxy, pixels of the original frame`; scores `(N,) float32` in 0..1;
labels N names. Rows are ordered by falling score. Arrays are read-only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
Image = npt.NDArray[np.uint8]
"""`(H, W, 3) uint8`, BGR as OpenCV decodes it, unless a docstring says RGB or grey `(H, W)`."""
GreyImage = npt.NDArray[np.uint8]
"""`(H, W) uint8`."""
FloatImage = npt.NDArray[np.float32]
"""`(H, W) float32`, grey levels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """N boxes with their scores and labels; see the module's law for shapes and units.

    Of fused networks `votes` holds, by a network's name, its own score of each row, `(N,)`, 0 where
    it found nothing there.
    """

    boxes: FloatArray
    scores: FloatArray
    labels: tuple[str, ...]
    votes: Mapping[str, FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.labels)
        if self.boxes.shape != (count, 4) or self.scores.shape != (count,):
            raise ValueError(
                f"detections of {count} labels with boxes {self.boxes.shape}, "
                f"scores {self.scores.shape}"
            )
        if any(scores.shape != (count,) for scores in self.votes.values()):
            shapes = {name: scores.shape for name, scores in self.votes.items()}
            raise ValueError(f"detections of {count} labels with votes {shapes}")
        for array in (self.boxes, self.scores, *self.votes.values()):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: IntArray) -> Detections:
        """The detections at `rows`, in that order."""
        return Detections(
            boxes=self.boxes[rows],
            scores=self.scores[rows],
            labels=tuple(self.labels[int(row)] for row in rows),
            votes={name: scores[rows] for name, scores in self.votes.items()},
        )


def no_detections() -> Detections:
    """A frame in which nothing was found."""
    return Detections(boxes=np.zeros((0, 4), np.float32), scores=np.zeros(0, np.float32), labels=())
