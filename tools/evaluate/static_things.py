"""What alarms were about, and how often each thing that stands there was told.

PURE. Called by `run` for each suspicion, and by the report writers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from imaging.boxes import iou
from tools.evaluate.corpus import LabelledBox, StaticThing
from tools.evaluate.observed import SequenceRun
from tools.evaluate.report_table import table
from tools.evaluate.score import SequenceScore

MIN_OVERLAP = 0.3
"""As intersection over union: less than for a detection, since who walks past cuts boxes short."""

PART = 0.8
"""Share of a suspicion's box that lies within a static thing of which it is a part."""

Box = tuple[float, float, float, float]
Json = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """When a thing was suspected by the edge, and when people were told of it, in seconds."""

    name: str
    suspected_s: tuple[float, ...]
    confirmed_s: tuple[float, ...]


def about(
    box: Box,
    labelled: Sequence[LabelledBox],
    static: Sequence[StaticThing],
) -> str:
    """The labelled thing of a frame, or the static one, that `box` (xyxy, pixels of the frame) fits
    best: its label or name; empty if it fits none. What lies within a static thing is part of it:
    glare breaks a van into several."""
    names = [*(thing.label for thing in labelled), *(thing.name for thing in static)]
    boxes = [*(thing.xyxy for thing in labelled), *(thing.xyxy for thing in static)]
    if not boxes:
        return ""
    overlaps = iou(np.asarray([box], np.float32), np.asarray(boxes, np.float32))[0]
    best = int(overlaps.argmax())
    if overlaps[best] >= MIN_OVERLAP:
        return names[best]
    return next((thing.name for thing in static if _within(box, thing.xyxy) >= PART), "")


def _within(box: Box, thing: Box) -> float:
    """The share of `box` that lies in `thing`."""
    width = min(box[2], thing[2]) - max(box[0], thing[0])
    height = min(box[3], thing[3]) - max(box[1], thing[1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 0.0


def told(run: SequenceRun) -> tuple[Told, ...]:
    """Each static thing of the sequence."""
    return tuple(_told(name, run) for name in run.static)


def _told(name: str, run: SequenceRun) -> Told:
    suspected = [judged for judged in run.suspicions if judged.about == name]
    return Told(
        name=name,
        suspected_s=tuple(judged.raised_s for judged in suspected),
        confirmed_s=tuple(j.raised_s for j in suspected if j.decision == "confirmed"),
    )


def as_json(run: SequenceRun) -> list[Json]:
    """For a sequence in `report.json`."""
    return [
        {
            "name": thing.name,
            "suspected_s": [round(t, 3) for t in thing.suspected_s],
            "confirmed_s": [round(t, 3) for t in thing.confirmed_s],
        }
        for thing in told(run)
    ]


def markdown(scores: Sequence[SequenceScore]) -> Iterator[str]:
    """For `report.md`, where anything is known to stand."""
    rows = [
        (score.run.id, thing.name, len(thing.suspected_s), len(thing.confirmed_s))
        for score in scores
        for thing in told(score.run)
    ]
    if rows:
        yield "## Things that stand there\n"
        yield from table(("sequence", "thing", "suspected by the edge", "told people"), rows)
