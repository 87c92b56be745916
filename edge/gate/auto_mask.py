"""Small places that change all the time and where nothing is found: masked by themselves.

PURE. A burned-in clock changes each second for ever, and so does a ribbon or a leaf in one place.
Such a place is known by its share of changed time: a line of text or less, around which little
changes. What changes wholly within it is no object then; what reaches beyond it is one and suspends
the mask, for somebody comes from elsewhere. A place where a person or something that moves is found
is never masked, and one that stops changing is given back. Called by `motion`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from edge.gate import cells
from edge.gate.cells import Cells, CellValues
from imaging.detections import GreyImage
from imaging.polygons import Box

T = TypeVar("T", bound=np.generic)

_KNOWN_S = 60.0
"""Time constant, and how long a place is watched before it is masked. A minute's digit changes
within it; somebody who waits does not stand in one place unseen by every look of a minute."""

_MOST_STEP_S = 1.0
"""Pictures further apart than this tell no more: a place is known by 60 of them at least."""

_HOLD_S = 1.0
"""Between two ticks of a clock its place counts as changing."""

_BEGIN, _KEEP, _AROUND_MOST = 0.3, 0.15, 0.08
"""Shares of time. A place begins where it changes for a third of it and is kept until that is half
as much; around it, it changes on the mean no more than by who passes: for five seconds of a minute.
A tree has no such border."""

_TEXT_HIGH, _TEXT_WIDE = 0.1, 0.8
"""Of the picture's height and width, and a cell: the largest burned-in text is a tenth high; date,
time and figures in one line reach over most of the width."""

_MOST_REGIONS, _MOST_SHARE = 4, 0.12
"""One long line of the largest text is nearly a tenth of the picture; more is weather."""

_GAP = 4
"""Cells: signs of one line stand as near to each other, words too."""

_RIM = 1
"""Cells by which a mask is larger than what changes: letters have soft edges."""

_SUSPENDED_S = 5.0
"""Whoever comes to a masked place suspends its mask for so long: at half his height per second
somebody has then left a line of text, or was found."""


CellBox = tuple[int, int, int, int]
"""Left, top, right and bottom, in cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoMask:
    """Per cell the `share` of time in which it changed (still to be divided by `weight`, 1 once it
    was watched for long), and for how long it has not; the masked `regions`; when somebody last
    came to one."""

    share: CellValues | None = None
    unchanged_s: CellValues | None = None
    weight: float = 0.0
    regions: tuple[CellBox, ...] = ()
    suspended_at_s: float = -math.inf

    def mask(self, now: float) -> Cells | None:
        """The cells in force; None if there are none."""
        if self.share is None or not self.regions or now - self.suspended_at_s < _SUSPENDED_S:
            return None
        return _cells_of(self.regions, self.share.shape)

    def boxes(self) -> tuple[Box, ...]:
        """The masked places, xyxy as shares of the picture."""
        if self.share is None:
            return ()
        rows, columns = self.share.shape
        return tuple(
            (x0 / columns, y0 / rows, x1 / columns, y1 / rows) for x0, y0, x1, y1 in self.regions
        )


def update(known: AutoMask, changed: GreyImage, elapsed_s: float) -> AutoMask:
    """After a picture in which these pixels (255) changed."""
    shape = cells.shape_of(changed)
    if known.share is None or known.unchanged_s is None or known.share.shape != shape:
        return AutoMask(
            share=np.zeros(shape, np.float32), unchanged_s=np.full(shape, np.inf, np.float32)
        )
    unchanged_s = np.where(
        cells.touched(changed), np.float32(0), known.unchanged_s + np.float32(elapsed_s)
    )
    rate = 1 - math.exp(-min(elapsed_s, _MOST_STEP_S) / _KNOWN_S)
    share = known.share + np.float32(rate) * ((unchanged_s < _HOLD_S) - known.share)
    weight = known.weight + rate * (1 - known.weight)
    regions = (
        _regions(share / np.float32(weight), known.regions) if weight >= 1 - math.exp(-1) else ()
    )
    return replace(
        known,
        share=share.astype(np.float32),
        unchanged_s=unchanged_s.astype(np.float32),
        weight=weight,
        regions=regions,
    )


