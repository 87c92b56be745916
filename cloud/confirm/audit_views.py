"""The views of an audit's picture: whole, by every plausible shape of its pixels, and tiles.

PURE. Nothing here comes from the edge: not what shape it takes the pixels for, nor where it saw
anything. Networks know people of human proportions; where a recorder squeezed the picture and the
edge does not know, nobody is one, so the shapes that would make an ordinary picture of it are
tried. Tiles show small things at more pixels. Called by `audit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imaging.crop import Region, squared
from imaging.detections import Detections, Image

_ORDINARY = (1.2, 2.0)
"""Width by height of what cameras show: 5:4 to 2:1, 4:3 and 16:9 among them."""

_SQUEEZES = (2.0, 0.5, 4 / 3, 0.75)
"""Widths of a pixel in units of its height: half of the columns (2CIF, N formats), half of the
lines (one field), a wide scene in a 4:3 size, and 960H's samples of a line. Networks forgive what
lies between them."""

_TILE = 0.6
"""Side of a tile in that of the picture: two by two overlap by a third of their own, so that what
is smaller than that is whole in one."""


@dataclass(frozen=True, slots=True)
class AuditView:
    """A part of a picture, with pixels `aspect` times as wide as high."""

    region: Region
    aspect: float = 1.0

    def of(self, picture: Image) -> Image:
        """What the network is given."""
        x0, y0, x1, y1 = self.region
        return squared(picture[y0:y1, x0:x1], self.aspect)

    def placed(self, found: Detections, picture: Image) -> Detections:
        """What was found in it, in pixels of the picture."""
        x0, y0, x1, y1 = self.region
        height, width = self.of(picture).shape[:2]
        scale = np.array([(x1 - x0) / width, (y1 - y0) / height] * 2, np.float32)
        corner = np.array([x0, y0] * 2, np.float32)
        limit = np.array([x1, y1] * 2, np.float32)
        moved = np.clip(found.boxes * scale + corner, corner, limit).astype(np.float32)
        return Detections(boxes=moved, scores=found.scores, labels=found.labels)


def aspects(width: int, height: int) -> tuple[float, ...]:
    """The plausible shapes of a pixel, the likeliest first; square ones always among them."""
    squeezed = [one for one in _SQUEEZES if _ordinary(width * one / height)]
    return (1.0, *squeezed) if _ordinary(width / height) else (*squeezed[:2], 1.0)


def views_of(width: int, height: int) -> tuple[AuditView, ...]:
    """The views of a picture of that size: the whole by each aspect, and tiles by the likeliest."""
    shapes = aspects(width, height)
    whole = (0, 0, width, height)
    return (
        *(AuditView(whole, aspect) for aspect in shapes),
        *(AuditView(region, shapes[0]) for region in _tiles(width, height)),
    )


def _ordinary(ratio: float) -> bool:
    return _ORDINARY[0] <= ratio <= _ORDINARY[1]


def _tiles(width: int, height: int) -> Iterator[Region]:
    across, down = max(1, round(_TILE * width)), max(1, round(_TILE * height))
    for top in (0, height - down):
        for left in (0, width - across):
            yield left, top, left + across, top + down
