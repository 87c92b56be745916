"""One camera of Frigate as an entry of `cameras` here.

PURE. Called by `translate` for each camera, with what it inherits merged in.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge.config.parse import Data
from edge.frigate.document import Notes, Path, number, section, texts, under
from edge.frigate.places import DetectSize, PolygonPoints, masks, name_of, share_of, zone_outline
from edge.frigate.rules import KNOWN, ZoneFacts, rules_of

_FPS = 5.0
"""Frigate's default rate of detection, in which it counts inertia."""

_INERTIA = 3.0
_LONGEST_INERTIA_S = 60.0

_LARGE = 0.25
_COST = "who moves only there raises nothing, as rules ask for movement (must_move)"


def camera_of(camera: object, path: Path, notes: Notes) -> Data:
    """The camera's keys in our YAML; what has no equivalent is remarked or refused in `notes`."""
    size = _size(camera)
    facts, zones = _zones(camera, path, size, notes)
    entry: Data = {}
    if under(camera, "enabled") is False or under(camera, "detect", "enabled") is False:
        entry["enabled"] = False
    if zones:
        entry["zones"] = zones
    for key, found in (
        ("object_masks", _object_masks(camera, path, size, notes)),
        ("motion_masks", _motion_masks(camera, path, size, notes)),
    ):
        if found:
            entry[key] = found
    entry["rules"] = rules_of(camera, path, facts, size, notes)
    return entry


def _size(camera: object) -> DetectSize:
    """Of the detect stream; before version 0.9 it stood beside `detect`."""
    for data in (under(camera, "detect"), camera):
        width, height = number(under(data, "width")), number(under(data, "height"))
        if width and height:
            return width, height
    return None


def _zones(
    camera: object, path: Path, size: DetectSize, notes: Notes
) -> tuple[dict[str, ZoneFacts | None], list[Data]]:
    """What rules must know of each zone by its name there, and the zones as they stand here."""
    fps = number(under(camera, "detect", "fps")) or number(under(camera, "fps")) or _FPS
    facts: dict[str, ZoneFacts | None] = {}
    zones: list[Data] = []
    for name, zone in section(camera, "zones").items():
        where = (*path, "zones", name)
        if under(zone, "enabled") is False:
            notes.remark(where, "switched off there, left out here")
            facts[name] = None
            continue
        polygon = zone_outline(under(zone, "coordinates"), size, (*where, "coordinates"), notes)
        id_ = name_of(name, [str(one["id"]) for one in zones])
        if id_ != name:
            notes.remark(where, f"is named {id_} here")
        facts[name] = _facts(zone, id_)
        if polygon is not None:
            frames = (number(under(zone, "inertia")) or _INERTIA) - 1
            inertia_s = min(max(frames / fps, 0.0), _LONGEST_INERTIA_S)
            zones.append(_zone(id_, polygon, inertia_s))
    return facts, zones


def _facts(zone: object, id_: str) -> ZoneFacts:
    loitering_s = max(number(under(zone, "loitering_time")) or 0.0, 0.0)
    return ZoneFacts(id_, texts(under(zone, "objects")), loitering_s, zone)


def _zone(id_: str, polygon: PolygonPoints, inertia_s: float) -> Data:
    """Frames in the zone as the time from the first to the last of them."""
    return {"id": id_, "polygon": _listed(polygon), "inertia_s": round(inertia_s, 3)}


def _object_masks(camera: object, path: Path, size: DetectSize, notes: Notes) -> list[Data]:
    """Those for all objects, then those for one label, which also count there together."""
    found: list[Data] = []
    whose: list[tuple[Path, object, tuple[str, ...]]] = [
        (("objects", "mask"), under(camera, "objects", "mask"), ())
    ]
    for label, filter_ in section(camera, "objects", "filters").items():
        keys: Path = ("objects", "filters", label, "mask")
        labels = KNOWN.get(label)
        if labels is None and under(filter_, "mask"):
            notes.remark((*path, *keys), f"{label} is no class of our networks: docs/classes.md")
        elif labels is not None:
            whose.append((keys, under(filter_, "mask"), labels))
    for keys, value, labels in whose:
        for mask in masks(value, size, (*path, *keys), notes):
            id_ = name_of("-".join((*labels[:1], mask.id)), [str(one["id"]) for one in found])
            own = {"labels": list(labels)} if labels else {}
            found.append({"id": id_, "polygon": _listed(mask.polygon), **own})
    return found


def _motion_masks(camera: object, path: Path, size: DetectSize, notes: Notes) -> list[Data]:
    """Before version 0.9 they stood in the camera itself."""
    found: list[Data] = []
    values: Mapping[Path, object] = {
        ("motion", "mask"): under(camera, "motion", "mask"),
        ("mask",): under(camera, "mask"),
    }
    for keys, value in values.items():
        for mask in masks(value, size, (*path, *keys), notes):
            share = share_of(mask.polygon)
            if share > _LARGE:
                notes.remark(
                    (*path, *keys), f"{mask.id} covers {share:.0%} of the picture: {_COST}"
                )
            id_ = name_of(mask.id, [str(one["id"]) for one in found])
            found.append({"id": id_, "polygon": _listed(mask.polygon)})
    return found


def _listed(polygon: PolygonPoints) -> list[list[float]]:
    return [list(point) for point in polygon]
