"""The shadow run: what changes is listed with the reasons of both sides, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.records import Analysed
from edge.replay.comparison import ComparedSide, DecisionChange, compare, differing
from edge.replay.comparison_report import Summary, as_json, in_words
from tests.unit.edge.rolls import Roll
from tests.unit.edge.scenes import FindsDarkThings, picture

CAMERA = CameraId("yard")
WALK = Roll(
    *[picture(seed=n) for n in range(20)], *[picture(20 + 6 * n, seed=n) for n in range(20)]
)


def config(rule: Mapping[str, object] | None = None, **camera: object) -> EdgeConfig:
    rules = [{"id": "person", "labels": ["person"]} | dict(rule or {})]
    settings = {"kind": "stream"} | camera
    return EdgeConfig.model_validate({"decide": {"rules": rules}, "cameras": {CAMERA: settings}})


def run(
    before: EdgeConfig, after: EdgeConfig, detector: FindsDarkThings | None = None
) -> tuple[list[DecisionChange], Summary]:
    """All changes and the summary, with one network for both sides unless another is given."""
    network = FindsDarkThings()
    other = detector or network
    summary = Summary(differing=differing(before, after), shared=detector is None)
    changes: list[DecisionChange] = []
    sides = (
        ComparedSide(config=before, detector=network),
        ComparedSide(config=after, detector=other),
    )
    for frame in compare(WALK, *sides, CAMERA, 5.0):
        summary.count(frame)
        changes += frame.changes
    return changes, summary


def test_equal_configurations_change_nothing() -> None:
    changes, summary = run(config(), config())
    assert changes == []
    assert (summary.frames, summary.suspicions, summary.differing) == (40, [1, 1], ())
    assert "0 decisions would change" in summary.words()


def test_a_decision_that_would_be_gone_has_the_reasons_of_both_sides() -> None:
    (change,), summary = run(config(), config({"threshold": 0.9}))
    assert (change.kind, change.camera, change.label) == ("gone", CAMERA, "person")
    assert change.before.rule == "person"
    assert change.before.reasons[0].endswith("0.80 >= 0.35")
    assert change.after.rule is None
    assert change.after.reasons == ("person: median score of 3 frames 0.80 < 0.90",)
    assert (summary.kinds["gone"], summary.changes) == (1, 1)
    assert summary.differing == ("decide.rules",)


def test_the_other_way_round_it_is_new() -> None:
    (change,), _ = run(config({"threshold": 0.9}), config())
    assert (change.kind, change.before.rule, change.after.rule) == ("new", None, "person")


def test_another_severity_is_a_change_and_another_score_is_none() -> None:
    (change,), _ = run(config(), config({"severity": 1}))
    assert (change.kind, change.before.severity, change.after.severity) == ("changed", 2, 1)
    changes, _ = run(config(), config(), FindsDarkThings(score=0.6))
    assert changes == []


@pytest.mark.parametrize(
    ("camera", "reason"),
    [
        ({"armed": False}, "camera armed OFF, wanted ON"),
        ({"object_masks": [{"id": "all", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}]}, "by mask"),
        ({"gate": {"light_share": 0.1, "min_diff": 128}}, "the gate let the frame end: still"),
    ],
)
def test_why_the_other_side_says_nothing(camera: dict[str, object], reason: str) -> None:
    (change,), _ = run(config(), config(None, **camera))
    assert reason in change.after.reasons[0]
    assert reason in in_words(change)


def test_a_network_that_both_use_looks_once_at_each_frame() -> None:
    network = FindsDarkThings()
    side = ComparedSide(config=config(), detector=network)
    analysed = sum(
        isinstance(frame.before.outcome, Analysed)
        for frame in compare(WALK, side, side, CAMERA, 5.0)
    )
    assert network.calls == analysed > 10


def test_two_runs_give_equal_bytes_and_valid_lines() -> None:
    first, second = (
        "\n".join(map(as_json, run(config(), config({"threshold": 0.9}))[0])) for _ in range(2)
    )
    assert first == second
    assert json.loads(first)["after"]["fired"] is False
