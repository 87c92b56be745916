"""A proposal for a camera's zones and masks: read from text, and turned into a patch.

PURE. The text has a line for each place: `zone drive: 0.1,0.5 0.9,0.5 0.9,1`. A patch is a merge
patch over the gateway's own file, with whole lists, for that is how it merges; what else a place
says there is kept. Called by `editor`.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cloud.console.camera_places import PlaceCorners
from cloud.console.camera_section import section_of
from contract.ids import is_name

KINDS = {"zone": "zones", "object mask": "object_masks", "privacy mask": "privacy_masks"}
"""How a line begins, and the key of its list in the configuration."""
ChangedLists = dict[str, list[dict[str, object]]]
MOST_PLACES = 32
MOST_CORNERS = 64
_LINE = re.compile(r"(zone|object mask|privacy mask) ([^:]{1,64}): *(.*)")
_CORNER = re.compile(r"(\d?\.?\d{1,6}),(\d?\.?\d{1,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedPlace:
    """A polygon; corners are shares 0..1 of the frame."""

    kind: str
    name: str
    corners: PlaceCorners


@dataclass(frozen=True, slots=True)
class ProposalFault:
    """Why the text is no proposal, in words."""

    reason: str


def text_of(places: Iterable[ProposedPlace]) -> str:
    """A line each, as `read_places` reads it."""
    return "\n".join(
        f"{one.kind} {one.name}: {' '.join(map(_shown, one.corners))}" for one in places
    )


def read_places(text: str) -> tuple[ProposedPlace, ...] | ProposalFault:
    """The places of a text."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_PLACES:
        return ProposalFault(f"{len(lines)} places: at most {MOST_PLACES}")
    found: list[ProposedPlace] = []
    for line in lines:
        place = _place(line)
        if isinstance(place, ProposalFault):
            return place
        if any((one.kind, one.name) == (place.kind, place.name) for one in found):
            return ProposalFault(f"{place.kind} {place.name} stands there twice")
        found.append(place)
    return tuple(found)


def _place(line: str) -> ProposedPlace | ProposalFault:
    match = _LINE.fullmatch(line)
    if match is None:
        return ProposalFault(f"{line[:60]!r} is not KIND NAME: X,Y X,Y X,Y")
    kind, name, rest = match.groups()
    corners = tuple(_corner(one) for one in rest.split())
    good = tuple(one for one in corners if one is not None)
    if not is_name(name):
        return ProposalFault(f"{name!r} is no name: 1 to 64 of a-z 0-9 _ -")
    if len(good) != len(corners) or not 3 <= len(good) <= MOST_CORNERS:
        return ProposalFault(f"{kind} {name} needs 3 to {MOST_CORNERS} corners X,Y from 0 to 1")
    return ProposedPlace(kind=kind, name=name, corners=good)


def _corner(text: str) -> tuple[float, float] | None:
    match = _CORNER.fullmatch(text)
    x, y = (float(match[1]), float(match[2])) if match else (2.0, 2.0)
    return (x, y) if x <= 1 and y <= 1 else None


def places_in(document: object, camera: str) -> tuple[ProposedPlace, ...]:
    """Those of the configuration that the editor knows."""
    section = section_of(document, camera)
    return tuple(
        ProposedPlace(kind=kind, name=str(one["id"]), corners=corners)
        for kind, key in KINDS.items()
        for one in items_of(section.get(key))
        if (corners := _polygon(one.get("polygon")))
    )


def changed_lists(document: object, camera: str, places: Iterable[ProposedPlace]) -> ChangedLists:
    """By key of the camera's section; lists that stay as they are are left away."""
    section = section_of(document, camera)
    changed: ChangedLists = {}
    proposed = tuple(places)
    for kind, key in KINDS.items():
        old = {str(one["id"]): one for one in items_of(section.get(key))}
        new: list[dict[str, object]] = [
            _changed(old.get(one.name, {}), one) for one in proposed if one.kind == kind
        ]
        if new != [dict(one) for one in old.values()]:
            changed[key] = new
    return changed


def _changed(old: Mapping[str, object], place: ProposedPlace) -> dict[str, object]:
    """Corners that the text shows as they are keep the digits that it does not show."""
    exact: defaultdict[str, deque[tuple[float, float]]] = defaultdict(deque)
    for corner in _polygon(old.get("polygon")):
        exact[_shown(corner)].append(corner)
    left = ((exact[_shown(corner)], corner) for corner in place.corners)  # each is taken once
    corners = [list(same.popleft() if same else corner) for same, corner in left]
    return {**old, "id": place.name, "polygon": corners}


def _shown(corner: tuple[float, float]) -> str:
    """As `_CORNER` reads it, to a millionth of the picture."""
    return ",".join(f"{share:z.6f}".rstrip("0").rstrip(".") for share in corner)


def items_of(found: object) -> list[Mapping[str, object]]:
    """What of a list has an id."""
    listed = found if isinstance(found, list) else []
    return [one for one in listed if isinstance(one, dict) and "id" in one]


def _polygon(found: object) -> PlaceCorners:
    corners = [_pair(one) for one in found] if isinstance(found, list) else []
    good = tuple(one for one in corners if one is not None)
    return good if len(good) == len(corners) >= 3 else ()


def _pair(one: object) -> tuple[float, float] | None:
    if not isinstance(one, list) or len(one) != 2:
        return None
    x, y = one
    if not all(isinstance(value, int | float) and 0 <= value <= 1 for value in one):
        return None
    return float(x), float(y)
