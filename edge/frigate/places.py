"""Frigate's zones and masks as outlines in shares of the picture.

PURE. Frigate takes coordinates in pixels of the detect stream or as shares, as one text, as a list
of texts (of points for a zone, of masks for a mask) or, for masks, under a name each. All become
tuples of points, x and y in 0..1. What cannot be translated is refused, never lost: a zone that is
gone would let everything pass. Called by `camera`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from contract.ids import id_of
from edge.frigate.document import Notes, Path, number, under
from service.places import Polygon

MOST_CORNERS = 64
"""As many as the schema takes."""

PolygonCorners = NDArray[np.float32]
"""(N, 2) float32, x and y in shares."""

PolygonPoints = tuple[tuple[float, float], ...]
DetectSize = tuple[float, float] | None
"""Width and height of the detect stream in pixels, where the document says them."""

_OUTLINE: TypeAdapter[PolygonPoints] = TypeAdapter(Polygon)

_LEAST_NUMBERS = 6
"""Of three corners."""

_LEAST_SHARE = 1e-5
"""Of the picture, three by three pixels of 1280 x 720: no zone, but one that lies outside."""

_FORM = "x,y,x,y,... of three points and more, in pixels or as shares 0..1"


@dataclass(frozen=True, slots=True)
class FrigateMask:
    """A mask with the name that it has, or gets."""

    id: str
    polygon: PolygonPoints


def name_of(text: str, taken: Sequence[str]) -> str:
    """An id here for a name there, other than those that are `taken`."""
    base = (id_of(text) or "unnamed")[:60]
    names = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def zone_outline(value: object, size: DetectSize, path: Path, notes: Notes) -> PolygonPoints | None:
    """Of a zone; one that crosses itself becomes its hull, which lets nothing pass that it had."""
    flat = ",".join(map(str, value)) if isinstance(value, list) else value
    points = _points(flat, size, path, notes)
    if points is None or _is_simple(points):
        return points
    notes.remark(path, "its outline crosses itself; the hull of its corners was taken: look at it")
    hull = cv2.convexHull(np.array(points, np.float32))[:, 0]
    return _rounded(hull.astype(np.float32))


def masks(value: object, size: DetectSize, path: Path, notes: Notes) -> Iterator[FrigateMask]:
    """Of an object or a motion; one that crosses itself is left out, so that nothing is hidden
    that was seen before."""
    taken: list[str] = []
    for key, one, where in _each(value, path):
        enabled = under(one, "enabled") is not False
        if not enabled:
            notes.remark(where, "switched off there, left out here")
            continue
        coordinates = under(one, "coordinates") if isinstance(one, dict) else one
        if isinstance(coordinates, list):
            coordinates = ",".join(map(str, coordinates))
        if 0 < len(_numbers(coordinates)) < _LEAST_NUMBERS:
            notes.remark(where, "has fewer than three corners, left out: draw it again")
            continue
        points = _points(coordinates, size, where, notes)
        if points is None:
            continue
        if not _is_simple(points):
            notes.remark(where, "its outline crosses itself, left out: draw it again")
            continue
        taken.append(name_of(key, taken))
        yield FrigateMask(taken[-1], points)


def share_of(polygon: PolygonPoints) -> float:
    """The share of the picture that an outline covers."""
    return float(cv2.contourArea(np.array(polygon, np.float32)))


def _each(value: object, path: Path) -> Iterator[tuple[str, object, Path]]:
    """Name, coordinates and place of each mask."""
    match value:
        case dict():
            for key, one in value.items():
                yield str(key), one, (*path, str(key))
        case list() if value and all(number(one) is not None for one in value):
            yield "mask", value, path
        case list() if value and all(str(one).count(",") == 1 for one in value):
            yield "mask", value, path  # the points of one, as a zone has them
        case list():
            for one in value:
                yield "mask", one, path
        case None | "":
            return
        case _:
            yield "mask", value, path


def _points(value: object, size: DetectSize, path: Path, notes: Notes) -> PolygonPoints | None:
    """The corners in shares, at most as many as the schema takes; None if it was refused."""
    known = _numbers(value)
    if len(known) % 2 or len(known) < _LEAST_NUMBERS:
        notes.refuse(path, f"{str(value)[:40]!r} is no outline", _FORM)
        return None
    corners = np.array(known, np.float32).reshape(-1, 2)
    if corners.max() > 1:
        if size is None:
            hint = "add both to the camera's detect section (ffprobe says them) and import again"
            notes.refuse(path, "is in pixels, and detect has no width and height", hint)
            return None
        corners = corners / np.array(size, np.float32)
    if corners.min() < 0 or corners.max() > 1:
        notes.remark(path, "corners outside of the picture were moved to its edge")
    corners = corners.clip(0, 1)
    if cv2.contourArea(cv2.convexHull(corners)) < _LEAST_SHARE:
        hint = "correct them, or width and height of detect, in whose pixels they are"
        notes.refuse(path, f"{str(value)[:40]!r} covers nothing of the picture", hint)
        return None
    return _rounded(_fewer(corners, path, notes))


def _numbers(value: object) -> list[float]:
    """Of an outline in text; none if anything else stands there."""
    parts = str(value).replace(" ", "").removeprefix("poly,").strip(",").split(",")
    found = [one for part in parts if (one := number(part)) is not None]
    return found if len(found) == len(parts) else []


def _fewer(corners: PolygonCorners, path: Path, notes: Notes) -> PolygonCorners:
    """At most `MOST_CORNERS`, without those that matter least (Douglas and Peucker)."""
    away = 0.0005
    simpler = corners
    while len(simpler) > MOST_CORNERS:
        simpler = cv2.approxPolyDP(corners, away, closed=True)[:, 0].astype(np.float32)
        away *= 2
    if len(simpler) < len(corners):
        notes.remark(path, f"{len(corners)} corners became {len(simpler)}")
    return simpler


def _rounded(corners: PolygonCorners) -> PolygonPoints:
    return tuple((round(float(x), 4), round(float(y), 4)) for x, y in corners)


def _is_simple(points: PolygonPoints) -> bool:
    """By the product's own measure."""
    try:
        _OUTLINE.validate_python(points)
    except ValidationError:
        return False
    return True
