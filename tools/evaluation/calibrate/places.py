"""Places in labelled stills at which a gateway might suspect something, true and false ones.

PURE. True: labelled things of the class. False, in pictures labelled as without it: things of other
classes, and what the edge's network takes for one. Every still stands for a distant scene, too, at
1/2 and 1/4 of its size. Halves are chosen by the hash of the file's name, so they stay what they
are when pictures are added. The limit of a class is the lowest, in steps of 0.01, that at most the
class's `FALSE_SHARE` of the false places reach, and never one under `LEAST`. Called by the command
line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

import cv2
import numpy as np

from contract.labels import Group, group_of
from imaging.boxes import areas
from imaging.detections import Detections, FloatArray, Image
from tools.evaluation.evaluate.intervals import Proportion

SCALES = (1.0, 0.5, 0.25)
CLASSES: tuple[Group, ...] = ("person", "vehicle")
Half = Literal["calibration", "reported"]

LEAST_PX = 12
"""Things lower or narrower than this are not asked about: a person of 12 px is a few blocks of a
JPEG."""
EACH = 1
"""Places of one sort in one picture, the largest: cases should not depend on each other."""

_QUALITY = 90
"""As cameras encode their pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledStill:
    """A picture with all its boxes: `(N, 4)` xyxy pixels. `absent` are the classes not in it."""

    file: str
    image: Image
    boxes: FloatArray
    labels: tuple[str, ...]
    absent: frozenset[Group]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectedPlace:
    """A box at which a thing of `kind` is suspected, and whether it is `true`."""

    kind: Group
    true: bool
    box: tuple[float, float, float, float]

    @property
    def height_px(self) -> float:
        return self.box[3] - self.box[1]


def half_of(file: str) -> Half:
    """Which half a still belongs to, by the last bit of its name's SHA-256."""
    digest = hashlib.sha256(PurePosixPath(file).name.encode()).digest()
    return "reported" if digest[-1] & 1 else "calibration"


def at_scale(still: LabelledStill, scale: float) -> LabelledStill:
    """The still as a camera farther away would send it."""
    image = still.image
    if scale < 1:
        image = np.asarray(
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return LabelledStill(
        file=still.file,
        image=np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8),
        boxes=(still.boxes * np.float32(scale)).astype(np.float32),
        labels=still.labels,
        absent=still.absent,
    )


def places(still: LabelledStill, suspected: Detections) -> Iterator[SuspectedPlace]:
    """The places to ask about; `suspected` is what the edge's network sees in the picture."""
    for kind in CLASSES:
        yield from _largest(still.boxes, _of(still.labels, kind), kind, true=True)
        if kind in still.absent:
            others = [row for row, label in enumerate(still.labels) if group_of(label) != kind]
            yield from _largest(still.boxes, others, kind, true=False)
            rows = _of(suspected.labels, kind)[:EACH]
            yield from _largest(suspected.boxes, rows, kind, true=False)


def _of(labels: tuple[str, ...], kind: Group) -> list[int]:
    return [row for row, label in enumerate(labels) if group_of(label) == kind]


def _largest(
    boxes: FloatArray, rows: list[int], kind: Group, *, true: bool
) -> Iterator[SuspectedPlace]:
    sizes = areas(boxes)
    for row in sorted(rows, key=lambda row: (-float(sizes[row]), row))[:EACH]:
        x0, y0, x1, y1 = boxes[row].tolist()
        if min(x1 - x0, y1 - y0) >= LEAST_PX:
            yield SuspectedPlace(kind=kind, true=true, box=(x0, y0, x1, y1))


FALSE_SHARE: dict[Group, float] = {"person": 0.05, "vehicle": 0.0}
"""Of places that nobody filtered: the edge's votes, its movement test and a second frame are still
to come, and `make evaluate` measures what they leave. A person who is not confirmed is a loss; for
vehicles the false alarm is, and their summed scores leave room for none."""

LEAST = 0.3
"""A fused score of 0.3 needs a certainty of 0.6 of one network or 0.3 of both. Below, the few false
places of a small set would fix the limit in the noise of the networks."""

SMALL_PX = 48
"""Persons up to this height are the far ones; see the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPlace:
    """A place, and the score that the cloud gave it."""

    place: SuspectedPlace
    score: float


def choose(asked: Sequence[ScoredPlace], kind: Group) -> float:
    """The limit for these places, which are of the class `kind`."""
    false = np.sort([one.score for one in asked if not one.place.true])
    allowed = int(FALSE_SHARE[kind] * len(false))
    worst = float(false[-1 - allowed]) if len(false) > allowed else 0.0
    return max(LEAST, round(float(np.floor(worst * 100 + 1)) / 100, 2))


def share(
    asked: Sequence[ScoredPlace], limit: float, *, true: bool, below_px: float = np.inf
) -> Proportion:
    """How many of the true or false places under a height reach `limit`."""
    scores = [
        one.score for one in asked if one.place.true is true and one.place.height_px < below_px
    ]
    return Proportion(sum(score >= limit for score in scores), len(scores))
