"""Archived pictures with what was detected in them drawn in, for somebody to look at.

SHELL. Reads a tree of detections; a red box is what the rules confirm as a threat, a grey one any
other detection. The verdicts are those that `threat` gives by the same rules. Called by `command`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

import cv2
import numpy as np

from cloud.stages.detections import DetectionRow, PictureRecord
from cloud.stages.evaluate import confirmed_rows
from cloud.stages.pictures import image_of
from cloud.stages.records import records
from cloud.stages.rules import Rules
from cloud.stages.tree import InputTree, OutputTree, Unread
from imaging.admission import PictureLimits, Rejected
from imaging.detections import Image

QUALITY = 90
_RED, _GREY, _WHITE = (40, 40, 200), (130, 130, 130), (255, 255, 255)
_FONT, _LETTERS = cv2.FONT_HERSHEY_SIMPLEX, 0.45
_LINE_PX = 16


@dataclass(frozen=True, kw_only=True)
class DrawStage:
    """One run over a tree of detections with their pictures."""

    source: InputTree
    out: OutputTree
    rules: Rules
    limits: PictureLimits

    def run(self) -> dict[str, int]:
        """How many pictures were drawn, how many of them show a threat, how many could not be."""
        counts = {"pictures": 0, "threats": 0, "problems": 0}
        for name, record in records(self.source, "", PictureRecord):
            folder = PurePosixPath(name).parent
            picture = self.source.read(f"{folder}/{record.picture}", self.limits.max_bytes)
            image = None if isinstance(picture, Unread) else image_of(picture, self.limits)
            if image is None or isinstance(image, Rejected):
                counts["problems"] += 1
                continue
            confirmed = confirmed_rows(record, self.rules)
            self._write(record, drawn(image, record, confirmed))
            counts["pictures"] += 1
            counts["threats"] += bool(confirmed)
        return counts

    def _write(self, record: PictureRecord, image: Image) -> None:
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        self.out.write(f"{record.named.folder}/{record.named.stem}.jpg", encoded.tobytes())


def drawn(image: Image, record: PictureRecord, confirmed: Collection[int]) -> Image:
    """A copy of the picture with its detections, the strongest on top, those `confirmed` in red."""
    shown: Image = np.ascontiguousarray(image).copy()
    for number, row in reversed(list(enumerate(record.detections))):
        _box(shown, row, threat=number in confirmed)
    return shown


def _box(image: Image, row: DetectionRow, *, threat: bool) -> None:
    colour = _RED if threat else _GREY
    x0, y0, x1, y1 = (round(side) for side in row.box)
    cv2.rectangle(image, (x0, y0), (x1, y1), colour, 2 if threat else 1)
    words = f"{row.label} {row.score:.2f}"
    wide = cv2.getTextSize(words, _FONT, _LETTERS, 1)[0][0] + 6
    left = max(0, min(x0, image.shape[1] - wide))
    top = y0 - _LINE_PX if y0 >= _LINE_PX else y0
    cv2.rectangle(image, (left, top), (left + wide, top + _LINE_PX), colour, cv2.FILLED)
    cv2.putText(image, words, (left + 3, top + 12), _FONT, _LETTERS, _WHITE, 1, cv2.LINE_AA)
