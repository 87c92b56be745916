"""Stored frames are judged by present and proposed places as the gateway would judge them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cloud.console.place_replay import AlarmEffect, ReplayedAlarm, replay
from cloud.console.proposal import ChangedLists, ProposalFault, changed_lists, read_places
from cloud.console.replay_view import replay_view
from cloud.console.rule_places import DEFAULT_RULES, fault_in, rule_places_of
from cloud.index.summary import AlarmParts
from contract.report import FiredRule, RelativeBox, ThreatReport
from contract.verdict import Sighting
from edge.config.rules import DEFAULT_RULES as OF_GATEWAYS
from tests.alarms import decided, report_of

RULES: list[dict[str, object]] = [
    {"id": "intruder", "labels": ["person"], "zones": ["drive"]},
    {"id": "any-car", "labels": ["car"]},
]
GATE: dict[str, object] = {
    "zones": [{"id": "drive", "polygon": [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]}],
    "rules": RULES,
}
DOCUMENT = {"cameras": {"gate": GATE}}
DRIVE = "zone drive: 0,0.5 1,0.5 1,1 0,1\n"
LEFT: RelativeBox = (0.1, 0.4, 0.2, 0.8)
RIGHT: RelativeBox = (0.8, 0.4, 0.9, 0.8)
FAR: RelativeBox = (0.1, 0.1, 0.15, 0.3)


def lists_of(text: str, document: object = DOCUMENT) -> ChangedLists:
    read = read_places(text)
    assert not isinstance(read, ProposalFault), read
    return changed_lists(document, "gate", read)


def walked(
    *boxes: RelativeBox, label: str = "person", rule: str = "intruder", audit: bool = False
) -> ThreatReport:
    """An alarm with a frame for each box."""
    report = report_of(1, pictures=len(boxes), label=label)
    at = report.raised_at
    return report.model_copy(
        update={
            "box": boxes[-1],
            "audit": audit,
            "rule": FiredRule(id=rule, reasons=("x",)),
            "evidence": tuple(
                ref.model_copy(
                    update={
                        "box": None if audit else box,
                        "received_at": at + timedelta(seconds=n),
                        "role": "context" if n else "best",
                    }
                )
                for n, (ref, box) in enumerate(zip(report.evidence, boxes, strict=True))
            ),
        }
    )


def parts_of(report: ThreatReport, *seen: tuple[str, RelativeBox]) -> AlarmParts:
    """With what the cloud saw on the first picture."""
    sightings = tuple(Sighting(label=label, score=0.9, box=box) for label, box in seen)
    verdict = decided(report).model_copy(update={"sightings": sightings})
    return AlarmParts(report=report, verdict=verdict)


def replayed(text: str, parts: AlarmParts, document: object = DOCUMENT) -> ReplayedAlarm:
    lists = lists_of(text, document)
    assert fault_in(document, "gate", lists) is None
    before, after = (
        rule_places_of(document, "gate"),
        rule_places_of(document, "gate", lists),
    )
    (one,) = replay([parts], before, after).alarms
    return one


@pytest.mark.parametrize(
    ("text", "boxes", "effect", "changed"),
    [
        (DRIVE, (LEFT, RIGHT), "kept", []),
        (DRIVE, (FAR,), "outside", []),
        ("zone drive: 0,0.9 1,0.9 1,1", (LEFT, RIGHT), "lost", ["lost", "lost"]),
        ("zone drive: 0.5,0.5 1,0.5 1,1 0.5,1", (LEFT, RIGHT), "doubt", ["lost"]),
        (DRIVE + "object mask m: 0,0 0.5,0 0.5,1 0,1", (LEFT,), "lost", ["lost"]),
        (DRIVE + "object mask m: 0,0 0.5,0 0.5,0.7 0,0.7", (LEFT,), "kept", []),
        (DRIVE + "privacy mask p: 0,0 0.5,0 0.5,1 0,1", (LEFT,), "lost", ["lost"]),
        (DRIVE + "privacy mask p: 0,0 0.5,0 0.5,0.5 0,0.5", (LEFT,), "doubt", ["doubt"]),
    ],
)
def test_an_alarm_is_lost_if_its_rule_asks_for_none_of_its_places(
    text: str, boxes: tuple[RelativeBox, ...], effect: AlarmEffect, changed: list[str]
) -> None:
    one = replayed(text, parts_of(walked(*boxes)))
    assert (one.effect, [frame.change for frame in one.frames]) == (effect, changed)
    assert one.why


def test_masks_ignore_what_they_are_about_by_feet_or_by_share_as_at_the_gateway() -> None:
    mask = {"id": "m", "polygon": [[0, 0], [1, 0], [1, 0.75], [0, 0.75]]}
    for more, effect in (
        ({}, "kept"),
        ({"overlap": 0.8}, "lost"),
        ({"overlap": 0.9}, "kept"),
        ({"overlap": 0.8, "labels": ["car"]}, "kept"),
    ):
        gate = GATE | {"object_masks": [mask | more]}
        after = rule_places_of({"cameras": {"gate": gate}}, "gate")
        before = rule_places_of(DOCUMENT, "gate")
        (one,) = replay([parts_of(walked(LEFT))], before, after).alarms
        assert one.effect == effect, more


def test_another_rule_that_asks_for_the_place_may_raise_it_instead() -> None:
    rules = [*RULES, {"id": "person", "labels": ["person"]}]
    gate = GATE | {"rules": rules}
    document = {"cameras": {"gate": gate}}
    one = replayed("zone drive: 0,0.9 1,0.9 1,1", parts_of(walked(LEFT)), document)
    assert one.effect == "doubt"
    assert "rule person may raise it" in one.why


def test_what_the_cloud_saw_beside_it_and_in_samples_lies_newly_inside() -> None:
    wider = "zone drive: 0,0.2 1,0.2 1,1 0,1"
    beside = replayed(wider, parts_of(walked(LEFT), ("person", LEFT), ("person", FAR)))
    assert (beside.effect, [one.change for one in beside.frames]) == ("kept", ["new"])
    assert [one.box for one in beside.frames[0].detections] == [FAR]
    sample = replayed(wider, parts_of(walked(LEFT, audit=True), ("person", FAR)))
    assert (sample.effect, [one.change for one in sample.frames]) == ("sample", ["new"])
    dog = replayed(wider, parts_of(walked(LEFT, audit=True), ("dog", FAR)))
    assert dog.frames == ()


def test_frames_and_pictures_are_counted_and_bounded() -> None:
    before = rule_places_of(DOCUMENT, "gate")
    after = rule_places_of(DOCUMENT, "gate", lists_of("zone drive: 0,0.9 1,0.9 1,1"))
    many = [parts_of(walked(LEFT, RIGHT))] * 30
    view = replay_view(replay([*many, AlarmParts()], before, after), after, lambda key: key)
    assert (view.frames, view.alarms, view.samples, view.lost_count) == (60, 30, 0, 30)
    assert len(view.lost) == 24
    assert view.counts == (("confirmed", 30, 0, 0, 0),)
    picture = view.lost[0].picture
    assert picture is not None
    assert [(one.name, one.kind) for one in picture.zones] == [("drive", "zone")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("zone drive: 0,0 1,1 1,0 0,1", "crosses itself"),
        ("zone other: 0,0 1,0 1,1", "rule intruder asks for zone drive"),
    ],
)
def test_what_a_gateway_would_refuse_is_refused(text: str, words: str) -> None:
    fault = fault_in(DOCUMENT, "gate", lists_of(text))
    assert fault is not None
    assert words in fault.reason


def test_the_default_rules_are_those_of_gateways() -> None:
    assert {(one.id, one.labels, one.zones) for one in DEFAULT_RULES} == {
        (one.id, frozenset(one.labels), frozenset(one.zones)) for one in OF_GATEWAYS
    }
    assert rule_places_of({}, "gate").rules == DEFAULT_RULES
