"""The lowest threshold in a file, and the patch that would change it."""

from __future__ import annotations

import pytest

from cloud.console.thresholds import DEFAULT_THRESHOLD, lowest_threshold, threshold_patch
from cloud.quality.figures import ThresholdEffect
from cloud.quality.proposals import ThresholdProposal
from contract.ids import CameraId, GatewayId
from edge.config.rules import DEFAULT_RULES, RuleConfig

NOTHING = ThresholdEffect(threshold=0, kept=0, dropped=0, real_dropped=0, false_dropped=0)
FILE = {
    "cameras": {"yard": {"rules": [{"id": "a", "threshold": 0.5}, {"id": "b"}]}, "gate": {}},
    "decide": {"rules": [{"id": "c", "threshold": 0.6, "labels": ["person"]}]},
}


def proposal(camera: str, current: float, proposed: float) -> ThresholdProposal:
    return ThresholdProposal(
        camera=(GatewayId("north"), CameraId(camera)),
        current=current,
        proposed=proposed,
        effect=NOTHING,
        reasons=(),
    )


def test_a_rule_without_one_has_the_gateways_default() -> None:
    assert RuleConfig(id="a", labels=("person",)).threshold == DEFAULT_THRESHOLD
    assert min(one.threshold for one in DEFAULT_RULES) == DEFAULT_THRESHOLD
    assert lowest_threshold(FILE, "yard") == DEFAULT_THRESHOLD
    assert lowest_threshold(FILE, "gate") == 0.6


@pytest.mark.parametrize(
    "document", [None, [], {"cameras": 3}, {"decide": {"rules": "all"}}, {"cameras": {"yard": 1}}]
)
def test_what_is_no_configuration_gives_the_default_and_no_patch(document: object) -> None:
    assert lowest_threshold(document, "yard") == DEFAULT_THRESHOLD
    assert threshold_patch(document, proposal("yard", 0.35, 0.3)) is None


def test_a_value_that_is_no_share_counts_as_none() -> None:
    rules: list[object] = [{"threshold": value} for value in (True, "0.1", -1, 7, None)]
    assert lowest_threshold({"decide": {"rules": [*rules, "x"]}}, "yard") == DEFAULT_THRESHOLD


def test_going_up_moves_all_below_and_going_down_only_the_lowest() -> None:
    up = threshold_patch(FILE, proposal("yard", 0.35, 0.55))
    assert up == {"cameras": {"yard": {"rules": [_rule("a", 0.55), _rule("b", 0.55)]}}}
    down = threshold_patch(FILE, proposal("yard", 0.35, 0.3))
    assert down == {"cameras": {"yard": {"rules": [_rule("a", 0.5), _rule("b", 0.3)]}}}


def test_rules_of_all_cameras_become_this_cameras_own() -> None:
    patch = threshold_patch(FILE, proposal("gate", 0.6, 0.7))
    rule = {"id": "c", "threshold": 0.7, "labels": ["person"]}
    assert patch == {"cameras": {"gate": {"rules": [rule]}}}


def _rule(name: str, threshold: float) -> dict[str, object]:
    return {"id": name, "threshold": threshold}
