"""What alarms were about, and how often each thing that stands there was told.

PURE. Called by `run` for each suspicion, and by the report writers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cloud.matching import same_place
from imaging.boxes import iou
from tools.evaluation.evaluate.alarms import Place, class_of, place_of
from tools.evaluation.evaluate.corpus import LabelledBox, StaticThing
from tools.evaluation.evaluate.events import ObjectClass
from tools.evaluation.evaluate.observed import About, SequenceRun
from tools.evaluation.evaluate.report_table import table
from tools.evaluation.evaluate.score import SequenceScore

MIN_OVERLAP = 0.3
"""As intersection over union: less than for a detection, since who walks past cuts boxes short."""

BOTH = 0.5
"""As intersection over union: a car that drives past a parked one may share a box with it, and an
alarm about that is about the one that moves. As much as finds a thing (PASCAL VOC)."""

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
    cls: ObjectClass | None,
    labelled: Sequence[LabelledBox],
    static: Sequence[StaticThing],
    *,
    boxed: bool,
) -> About:
    """The labelled thing of a frame, or the static one, that `box` (xyxy, pixels of the frame), of
    class `cls`, fits best. What lies within a static thing is part of it: glare breaks a van into
    several. `boxed`: whatever moves has a box, so one that fits none is about nothing."""
    standing = [one for one in static if cls is None or one.may_be(cls)]
    things: list[LabelledBox | StaticThing] = [*labelled, *standing]
    nothing = About(place=Place.NOTHING if boxed else Place.UNKNOWN)
    if not things:
        return nothing
    boxes = np.asarray([thing.xyxy for thing in things], np.float32)
    overlaps = iou(np.asarray([box], np.float32), boxes)[0]
    best = things[int(overlaps.argmax())]
    if isinstance(best, StaticThing):
        moving = (n for n, t in enumerate(labelled) if cls is not None and class_of(t.label) == cls)
        best = next((things[n] for n in moving if overlaps[n] >= BOTH), best)
    if overlaps.max() < MIN_OVERLAP:
        near = (t for t in labelled if cls is not None and class_of(t.label) == cls)
        part = (one for one in standing if _within(box, one.xyxy) >= PART)
        found = next((t for t in near if same_place(box, t.xyxy, MIN_OVERLAP)), next(part, None))
        if found is None:
            return nothing
        best = found
    if isinstance(best, StaticThing):
        return About(name=best.name, place=Place.STANDING)
    return About(name=best.label, place=Place.THING if cls is None else place_of(cls, best.label))


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
    suspected = [judged for judged in run.suspicions if judged.about.name == name]
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
