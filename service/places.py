"""Where in a camera's picture: zones, lines and masks, in shares 0..1 of width and height.

PURE. The gateway reads them through `edge.config.schema`, under `cameras.<id>`; the console tries
proposals by the same. A foot point is the middle of a box's lower edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from imaging.polygons import Box, contains, foot, overlap
from service.sections import Name, Section, Share

RelativePoint = tuple[Share, Share]


def _simple(polygon: tuple[RelativePoint, ...]) -> tuple[RelativePoint, ...]:
    """Refuses an outline that crosses itself: what it covers would be anyone's guess."""
    edges = list(zip(polygon, (*polygon[1:], polygon[0]), strict=True))
    for n, first in enumerate(edges):
        for m in range(n + 2, len(edges) - (n == 0)):
            if _cross(first, edges[m]):
                raise ValueError(
                    f"the outline crosses itself between corners {n + 1} and {m + 1}: "
                    "give the corners in order around it"
                )
    return polygon


def _cross(a: tuple[RelativePoint, RelativePoint], b: tuple[RelativePoint, RelativePoint]) -> bool:
    return _parted(a, b) and _parted(b, a)


def _parted(
    line: tuple[RelativePoint, RelativePoint], ends: tuple[RelativePoint, RelativePoint]
) -> bool:
    """Whether `ends` lie on different sides of `line`."""
    (ax, ay), (bx, by) = line
    first, second = ((bx - ax) * (y - ay) - (by - ay) * (x - ax) for x, y in ends)
    return (first > 0 > second) or (first < 0 < second)


Polygon = Annotated[tuple[RelativePoint, ...], AfterValidator(_simple)]


class ZoneConfig(Section):
    """A polygon on the ground; an object is in it if its feet are."""

    id: Name = Field(description="Name of the zone.")
    polygon: Polygon = Field(
        min_length=3, max_length=64, description="Corners as shares 0..1 of width and height."
    )
    inertia_s: float = Field(
        0.5, ge=0, le=60, description="An object must be in it this long before it counts."
    )
    severity: int = Field(
        0, ge=0, le=2, description="What is raised in it has at least this AVS-01 level."
    )

    def holds(self, box: Box) -> bool:
        """Whether the feet of `box` (xyxy, shares of the frame) stand in it."""
        return contains(self.polygon, foot(box))


class LineConfig(Section):
    """A line on the ground that feet cross."""

    id: Name = Field(description="Name of the line.")
    points: tuple[RelativePoint, ...] = Field(
        min_length=2, max_length=64, description="From first to last, as shares 0..1."
    )
    direction: Literal["any", "to_left", "to_right"] = Field(
        "any", description="Which way counts, for somebody who walks from first to last point."
    )


class ObjectMaskConfig(Section):
    """A place where objects are ignored."""

    id: Name = Field(description="Name of the mask.")
    polygon: Polygon = Field(min_length=3, max_length=64, description="Corners as shares 0..1.")
    labels: tuple[str, ...] = Field((), description="Classes it ignores; empty: all.")
    overlap: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Share of the box that must lie inside; absent: the foot point decides.",
    )

    def takes_out(self, label: str, box: Box) -> bool:
        """Whether an object of `label` with `box` (xyxy, shares of the frame) is ignored."""
        if self.labels and label not in self.labels:
            return False
        if self.overlap is not None:
            return overlap(self.polygon, box) >= self.overlap
        return contains(self.polygon, foot(box))


class MotionMaskConfig(Section):
    """A place whose changes do not count as motion."""

    id: Name = Field(description="Name of the mask.")
    polygon: Polygon = Field(min_length=3, max_length=64, description="Corners as shares 0..1.")


class PrivacyMaskConfig(Section):
    """A place that is made black before anybody or anything looks at the picture."""

    id: Name = Field(description="Name of the mask.")
    polygon: Polygon = Field(min_length=3, max_length=64, description="Corners as shares 0..1.")


def repeated(
    places: Iterable[
        ZoneConfig | LineConfig | ObjectMaskConfig | MotionMaskConfig | PrivacyMaskConfig
    ],
) -> list[str]:
    """The ids that stand more than once."""
    ids = [place.id for place in places]
    return sorted({id_ for id_ in ids if ids.count(id_) > 1})
