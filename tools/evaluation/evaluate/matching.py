"""What is at a box: the labelled or static thing that an alarm is about, and which labelled people
the edge's detector found.

PURE. Called by `player` for each frame, by `confirmation` for each suspicion.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cloud.confirm.matching import same_place
from edge.records import Analysed, Outcome
from imaging.boxes import iou
from imaging.detections import Detections, FloatArray
from imaging.polygons import Box
from tools.evaluation.evaluate.corpus import Labelled, LabelledBox, LabelledStaticObject
from tools.evaluation.evaluate.events import AtBox, ObjectClass, class_of, place_of
from tools.evaluation.evaluate.observed import About, BoxSeen

MIN_OVERLAP = 0.3
"""As intersection over union: less than for a detection, since who walks past cuts boxes short."""

BOTH = 0.5
"""As intersection over union: a car that drives past a parked one may share a box with it, and an
alarm about that is about the one that moves. As much as finds a thing (PASCAL VOC)."""

PART = 0.8
"""Share of a suspicion's box that lies within a static thing of which it is a part."""


def about(
    box: Box,
    cls: ObjectClass | None,
    labelled: Sequence[LabelledBox],
    static: Sequence[LabelledStaticObject],
    *,
    boxed: bool,
) -> About:
    """The labelled thing of a frame, or the static one, that `box` (xyxy, pixels of the frame), of
    class `cls`, fits best. What lies within a static thing is part of it: glare breaks a van into
    several. `boxed`: whatever moves has a box, so one that fits none is about nothing."""
    standing = [one for one in static if cls is None or one.may_be(cls)]
    things: list[LabelledBox | LabelledStaticObject] = [*labelled, *standing]
    nothing = About(place=AtBox.NOTHING if boxed else AtBox.UNKNOWN)
    if not things:
        return nothing
    boxes = np.asarray([thing.xyxy for thing in things], np.float32)
    overlaps = iou(np.asarray([box], np.float32), boxes)[0]
    best = things[int(overlaps.argmax())]
    if isinstance(best, LabelledStaticObject):
        moving = (n for n, t in enumerate(labelled) if cls is not None and class_of(t.label) == cls)
        best = next((things[n] for n in moving if overlaps[n] >= BOTH), best)
    if overlaps.max() < MIN_OVERLAP:
        near = (t for t in labelled if cls is not None and class_of(t.label) == cls)
        part = (one for one in standing if _within(box, one.xyxy) >= PART)
        found = next((t for t in near if same_place(box, t.xyxy, MIN_OVERLAP)), next(part, None))
        if found is None:
            return nothing
        best = found
    if isinstance(best, LabelledStaticObject):
        return About(name=best.name, place=AtBox.STATIC)
    return About(name=best.label, place=AtBox.THING if cls is None else place_of(cls, best.label))


def _within(box: Box, thing: Box) -> float:
    """The share of `box` that lies in `thing`."""
    width = min(box[2], thing[2]) - max(box[0], thing[0])
    height = min(box[3], thing[3]) - max(box[1], thing[1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    return max(0.0, width) * max(0.0, height) / area if area > 0 else 0.0


MIN_IOU = 0.5
"""The overlap at which PASCAL VOC and COCO's AP50 take a thing for found."""


def boxes_seen(labelled: Labelled, t: float, outcome: Outcome) -> tuple[BoxSeen, ...]:
    """Each labelled person of a frame; one detection finds at most one of them."""
    people = [box for box in labelled.boxes if box.label == "person" and not box.partial]
    if not people:
        return ()
    found = _found(np.asarray([box.xyxy for box in people], np.float32), outcome)
    return tuple(
        BoxSeen(
            t=t,
            height_px=box.tall_px(),
            visible=box.visible,
            analysed=isinstance(outcome, Analysed),
            found=hit,
        )
        for box, hit in zip(people, found, strict=True)
    )


def _found(boxes: FloatArray, outcome: Outcome) -> list[bool]:
    found = [False] * len(boxes)
    if not isinstance(outcome, Analysed):
        return found
    overlaps = iou(boxes, _people(outcome.detections))
    for _ in range(min(overlaps.shape)):
        row, column = np.unravel_index(int(overlaps.argmax()), overlaps.shape)
        if overlaps[row, column] < MIN_IOU:
            break
        found[int(row)] = True
        overlaps[row, :] = 0
        overlaps[:, column] = 0
    return found


def _people(found: Detections) -> FloatArray:
    rows = [row for row, label in enumerate(found.labels) if label == "person"]
    people: FloatArray = found.boxes[rows]
    return people
