"""Polygons over a picture: where feet are, whether they stand in one, how much of a box lies in it.

PURE. In the units of whoever asks: shares of the frame or pixels. The gateway decides by these, and
the cloud's console replays by these what a changed polygon would have decided.
"""

from __future__ import annotations

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""`x0 y0 x1 y1`."""


def foot(box: Box) -> Point:
    """The point on the ground of a box xyxy, in the box's own units."""
    x0, _, x1, y1 = box
    return (x0 + x1) / 2, y1


def contains(polygon: tuple[Point, ...], point: Point) -> bool:
    """Even-odd rule: a ray to the right crosses the outline an odd number of times.

    Source: Shimrat 1962, CACM algorithm 112. A point exactly on an edge may fall to either side; a
    object never rests there for a zone's inertia.
    """
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    return inside


def overlap(polygon: tuple[Point, ...], box: Box) -> float:
    """Share of the box (xyxy) that lies in the polygon, which must not cross itself.

    Source: Sutherland and Hodgman 1974, clipping by each side of the box in turn. What is left of a
    hollow outline may have edges on the box's sides that run to and fro; they enclose nothing.
    """
    x0, y0, x1, y1 = box
    area = (x1 - x0) * (y1 - y0)
    if area <= 0:
        return 0.0
    left = list(polygon)
    for axis, bound, upper in ((0, x0, False), (0, x1, True), (1, y0, False), (1, y1, True)):
        left = _clip(left, axis, bound, upper)
    return min(abs(_area(left)) / area, 1.0)


def _clip(polygon: list[Point], axis: int, bound: float, upper: bool) -> list[Point]:
    """What lies on the inner side of one line of the box."""
    clipped: list[Point] = []
    for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        in_a, in_b = ((p[axis] <= bound) if upper else (p[axis] >= bound) for p in (a, b))
        if in_a:
            clipped.append(a)
        if in_a != in_b:
            share = (bound - a[axis]) / (b[axis] - a[axis])
            clipped.append((a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])))
    return clipped


def _area(polygon: list[Point]) -> float:
    """Signed, by the shoelace formula."""
    return (
        sum(
            a[0] * b[1] - b[0] * a[1]
            for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True)
        )
        / 2
    )
