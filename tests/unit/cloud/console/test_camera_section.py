"""What a file says of a camera its gateway reads there, and so it does with a patch on it."""

from __future__ import annotations

from copy import deepcopy

import pytest
import yaml

from cloud.console.camera_places import places_of
from cloud.console.camera_section import camera_patch, section_of
from cloud.console.proposal import ProposalFault, changed_lists, places_in, read_places, text_of
from cloud.console.rule_places import rule_places_of
from cloud.console.thresholds import threshold_patch
from cloud.quality.figures import ThresholdEffect
from cloud.quality.proposals import ThresholdProposal
from contract.ids import CameraId, GatewayId
from edge.config.load import read
from edge.config.merge_patch import merged
from edge.config.schema import CameraConfig

HEDGE = {"id": "neighbour", "polygon": [[0.0, 0.0], [0.3, 0.0], [0.3, 0.5]]}
DRIVE = {"id": "drive", "polygon": [[0.0, 0.5], [1.0, 0.5], [1.0, 1.0]]}
RULE = {"id": "walker", "labels": ["person"], "threshold": 0.5}
DOCUMENT: dict[str, object] = {
    "camera_defaults": {"kind": "snapshot", "privacy_masks": [HEDGE]},
    "decide": {"rules": [RULE]},
    "cameras": {"yard": {"zones": [DRIVE]}, "shed": {"rules": []}},
}
NOTHING = ThresholdEffect(threshold=0, kept=0, dropped=0, real_dropped=0, false_dropped=0)


def at_gateway(document: object, camera: str) -> CameraConfig:
    return read(yaml.safe_dump(document).encode(), {}).config.of_camera(camera)


@pytest.mark.parametrize("camera", ["yard", "shed", "unlisted"])
def test_the_places_and_rules_of_a_camera_are_those_that_its_gateway_has(camera: str) -> None:
    own = at_gateway(DOCUMENT, camera)
    places = rule_places_of(DOCUMENT, camera)
    assert (places.zones, places.privacy_masks) == (own.zones, own.privacy_masks)
    assert [one.id for one in places.rules] == ([] if camera == "shed" else ["walker"])
    drawn = places_of(DOCUMENT, camera)
    assert len(drawn.masks) == len(own.privacy_masks)
    assert len(drawn.rules) == len(places.rules)
    assert ("kind" in section_of(DOCUMENT, camera)) == (own.kind == "snapshot")


@pytest.mark.parametrize("camera", ["yard", "shed", "unlisted"])
def test_a_zone_more_changes_nothing_else_at_the_gateway(camera: str) -> None:
    text = text_of(places_in(DOCUMENT, camera)) + "\nzone gate: 0,0.2 1,0.2 1,0.4"
    places = read_places(text)
    assert not isinstance(places, ProposalFault)
    before, filed = at_gateway(DOCUMENT, camera), deepcopy(DOCUMENT)
    patch = camera_patch(DOCUMENT, camera, changed_lists(DOCUMENT, camera, places))
    after = at_gateway(merged(DOCUMENT, patch), camera)
    assert [zone.id for zone in after.zones] == [*(zone.id for zone in before.zones), "gate"]
    assert after.model_copy(update={"zones": before.zones}) == before
    assert filed == DOCUMENT


@pytest.mark.parametrize("camera", ["yard", "unlisted"])
def test_another_threshold_takes_no_privacy_mask_away(camera: str) -> None:
    wanted = ThresholdProposal(
        camera=(GatewayId("north"), CameraId(camera)),
        current=0.5,
        proposed=0.6,
        effect=NOTHING,
        reasons=(),
    )
    patch = threshold_patch(DOCUMENT, wanted)
    assert patch is not None
    before, after = at_gateway(DOCUMENT, camera), at_gateway(merged(DOCUMENT, patch), camera)
    assert [rule.threshold for rule in after.rules or ()] == [0.6]
    assert after.model_copy(update={"rules": before.rules}) == before


def test_nothing_changed_is_no_patch() -> None:
    assert camera_patch(DOCUMENT, "unlisted", {}) == {}
