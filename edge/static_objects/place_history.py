"""Did it stand there before? What a place looked like some seconds ago.

PURE. A parked car may get a new track, a jittering box and a shadow over it, all of which
look like movement; but where it stands it stood before, and where something drives it did
not. A few small grey pictures of the last seconds are kept, and a place is correlated with itself
in them. Likewise somebody who stands still where nobody was some seconds ago has come. Kept by
`camera_state` per camera, asked by `rules.conditions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from imaging.polygons import Box

Grey = npt.NDArray[np.uint8]

SPACING_S = 1.0
YOUNGEST_S = 2.0
"""What arrived less than this ago may be what is seen now: it drove up, and brakes."""

OLDEST_S = 8.0
STANDING = 0.5
"""Normalised correlation. Of vehicles that a rule would fire for on footage of six places, standing
ones had 0.52 to 0.9 although people walked past them, driving ones -0.1 to 0.4."""

LEFT = 0.3
"""A vehicle's longer sides from a place that it has left: nearer, what drives slowly still covers
most of it."""

STAYS = 0.75
"""Normalised correlation. Of places that a vehicle was said to have left, those of parked cars on a
campus had 0.73 to 0.98, for a neighbour had taken over the track; those of driving ones at most
0.7."""

_LEAST_PX = 5
"""A place with a shorter side in the small picture says nothing."""

_SLACK_PX = 1
"""By so much a camera on a mast trembles in the small picture."""

_FLAT = 4.0
"""Standard deviation of grey levels under which a place has nothing to be recognised by."""


class PlaceSimilarity(NamedTuple):
    """Of a place to itself in the older pictures, at most 1: in the most and in the least alike."""

    most: float
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHistory:
    """Small grey pictures `(h, w)` with their times (monotonic seconds), oldest first."""

    pictures: tuple[tuple[float, Grey], ...] = ()

    def after(self, grey: Grey, now: float) -> PlaceHistory:
        """With the picture of `now`, if it is time for one; of another size, it begins anew.

        After a pause the last picture from before it stays until newer ones are old enough.
        """
        same = [(at_s, one) for at_s, one in self.pictures if one.shape == grey.shape]
        kept = tuple((at_s, one) for at_s, one in same if now - at_s <= OLDEST_S + SPACING_S)
        if not any(now - at_s >= YOUNGEST_S for at_s, _ in kept):
            kept = (*same[: len(same) - len(kept)][-1:], *kept)
        if kept and now - kept[-1][0] < SPACING_S:
            return PlaceHistory(pictures=kept)
        return PlaceHistory(pictures=(*kept, (now, grey)))

    def similarity(self, grey: Grey, box: Box, now: float) -> PlaceSimilarity | None:
        """How like the place `box` (shares 0..1 of the frame) in `grey` is to itself 2 to 8 s ago,
        or when it was last seen before that; None where nothing can be said."""
        place = _span(box, grey.shape)
        if place is None:
            return None
        x0, y0, x1, y1 = place
        patch = grey[y0:y1, x0:x1]
        if not _has_structure(grey, place):
            return None
        old = [(now - at_s, one) for at_s, one in self.pictures if now - at_s >= YOUNGEST_S]
        recent = [one for age_s, one in old if age_s <= OLDEST_S] or [one for _, one in old[-1:]]
        found = [_best(one, patch, place) for one in recent]
        return PlaceSimilarity(most=max(found), least=min(found)) if found else None


def patch_of(grey: Grey, box: Box) -> Grey | None:
    """What the place `box` (shares of the frame) looks like; None if it has nothing to be
    recognised by."""
    place = _span(box, grey.shape)
    if place is None or not _has_structure(grey, place):
        return None
    return grey[place[1] : place[3], place[0] : place[2]].copy()


def stays(grey: Grey, patch: Grey, box: Box) -> float:
    """How like the place `box` in `grey` is to what it was when `patch_of` was taken of it."""
    place = _span(box, grey.shape)
    if place is None or patch.shape != (place[3] - place[1], place[2] - place[0]):
        return 0.0
    return _best(grey, patch, place)


def _has_structure(picture: Grey, place: tuple[int, int, int, int]) -> bool:
    x0, y0, x1, y1 = place
    return bool(cv2.meanStdDev(picture[y0:y1, x0:x1])[1][0, 0] >= _FLAT)


def _best(picture: Grey, patch: Grey, place: tuple[int, int, int, int]) -> float:
    """The best correlation of `patch` around its own place in an older picture."""
    x0, y0, x1, y1 = place
    top, left = max(0, y0 - _SLACK_PX), max(0, x0 - _SLACK_PX)
    around = picture[top : y1 + _SLACK_PX, left : x1 + _SLACK_PX]
    return float(cv2.matchTemplate(around, patch, cv2.TM_CCOEFF_NORMED).max())


def _span(box: Box, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    high, wide = shape[:2]
    x0, x1 = (round(min(max(x, 0.0), 1.0) * wide) for x in (box[0], box[2]))
    y0, y1 = (round(min(max(y, 0.0), 1.0) * high) for y in (box[1], box[3]))
    return None if min(x1 - x0, y1 - y0) < _LEAST_PX else (x0, y0, x1, y1)
