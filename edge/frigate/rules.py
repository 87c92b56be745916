"""What Frigate would make an alert, as rules.

PURE. Frigate alerts for the labels of `review.alerts` (by default person and car) that it tracks,
everywhere or in `required_zones`; before version 0.14 the zones stood at `record.events`. Sizes are
taken over, scores are not: those of another network mean something else. Called by `camera`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contract.labels import VEHICLES
from edge.config.rules import DEFAULT_RULES
from edge.frigate.document import Notes, Path, number, section, texts, under
from edge.frigate.places import DetectSize, name_of

KNOWN = {
    "person": ("person",),
    "bicycle": ("bicycle",),
    "car": ("car", "truck"),
    "motorcycle": ("motorcycle",),
    "bus": ("bus",),
    "truck": ("truck",),
    "bird": ("bird",),
    "cat": ("cat",),
    "dog": ("dog",),
}
"""Our classes for a label of Frigate, which calls a truck `car`."""

_ALERTS = ("person", "car")
_REQUIRED = (
    ("review", "alerts", "required_zones"),
    ("record", "events", "required_zones"),  # before version 0.14
    ("clips", "required_zones"),  # before version 0.9
)
_PERSON, _VEHICLE = DEFAULT_RULES

_MOST_RATIO = 100.0
_LONGEST_LOITERING_S = 3600.0


@dataclass(frozen=True, slots=True)
class ZoneFacts:
    """What a zone of Frigate demands beside its outline."""

    id: str
    labels: tuple[str, ...]
    loitering_s: float
    filters: object


@dataclass(frozen=True, slots=True)
class _Case:
    """What one rule asks of an object; labels for which it is the same share the rule."""

    kind: str
    sizes: tuple[tuple[str, float], ...]
    zones: tuple[str, ...] = ()
    loitering_s: float = 0.0


def rules_of(
    camera: object,
    path: Path,
    zones: Mapping[str, ZoneFacts | None],
    size: DetectSize,
    notes: Notes,
) -> list[dict[str, object]]:
    """The rules of a camera, with what it inherits; `zones` by Frigate's name, None if off."""
    if under(camera, "review", "alerts", "enabled") is False:
        notes.remark((*path, "review", "alerts", "enabled"), "no alerts there: no rules here")
        return []
    required = _required(camera, path, zones, notes)
    cases: dict[_Case, list[str]] = {}
    for label in _alert_labels(camera, path, notes):
        sizes = _sizes(camera, ("objects",), label, path, size, notes)
        for case in _cases(label, sizes, required, path, size, notes):
            cases.setdefault(case, []).extend(KNOWN[label])
    ids: list[str] = []
    rules = []
    for case, labels in cases.items():
        ids.append(name_of("-".join((case.kind, *case.zones[:1])), ids))
        rules.append(_rule(ids[-1], case, tuple(dict.fromkeys(labels))))
    return rules


def _alert_labels(camera: object, path: Path, notes: Notes) -> Iterator[str]:
    tracked = texts(under(camera, "objects", "track")) or ("person",)
    asked = texts(under(camera, "review", "alerts", "labels")) or _ALERTS
    alerting = {one for label in tracked if label in asked for one in KNOWN.get(label, ())}
    for label in tracked:
        where = (*path, "objects", "track")
        if label not in KNOWN:
            notes.remark(where, f"{label} is no class of our networks: docs/classes.md")
        elif label in asked:
            yield label
        elif not alerting.issuperset(KNOWN[label]):  # a car's rule is that of trucks, too
            notes.remark(where, f"{label} is tracked but makes no alert there: no rule here")


def _required(
    camera: object, path: Path, zones: Mapping[str, ZoneFacts | None], notes: Notes
) -> list[ZoneFacts] | None:
    """The zones that an alert demands; None if everywhere counts."""
    keys = next((one for one in _REQUIRED if texts(under(camera, *one))), _REQUIRED[0])
    names = texts(under(camera, *keys))
    for name in names:
        if name not in zones:
            notes.refuse((*path, *keys), f"names zone {name!r}, which is not there", "correct it")
    if not names:
        return None
    return [zone for zone in map(zones.get, names) if zone is not None]


def _cases(
    label: str,
    sizes: Mapping[str, float],
    required: list[ZoneFacts] | None,
    path: Path,
    size: DetectSize,
    notes: Notes,
) -> Iterator[_Case]:
    """One, or one for each kind of zone."""
    kind = "vehicle" if label in VEHICLES else label
    if required is None:
        yield _Case(kind, tuple(sizes.items()))
        return
    alike: dict[_Case, list[str]] = {}
    for zone in required:
        if not zone.labels or label in zone.labels:
            where = (*path, "zones", zone.id)
            both = _narrower(sizes, _sizes(zone.filters, (), label, where, size, notes))
            case = _Case(kind, tuple(both.items()), loitering_s=zone.loitering_s)
            alike.setdefault(case, []).append(zone.id)
    for case, names in alike.items():
        yield _Case(kind, case.sizes, tuple(names), case.loitering_s)


def _rule(id_: str, case: _Case, labels: tuple[str, ...]) -> dict[str, object]:
    """With our own defaults for the kind of object."""
    base = {"person": _PERSON, "vehicle": _VEHICLE}.get(case.kind)
    own = {} if base is None else base.model_dump(mode="json", exclude_defaults=True)
    rule: dict[str, object] = {**own, "id": id_, "labels": list(labels)} | dict(case.sizes)
    if base is None:
        rule["severity"] = _VEHICLE.severity
    if case.zones:
        rule["zones"] = list(case.zones)
    if case.loitering_s:
        rule |= {"loitering_s": min(case.loitering_s, _LONGEST_LOITERING_S), "must_move": False}
    return rule


def _sizes(
    data: object, keys: Path, label: str, path: Path, size: DetectSize, notes: Notes
) -> dict[str, float]:
    """Shares of the picture and ratios, where they limit anything."""
    filters = section(data, *keys, "filters", label)
    sizes: dict[str, float] = {}
    for key in ("min_area", "max_area"):
        area = number(filters.get(key))
        share = None if area is None else _share(area, size)
        if area is not None and share is None:
            where = (*path, *keys, "filters", label, key)
            notes.remark(where, "is in pixels: left out where detect has no width and height")
        elif share is not None and 0 < share < 1:
            sizes[key] = round(share, 6)
    for key in ("min_ratio", "max_ratio"):
        ratio = number(filters.get(key))
        if ratio is not None and 0 < ratio < _MOST_RATIO:
            sizes[key] = ratio
    return sizes


def _share(area: float, size: DetectSize) -> float | None:
    """Of the picture; a number up to 1 is one already, and Frigate's own highest is no limit."""
    if area <= 1 or area >= 24_000_000:
        return min(area, 1.0)
    return None if size is None else min(area / (size[0] * size[1]), 1.0)


def _narrower(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """What both demand."""
    both = dict(one)
    for key, value in other.items():
        choose = max if key.startswith("min") else min
        both[key] = choose(both.get(key, value), value)
    return both
