"""Zones, lines and masks of a camera, as its gateway's configuration file has them.

PURE. The file is the gateway's; here it is only looked at, so whatever does not fit is left away
and never an error. Called by `configurations`, for whoever draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cloud.console.alarm_view import ZonePolygons
from cloud.console.camera_section import mapping, rules_of, section_of

_MOST_PLACES = 64
_MOST_CORNERS = 64
MASKS = ("object_masks", "motion_masks", "privacy_masks")

PlaceCorners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPlaces:
    """By name; corners are shares 0..1 of the frame. `rules` are texts for people."""

    zones: Mapping[str, PlaceCorners]
    lines: Mapping[str, PlaceCorners]
    masks: Mapping[str, PlaceCorners]
    rules: tuple[str, ...]

    @property
    def polygons(self) -> ZonePolygons:
        """The zones, to be drawn over a picture."""
        return dict(self.zones)


NO_PLACES = CameraPlaces(zones={}, lines={}, masks={}, rules=())


def places_of(document: object, camera: str) -> CameraPlaces:
    """Of one camera, listed or not."""
    section = section_of(document, camera)
    return CameraPlaces(
        zones=dict(_places(section.get("zones"), "polygon", "")),
        lines=dict(_places(section.get("lines"), "points", "")),
        masks={
            name: corners
            for kind in MASKS
            for name, corners in _places(section.get(kind), "polygon", kind.removesuffix("s"))
        },
        rules=tuple(_rules(rules_of(document, camera))),
    )


def _places(found: object, key: str, kind: str) -> Iterator[tuple[str, PlaceCorners]]:
    for number, one in enumerate(_items(found), 1):
        corners = tuple(_corners(mapping(one).get(key)))
        if len(corners) >= 2:
            name = str(mapping(one).get("id", number))[:64]
            yield f"{kind.replace('_', ' ')} {name}".strip(), corners


def _corners(found: object) -> Iterator[tuple[float, float]]:
    for one in (found if isinstance(found, list | tuple) else [])[:_MOST_CORNERS]:
        if isinstance(one, list | tuple) and len(one) == 2:
            x, y = one
            if all(isinstance(value, int | float) and 0 <= value <= 1 for value in (x, y)):
                yield float(x), float(y)


def _rules(found: object) -> Iterator[str]:
    for one in _items(found):
        rule = mapping(one)
        said = [f"{key} {_text(value)}" for key, value in rule.items() if key != "id"]
        yield f"{rule.get('id', 'rule')}: {', '.join(said)}"[:300]


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _items(found: object) -> list[object]:
    return list(found)[:_MOST_PLACES] if isinstance(found, list | tuple) else []
