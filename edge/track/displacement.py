"""How far did an object really go?

PURE. Boxes jitter, grow over a passer-by, and are cut by the picture's border; an object that moves
takes both its sides with it. So a displacement is what opposite sides have in common, and of a box
cut by the border only the other side tells. Boxes are xyxy in pixels of the original frame, the
result is in units of the object's longer side, so that a wide car's jitter is as little as a tall
person's. Called by `tracker`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from imaging.polygons import Box

_HOP = 0.5
"""Longer sides from an object to its neighbour, at least."""

_BORDER_PX = 1.5
"""Nearer to the border than this, a side is where the picture ends and not where the object
does."""


def displaced(box: Box, before: Sequence[Box], size: tuple[int, int]) -> float:
    """How far `box` is from the farthest of the boxes `before` (oldest first), in its longer sides.

    A step of half its length is left out if it is the only one: what drives moves in every frame,
    what goes all its way in one has taken the place of a neighbour.
    """
    gone = [rigid_shift(one, box, size) for one in before]
    if not gone:
        return 0.0
    first = max(range(len(gone)), key=gone.__getitem__)
    way = (*before[first:], box)
    return gone[first] if len(way) < 3 else min(gone[first], _without_hop(way))


def _without_hop(way: Sequence[Box]) -> float:
    """From the first box to the last, by their middles, without the largest step if it is a hop."""
    middles = [((x0 + x1) / 2, (y0 + y1) / 2) for x0, y0, x1, y1 in way]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(middles)]
    across, down = max(steps, key=lambda step: math.hypot(*step))
    longer = max(way[-1][2] - way[-1][0], way[-1][3] - way[-1][1], 1.0)
    if math.hypot(across, down) < _HOP * longer:
        across = down = 0.0
    whole = sum(step[0] for step in steps) - across, sum(step[1] for step in steps) - down
    return math.hypot(*whole) / longer


def rigid_shift(a: Box, b: Box, size: tuple[int, int]) -> float:
    """From box `a` to box `b` in a frame of `size` (width, height): what both sides moved alike, or
    the lesser growth of both directions in e-folds, for what approaches."""
    across = _common(a[0], b[0], a[2], b[2], float(size[0]))
    down = _common(a[1], b[1], a[3], b[3], float(size[1]))
    longer = max(b[2] - b[0], b[3] - b[1], a[2] - a[0], a[3] - a[1], 1.0)
    return max(math.hypot(across, down) / longer, _growth(a, b, size))


def _common(a_low: float, b_low: float, a_high: float, b_high: float, limit: float) -> float:
    """Pixels by which a span's two ends moved in one direction; of one that is cut, its free end
    alone says so."""
    low, high = b_low - a_low, b_high - a_high
    low_cut = min(a_low, b_low) <= _BORDER_PX
    high_cut = max(a_high, b_high) >= limit - _BORDER_PX
    if low_cut and high_cut:
        return 0.0
    if low_cut or high_cut:
        return 0.0 if _jitters(a_low, b_low, a_high, b_high) else abs(high if low_cut else low)
    return min(abs(low), abs(high)) if low * high > 0 else 0.0


def _jitters(a_low: float, b_low: float, a_high: float, b_high: float) -> bool:
    """Whether a cut span changed its length by less than a tenth: its free end only jitters."""
    before, after = max(a_high - a_low, 1.0), max(b_high - b_low, 1.0)
    return abs(math.log(after / before)) < 0.1


def _growth(a: Box, b: Box, size: tuple[int, int]) -> float:
    """The logarithm of how much both width and height grew or shrank; 0 for a box that is cut."""
    if any(_is_cut(one, size) for one in (a, b)):
        return 0.0
    wide = math.log(max(b[2] - b[0], 1.0) / max(a[2] - a[0], 1.0))
    high = math.log(max(b[3] - b[1], 1.0) / max(a[3] - a[1], 1.0))
    return min(abs(wide), abs(high)) if wide * high > 0 else 0.0


def _is_cut(box: Box, size: tuple[int, int]) -> bool:
    return (
        box[0] <= _BORDER_PX
        or box[1] <= _BORDER_PX
        or box[2] >= size[0] - _BORDER_PX
        or box[3] >= size[1] - _BORDER_PX
    )
