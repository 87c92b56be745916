"""Did an object cross a line, and which way?

PURE. The path of the foot point is held against directed lines, in pixels. A side counts only once
the foot is clear of the line by a share of the object's height, so a box that jitters on the line
crosses it once at most; what lies between two clear points counts, however few frames show it.
Called by `rules.evaluate` once per track and frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from edge.config.schema import LineConfig
from imaging.polygons import Point

_CLEAR = 0.1
"""In heights, on each side: together the fifth of the height within which feet that went nowhere
jitter (`threat.STATIONARY_UNDER`)."""

CROSSING_VALID_S = 10.0
"""A crossing waits this long for the vote and to be reported: two frames of a camera with one in
five seconds."""

LineSide = Literal["left", "right"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A line that was crossed, towards which side, when (monotonic seconds)."""

    line: str
    to: LineSide
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHistory:
    """Per line where the foot was clear of it last (pixels), and the latest crossings."""

    clear: dict[str, Point] = field(default_factory=dict)
    crossings: tuple[Crossing, ...] = ()


def step(
    history: LineHistory,
    lines: tuple[LineConfig, ...],
    foot: Point,
    height_px: float,
    size: tuple[int, int],
    now: float,
) -> LineHistory:
    """The history after the foot (pixels) of an object `height_px` tall was seen at `now`."""
    clear, crossed = {}, [c for c in history.crossings if now - c.at_s <= CROSSING_VALID_S]
    for line in lines:
        points = [(x * size[0], y * size[1]) for x, y in line.points]
        began = history.clear.get(line.id, foot)
        if distance(points, foot) < _CLEAR * height_px:
            clear[line.id] = began
            continue
        clear[line.id] = foot
        to = _towards(crossings(points, began, foot))
        if to is not None and line.direction in ("any", f"to_{to}"):
            crossed = [c for c in crossed if c.line != line.id]
            crossed.append(Crossing(line=line.id, to=to, at_s=now))
    return LineHistory(clear=clear, crossings=tuple(crossed))


def crossings(points: list[Point], start: Point, end: Point) -> int:
    """How often the way from `start` to `end` crosses the polyline to its right less to its left.

    Right is as somebody sees it who walks along the line on the screen (y goes down). A way through
    a corner crosses once: a point on a line counts to its left side.
    """
    total = 0
    for a, b in pairwise(points):
        from_right, to_right = _right_of(a, b, start), _right_of(a, b, end)
        parted = _right_of(start, end, a) != _right_of(start, end, b)
        if from_right != to_right and parted:
            total += 1 if to_right else -1
    return total


def _towards(net: int) -> LineSide | None:
    if net == 0:
        return None
    return "right" if net > 0 else "left"


def _right_of(a: Point, b: Point, point: Point) -> bool:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) > 0


def distance(points: list[Point], point: Point) -> float:
    """From `point` to the nearest point of the polyline."""
    return min(_to_segment(a, b, point) for a, b in pairwise(points))


def _to_segment(a: Point, b: Point, point: Point) -> float:
    along = (b[0] - a[0], b[1] - a[1])
    length = along[0] ** 2 + along[1] ** 2
    if length == 0:
        return math.dist(a, point)
    share = ((point[0] - a[0]) * along[0] + (point[1] - a[1]) * along[1]) / length
    share = min(max(share, 0.0), 1.0)
    return math.dist((a[0] + share * along[0], a[1] + share * along[1]), point)
