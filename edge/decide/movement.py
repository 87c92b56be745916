"""Which detections of a frame move?

PURE. A thing moves when enough of its box differs from the empty scene. Vehicles must differ nearly
everywhere, because a shadow or somebody who walks past changes a part of a parked car; moving
persons are therefore cut out of the mask before vehicles are judged, and moving vehicles before
everything else. Boxes are xyxy in pixels of the original frame. Called by `tracker` once per frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from contract.labels import Group, group_of
from edge.records import Box, Mask, Motion
from imaging.boxes import iou
from imaging.detections import Detections, FloatArray

Evidence = Literal["none", "part", "whole"]
"""How much of a thing's box changed: nothing to speak of, a part, or as much as its kind must."""

Visible = npt.NDArray[np.bool_]

_PART = 0.05
"""Share of a box. What the gate's opening lets through is real change; of somebody seen from above
the swinging legs alone are a tenth of the box, and half of them may match the ground's grey."""

_CELLS = (2, 4)
"""Rows and columns into which a vehicle's box is divided. A passer-by is a tenth to a quarter as
wide as a car and touches at most two columns; a shadow along the side fills one row."""

_CELL_SHARE = 0.1
_CELLS_NEEDED = 6
"""More than two columns or one row: what drives changes all but the corners its box adds."""

_CUT_MARGIN = 0.1
"""Of the height, on each side of what is cut out: swinging arms, the gate's blur, loose boxes."""

_VISIBLE_NEEDED = 0.3
"""Share of a box that must remain after cutting out for what remains to say anything."""

_ONE_THING = 0.6
"""Overlap (IoU) from which a person and a vehicle are one thing with two names."""

_DISPLACED = 0.5
"""Own heights. Boxes jitter, and shrink when somebody stands before them, by less than half."""

_RIDDEN = frozenset({"bicycle", "motorcycle"})
"""Their rider is a part of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Where a frame of `size` (width, height) pixels differs from the empty scene.

    `mask` is as in `Motion`. Without one nothing is known to move, unless nobody `watched`: then
    everything may.
    """

    size: tuple[int, int] = (1, 1)
    mask: Mask | None = None
    watched: bool = True


def change_of(motion: Motion, size: tuple[int, int]) -> Change:
    """What the gate saw in a frame of `size`."""
    return Change(size=size, mask=motion.mask, watched=motion.why != "off")


def judge(found: Detections, change: Change) -> tuple[Evidence, ...]:
    """How much each row of `found` changed."""
    if change.mask is None:
        return ("none" if change.watched else "whole",) * len(found)
    mask = change.mask > 0
    boxes = _on_mask(found.boxes, change.size, mask)
    groups = [group_of(label) for label in found.labels]
    everything = np.ones(mask.shape, np.bool_)
    persons = _moving(mask, everything, boxes, groups, "person")
    uncut = [row for row in persons if not _is_vehicle_too(row, found.boxes, groups)]
    no_persons = _without(everything, boxes[uncut])
    vehicles = _moving(mask, no_persons, boxes, groups, "vehicle")
    no_vehicles = _without(everything, boxes[vehicles], margin=0.0)
    return tuple(
        _vehicle(mask, everything if label in _RIDDEN else no_persons, box)
        if group == "vehicle"
        else _other(mask, no_vehicles, box)
        for box, label, group in zip(boxes, found.labels, groups, strict=True)
    )


def moves(evidence: Evidence, first_foot: tuple[float, float], box: Box) -> bool:
    """Does a track with such evidence in this frame move? A part suffices if the thing has left the
    place where its feet were first seen."""
    if evidence != "part":
        return evidence == "whole"
    x0, y0, x1, y1 = box
    return math.dist(((x0 + x1) / 2, y1), first_foot) >= _DISPLACED * max(y1 - y0, 1.0)


def _moving(
    mask: Visible, visible: Visible, boxes: FloatArray, groups: list[Group], group: Group
) -> list[int]:
    """The rows of `group` that changed as wholes; ridden things are no obstacle to anyone."""
    kind = _vehicle if group == "vehicle" else _other
    return [
        row
        for row, box in enumerate(boxes)
        if groups[row] == group and kind(mask, visible, box) == "whole"
    ]


def _is_vehicle_too(row: int, boxes: FloatArray, groups: list[Group]) -> bool:
    vehicles = [n for n, group in enumerate(groups) if group == "vehicle"]
    return bool(vehicles and iou(boxes[[row]], boxes[vehicles]).max() >= _ONE_THING)


def _other(mask: Visible, visible: Visible, box: FloatArray) -> Evidence:
    """A person, an animal, a thing: a part is enough; hidden ones are judged as if in the open."""
    seen, changed = _inside(visible, box), _inside(mask, box)
    if _share(seen) >= _VISIBLE_NEEDED:
        changed = changed[seen]
    return "whole" if _share(changed) >= _PART else "none"


def _vehicle(mask: Visible, visible: Visible, box: FloatArray) -> Evidence:
    seen, changed = _inside(visible, box), _inside(mask, box)
    if _share(seen) < _VISIBLE_NEEDED or _share(changed[seen]) < _PART:
        return "none"
    cells = [
        cell
        for changed_row, seen_row in zip(_split(changed, 0), _split(seen, 0), strict=True)
        for cell in zip(_split(changed_row, 1), _split(seen_row, 1), strict=True)
    ]
    in_view = [inner[clear] for inner, clear in cells if clear.any()]
    touched = sum(_share(inner) >= _CELL_SHARE for inner in in_view)
    return "whole" if touched * len(cells) >= _CELLS_NEEDED * len(in_view) else "part"


def _share(pixels: Visible) -> float:
    """Of the pixels, those that are true; at least one is given."""
    return np.count_nonzero(pixels) / pixels.size


def _split(array: Visible, axis: Literal[0, 1]) -> list[Visible]:
    """`_CELLS[axis]` parts, of at least one pixel each; those of a tiny box share pixels."""
    parts, length = _CELLS[axis], array.shape[axis]
    bounds = [
        (n * length // parts, max(n * length // parts + 1, (n + 1) * length // parts))
        for n in range(parts)
    ]
    return [array[a:b] if axis == 0 else array[:, a:b] for a, b in bounds]


def _on_mask(boxes: FloatArray, size: tuple[int, int], mask: Visible) -> FloatArray:
    """The boxes in pixels of the mask."""
    scale = np.array([mask.shape[1] / size[0], mask.shape[0] / size[1]] * 2, np.float32)
    scaled: FloatArray = boxes * scale
    return scaled


def _without(visible: Visible, boxes: FloatArray, margin: float = _CUT_MARGIN) -> Visible:
    """What remains in view when `boxes`, grown by `margin` of their height, are cut out."""
    rest = visible.copy()
    for x0, y0, x1, y1 in boxes:
        more = margin * (y1 - y0)
        _inside(rest, np.array([x0 - more, y0 - more, x1 + more, y1 + more], np.float32))[:] = False
    return rest


def _inside(array: Visible, box: FloatArray) -> Visible:
    """The pixels under `box`, at least one."""
    height, width = array.shape
    x0 = min(max(math.floor(box[0]), 0), width - 1)
    y0 = min(max(math.floor(box[1]), 0), height - 1)
    x1 = max(min(math.ceil(box[2]), width), x0 + 1)
    y1 = max(min(math.ceil(box[3]), height), y0 + 1)
    return array[y0:y1, x0:x1]
