"""A camera's lowest `threshold` in its gateway's file, and the patch that would change it.

PURE. The file is only looked at; what does not fit in it is left away. A patch is a merge patch
with the whole list of rules, for that is how it merges; whoever holds the keys signs it. Called by
`quality`.
"""

from __future__ import annotations

from collections.abc import Mapping

from cloud.console.camera_section import camera_patch, mapping, rules_of
from cloud.quality.proposals import ThresholdProposal

DEFAULT_THRESHOLD = 0.35
"""Of a rule that says none: as the gateway has it."""

_MOST_RULES = 64


def lowest_threshold(document: object, camera: str) -> float:
    """Of the rules that hold for the camera."""
    return min(map(_threshold, _rules(document, camera)), default=DEFAULT_THRESHOLD)


def threshold_patch(document: object, proposal: ThresholdProposal) -> dict[str, object] | None:
    """Rules up to the higher of both values get the proposed one. None where the file has no
    rules for this camera."""
    camera, rules = proposal.camera[1], _rules(document, proposal.camera[1])
    reach = max(proposal.current, proposal.proposed)
    changed = [
        {**one, "threshold": proposal.proposed} if _threshold(one) <= reach else one
        for one in rules
    ]
    return dict(camera_patch(document, camera, {"rules": changed})) if changed else None


def _rules(document: object, camera: str) -> list[dict[str, object]]:
    """The camera's own, or those of all cameras."""
    found = rules_of(document, camera)
    listed = found[:_MOST_RULES] if isinstance(found, list) else []
    return [dict(mapping(one)) for one in listed if isinstance(one, dict)]


def _threshold(rule: Mapping[str, object]) -> float:
    found = rule.get("threshold")
    known = isinstance(found, int | float) and not isinstance(found, bool) and 0 <= found <= 1
    return float(found) if known and isinstance(found, int | float) else DEFAULT_THRESHOLD
