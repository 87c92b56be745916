"""Every alarm as a picture, so that a person can judge in a minute what no label tells.

SHELL (writes a file). `alarms.jpg` holds each confirmed alarm with its box and what it turned out
to be, false ones and those that could not be checked first. The same with all reasons is in the
page that `review` writes. Called by the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.records import Case
from imaging.admission import Rejected
from imaging.decode import decode
from imaging.detections import Image
from tools.evaluation.evaluate.alarms import Kind
from tools.evaluation.evaluate.observed import Judged
from tools.evaluation.evaluate.score import AlarmScore, SequenceScore

_WIDE_PX = 400
_QUALITY = 80
_COLUMNS = 4
_MOST = 64
"""Pictures on the sheet: more nobody looks at; the page has all."""

_RED = (40, 40, 220)
_COLOURS = {True: "#c62828", False: "#2e7d32", None: "#f9a825"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One confirmed alarm for a person to judge."""

    sequence: str
    judged: Judged
    scored: AlarmScore

    @property
    def verdict(self) -> bool | None:
        """Whether it is false; None where nothing tells."""
        return None if self.scored.unchecked else self.scored.false

    @property
    def words(self) -> str:
        kind = self.scored.kind
        if kind is Kind.RIGHT:
            return "in view, place not labelled" if self.scored.unchecked else "right"
        return {
            Kind.FALSE: "false: nothing of any class in view",
            Kind.WRONG_CLASS: "false: another class",
            Kind.WRONG_PLACE: "false: nothing where the box is",
            Kind.STANDING: f"false: {self.judged.verdict_about.name or 'a standing thing'}",
        }[kind]


def sheet_picture(case: Case) -> bytes:
    """The frame that shows the suspicion best, reduced, with its box, as a JPEG; empty if it cannot
    be decoded."""
    shot = case.best
    image = decode(shot.frame.picture, shot.frame.header)
    if isinstance(image, Rejected):
        return b""
    scale = _WIDE_PX / shot.width
    size = (_WIDE_PX, max(1, round(shot.height * scale / shot.aspect)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    across, down = size[0] / shot.width, size[1] / shot.height
    x0, y0, x1, y1 = case.best_box
    corner, other = (int(x0 * across), int(y0 * down)), (int(x1 * across), int(y1 * down))
    cv2.rectangle(small, corner, other, _RED, 2)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def shown(scores: Sequence[SequenceScore]) -> list[Shown]:
    """All confirmed alarms: false ones first, then those that could not be checked."""
    alarms = [
        Shown(score.run.id, judged, scored)
        for score in scores
        for judged, scored in zip(
            (one for one in score.run.suspicions if one.as_confirmed()), score.alarms, strict=True
        )
    ]
    order = {True: 0, None: 1, False: 2}
    return sorted(alarms, key=lambda one: order[one.verdict])


def write(folder: Path, scores: Sequence[SequenceScore]) -> Path | None:
    """`alarms.jpg`, where there is any alarm."""
    pictures = [one for one in shown(scores) if one.judged.sheet][:_MOST]
    if not pictures:
        return None
    sheet = folder / "alarms.jpg"
    cv2.imwrite(str(sheet), _sheet(pictures), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return sheet


def _sheet(pictures: Sequence[Shown]) -> Image:
    """The pictures in rows, each with its words above it."""
    tiles = [_tile(one) for one in pictures]
    high = max(tile.shape[0] for tile in tiles)
    columns = min(_COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * high, columns * _WIDE_PX, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        y, x = number // columns * high, number % columns * _WIDE_PX
        sheet[y : y + tile.shape[0], x : x + _WIDE_PX] = tile
    return sheet


def _tile(one: Shown) -> Image:
    picture = cv2.imdecode(np.frombuffer(one.judged.sheet, np.uint8), cv2.IMREAD_COLOR)
    head = np.full((40, _WIDE_PX, 3), 255, np.uint8)
    colour = tuple(int(_COLOURS[one.verdict][i : i + 2], 16) for i in (5, 3, 1))
    lines = (f"{one.sequence} {one.judged.verdict_label} {one.judged.verdict_score:.2f}", one.words)
    for number, line in enumerate(lines):
        at = (4, 15 + 18 * number)
        cv2.putText(head, line, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
    return np.asarray(np.vstack([head, picture]), np.uint8)
