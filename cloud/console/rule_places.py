"""Which rules a place of a camera suits: its zones and masks, decided by as the gateway does.

PURE. Zones and masks are the gateway's own schema and geometry (`service.places`). Of rules only
labels and zones are read here, for these are what a change of places bears on. Called by `editor`
and `place_replay`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from cloud.console.camera_section import rules_of, section_of
from cloud.console.proposal import ChangedLists, ProposalFault, items_of
from contract.labels import VEHICLES
from contract.report import RelativeBox
from imaging.polygons import overlap
from service.places import ObjectMaskConfig, PrivacyMaskConfig, ZoneConfig
from service.sections import Section

Kept = TypeVar("Kept", ZoneConfig, ObjectMaskConfig, PrivacyMaskConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedRule:
    """What a rule asks of label and place; no zones: everywhere."""

    id: str
    labels: frozenset[str]
    zones: frozenset[str]


DEFAULT_RULES = (
    PlacedRule(id="person", labels=frozenset({"person"}), zones=frozenset()),
    PlacedRule(id="vehicle", labels=VEHICLES, zones=frozenset()),
)
"""Those of a gateway whose file has none; a test holds them against its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePlaces:
    """A camera's places with the rules that ask for them."""

    zones: tuple[ZoneConfig, ...]
    object_masks: tuple[ObjectMaskConfig, ...]
    privacy_masks: tuple[PrivacyMaskConfig, ...]
    rules: tuple[PlacedRule, ...]

    def rules_for(self, label: str, box: RelativeBox) -> frozenset[str]:
        """Ids of the rules that such an object suits where it stands; none within an object mask
        that ignores it."""
        if any(mask.takes_out(label, box) for mask in self.object_masks):
            return frozenset()
        inside = {zone.id for zone in self.zones if zone.holds(box)}
        return frozenset(
            rule.id
            for rule in self.rules
            if label in rule.labels and (not rule.zones or inside & rule.zones)
        )

    def black(self, box: RelativeBox, before: RulePlaces) -> float:
        """Share 0..1 of the box under a privacy mask that `before` has not; where several lie over
        each other, at least."""
        known = {mask.polygon for mask in before.privacy_masks}
        added = (mask.polygon for mask in self.privacy_masks if mask.polygon not in known)
        return max((overlap(polygon, box) for polygon in added), default=0.0)


def rule_places_of(
    document: object, camera: str, changed: ChangedLists | None = None
) -> RulePlaces:
    """As the file has them, with the `changed` lists in their stead; what does not fit the
    gateway's schema is left away."""
    section = {**section_of(document, camera), **(changed or {})}
    return RulePlaces(
        zones=tuple(_fitting(section.get("zones"), ZoneConfig)),
        object_masks=tuple(_fitting(section.get("object_masks"), ObjectMaskConfig)),
        privacy_masks=tuple(_fitting(section.get("privacy_masks"), PrivacyMaskConfig)),
        rules=_rules(rules_of(document, camera)),
    )


def fault_in(document: object, camera: str, changed: ChangedLists) -> ProposalFault | None:
    """Why a gateway would refuse the change; None: these places it would take."""
    kinds: dict[str, type[Section]] = {"zones": ZoneConfig, "object_masks": ObjectMaskConfig}
    for key, places in changed.items():
        for one in places:
            try:
                kinds.get(key, PrivacyMaskConfig).model_validate(one)
            except ValidationError as error:
                said = error.errors()[0]["msg"].removeprefix("Value error, ")
                return ProposalFault(f"{key.replace('_', ' ')} {one.get('id')}: {said}")
    return _without_a_zone(rule_places_of(document, camera, changed))


def _without_a_zone(places: RulePlaces) -> ProposalFault | None:
    known = {zone.id for zone in places.zones}
    for rule in places.rules:
        if missing := sorted(rule.zones - known):
            return ProposalFault(f"rule {rule.id} asks for zone {missing[0]}, which is not there")
    return None


def _fitting(found: object, kind: type[Kept]) -> Iterator[Kept]:
    for one in items_of(found):
        try:
            yield kind.model_validate(one)
        except ValidationError:
            continue


def _rules(found: object | None) -> tuple[PlacedRule, ...]:
    if found is None:
        return DEFAULT_RULES
    return tuple(
        PlacedRule(
            id=str(rule["id"]), labels=_names(rule.get("labels")), zones=_names(rule.get("zones"))
        )
        for rule in items_of(found)
    )


def _names(found: object) -> frozenset[str]:
    return frozenset(map(str, found)) if isinstance(found, list | tuple) else frozenset()