def suspend(known: AutoMask, moved: GreyImage, now: float) -> AutoMask:
    """After something `moved` (255): at a masked place it suspends the masks, all of them."""
    if known.share is None or not known.regions:
        return known
    near = cells.grown(_cells_of(known.regions, known.share.shape))
    return replace(known, suspended_at_s=now) if (cells.touched(moved) & near).any() else known


def unmask(known: AutoMask, boxes: Iterable[Box], size: tuple[int, int]) -> AutoMask:
    """Something was detected in these boxes, in pixels of a frame of `size`: what changed there was
    that, and no mask stays."""
    if known.share is None:
        return known
    there = cells.grown(cells.within(boxes, size, (known.share.shape[0], known.share.shape[1])))
    if not there.any():
        return known
    share = np.where(there, np.float32(0), known.share)
    regions = tuple(region for region in known.regions if not _of(region, there).any())
    return replace(known, share=share, regions=regions)


def _regions(share: CellValues, known: tuple[CellBox, ...]) -> tuple[CellBox, ...]:
    """The known places that still change, and new ones; none if they are too many."""
    kept = [region for region in known if _of(region, share).max() >= _KEEP]
    busy = share >= _BEGIN
    if (busy & ~_cells_of(kept, share.shape)).any():
        for region in _lines(busy, share):
            rest = [one for one in kept if not _overlap(one, region)]
            joined = _around([region, *(one for one in kept if one not in rest)])
            if _is_a_line(joined, share):
                kept = [*rest, joined]
    covered = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in kept)
    few = len(kept) <= _MOST_REGIONS and covered <= _MOST_SHARE * share.size
    return tuple(sorted(kept, key=lambda region: (region[1], region[0]))) if few else ()


def _lines(busy: Cells, share: CellValues) -> Iterator[CellBox]:
    """The places in which busy cells stand as signs do in a line of text, with their rim."""
    along = np.ones((1, 1 + 2 * _GAP), np.uint8)
    joined = cv2.morphologyEx(busy.astype(np.uint8), cv2.MORPH_CLOSE, along)
    outlines, _ = cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rows, columns = busy.shape
    for x, y, width, height in map(cv2.boundingRect, outlines):
        left, right = _along(share[y : y + height].max(axis=0) >= _KEEP, x, x + width)
        region = (
            max(0, left - _RIM),
            max(0, y - _RIM),
            min(columns, right + _RIM),
            min(rows, y + height + _RIM),
        )
        if _is_a_line(region, share):
            yield region


def _along(changing: Cells, left: int, right: int) -> tuple[int, int]:
    """The line from `left` to `right`, with the signs before and behind it: columns that change,
    no further than a gap apart."""
    while (before := np.flatnonzero(changing[max(0, left - 1 - _GAP) : left])).size:
        left = max(0, left - 1 - _GAP) + int(before[0])
    while (behind := np.flatnonzero(changing[right : right + 1 + _GAP])).size:
        right += int(behind[-1]) + 1
    return left, right


def _is_a_line(region: CellBox, share: CellValues) -> bool:
    """Whether the place is no larger than a line of text and little changes around it."""
    rows, columns = share.shape
    x0, y0, x1, y1 = region
    rim = 1 + 2 * _RIM
    if y1 - y0 > rim + _TEXT_HIGH * rows or x1 - x0 > rim + _TEXT_WIDE * columns:
        return False
    inner = _cells_of([region], share.shape)
    around = cells.grown(inner, 2) & ~inner
    return not around.any() or float(share[around].mean()) <= _AROUND_MOST


def _of(region: CellBox, values: npt.NDArray[T]) -> npt.NDArray[T]:
    x0, y0, x1, y1 = region
    return values[y0:y1, x0:x1]


def _overlap(a: CellBox, b: CellBox) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _around(regions: Sequence[CellBox]) -> CellBox:
    lefts, tops, rights, bottoms = zip(*regions, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _cells_of(regions: Iterable[CellBox], shape: tuple[int, ...]) -> Cells:
    marks = np.zeros(shape, np.bool_)
    for x0, y0, x1, y1 in regions:
        marks[y0:y1, x0:x1] = True
    return marks
