"""Confirmed, refuted or inconclusive, and the words for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cloud.confirm.decision import confirm, inconclusive, second_views_needed
from cloud.confirm.matching import EvidenceView, PictureDetections
from cloud.confirm.policy import GroupLimits, Policy
from contract.report import ThreatReport
from tests.unit.cloud.confirm.views import POLICY, STAMP, SUSPECTED, THERE, decided, frame
from tests.unit.cloud.reports import NOON, PixelBox, a_ref, a_report, saw

ELSEWHERE: PixelBox = (0, 0, 20, 30)


def test_a_person_at_the_suspected_place_confirms_with_label_score_and_limit() -> None:
    verdict = decided(frame(("person", 0.62, THERE)))
    assert verdict.decision == "confirmed"
    assert verdict.reasons == ("person 0.62 at the suspected place, limit 0.35",)
    assert (verdict.label, verdict.score) == ("person", 0.62)


@pytest.mark.parametrize(
    ("score", "decision"), [(0.35, "confirmed"), (0.3499, "refuted")], ids=["at", "just under"]
)
def test_the_limit_itself_confirms(score: float, decision: str) -> None:
    assert decided(frame(("person", score, THERE))).decision == decision


@pytest.mark.parametrize(
    ("box", "decision"),
    [
        ((42, 42, 62, 82), "confirmed"),
        ((45, 40, 55, 50), "confirmed"),
        ((10, 10, 95, 95), "confirmed"),
        ((48, 55, 53, 61), "refuted"),
        ((61, 40, 81, 80), "refuted"),
        ((52, 40, 98, 80), "refuted"),
    ],
    ids=[
        "shifted a little",
        "only the head",
        "much larger",
        "a shard within it",
        "next to it",
        "barely touching",
    ],
)
def test_only_the_suspected_place_counts(box: PixelBox, decision: str) -> None:
    assert decided(frame(("person", 0.9, box))).decision == decision


@pytest.mark.parametrize(
    ("suspected", "found", "decision"),
    [
        ("car", "truck", "confirmed"),
        ("bicycle", "bus", "confirmed"),
        ("person", "dog", "refuted"),
        ("car", "person", "refuted"),
        ("dog", "cat", "confirmed"),
        ("suitcase", "suitcase", "confirmed"),
        ("suitcase", "potted plant", "refuted"),
    ],
)
def test_labels_are_compared_by_group(suspected: str, found: str, decision: str) -> None:
    assert decided(frame((found, 0.8, THERE)), label=suspected).decision == decision


def test_a_confirmed_verdict_names_what_the_full_model_saw() -> None:
    assert decided(frame(("truck", 0.8, THERE)), label="car").label == "truck"


def test_a_refutation_says_what_stands_there_instead() -> None:
    verdict = decided(frame(("dog", 0.71, THERE), ("cat", 0.5, THERE)))
    assert verdict.reasons == ("no person at the suspected place", "dog 0.71 there instead")
    assert (verdict.label, verdict.score, verdict.severity) == ("person", 0.0, 0)


def test_a_refutation_says_that_its_kind_is_elsewhere() -> None:
    verdict = decided(frame(("person", 0.8, ELSEWHERE), ("dog", 0.9, ELSEWHERE)))
    assert verdict.reasons[1] == "person 0.80 elsewhere in the frame"


def test_an_empty_frame_is_refuted_and_so_is_a_weak_sight() -> None:
    assert decided(frame()).reasons == ("no person at the suspected place",)
    weak = decided(frame(("person", 0.05, THERE)))
    assert weak.reasons == ("person 0.05 at the suspected place is under the limit 0.35",)
    assert weak.score == 0.05


@pytest.mark.parametrize(
    ("score", "due"), [(0.19, False), (0.2, True), (0.34, True), (0.35, False)]
)
def test_a_second_look_is_due_between_the_two_limits(score: float, due: bool) -> None:
    report = a_report(box=SUSPECTED)
    assert second_views_needed(report, (frame(("person", score, THERE)),), POLICY) is due


def test_a_group_can_have_a_limit_of_its_own() -> None:
    strict = Policy(confirm_at_of=GroupLimits(vehicle=0.6))
    seen = frame(("car", 0.5, THERE), ("person", 0.5, THERE))
    assert decided(seen, label="car", policy=strict).decision == "refuted"
    assert decided(seen, label="person", policy=strict).decision == "confirmed"


@pytest.mark.parametrize(
    ("label", "found", "decision"),
    [
        ("bicycle", "bicycle", "confirmed"),
        ("bicycle", "car", "refuted"),
        ("car", "bicycle", "refuted"),
    ],
)
def test_bicycles_are_not_summed_and_take_the_general_limit_with_a_rider(
    label: str, found: str, decision: str
) -> None:
    ridden = frame((found, 0.4, THERE), ("person", 0.5, THERE))
    assert decided(ridden, label=label, policy=POLICY).decision == decision


@pytest.mark.parametrize(
    ("label", "found", "displacement", "decision"),
    [
        ("car", "truck", 0.29, "refuted"),
        ("car", "truck", 0.3, "confirmed"),
        ("motorcycle", "motorcycle", 2.0, "refuted"),
        ("car", "motorcycle", 2.0, "refuted"),
    ],
)
def test_a_vehicle_that_was_seen_to_come_takes_the_general_limit(
    label: str, found: str, displacement: float, decision: str
) -> None:
    report = a_report(label=label, box=SUSPECTED, displacement=displacement)
    verdict = confirm(report, (frame((found, 0.4, THERE)),), (), POLICY, STAMP)
    assert verdict.decision == decision


@pytest.mark.parametrize(("size", "decision"), [((120, 90), "refuted"), ((160, 120), "confirmed")])
def test_a_small_thing_does_not_count_as_driving(size: tuple[int, int], decision: str) -> None:
    """A ball comes its own length as soon as a car does; 24x36 and 32x48 px in such frames."""
    report = a_report(label="car", box=SUSPECTED, displacement=2.0, evidence=(a_ref(size=size),))
    verdict = confirm(report, (frame(("car", 0.4, THERE)),), (), POLICY, STAMP)
    assert verdict.decision == decision


def test_vehicles_that_drive_can_have_a_limit_of_their_own() -> None:
    strict = Policy(confirm_at_of=GroupLimits(driving=0.6))
    report = a_report(label="car", box=SUSPECTED, displacement=1.0)
    verdict = confirm(report, (frame(("car", 0.55, THERE)),), (), strict, STAMP)
    assert verdict.decision == "refuted"


@pytest.mark.parametrize(("score", "decision"), [(0.4, "refuted"), (0.5, "confirmed")])
def test_wheels_that_nobody_rides_need_what_a_car_needs(score: float, decision: str) -> None:
    alone = frame(("motorcycle", score, THERE), ("person", 0.9, (80, 10, 95, 60)))
    assert decided(alone, label="motorcycle", policy=POLICY).decision == decision


@pytest.mark.parametrize(
    ("label", "found", "severity"),
    [("person", "person", 3), ("car", "car", 1), ("person", "dog", 0)],
)
def test_a_confirmed_person_is_a_likely_threat(label: str, found: str, severity: int) -> None:
    report = a_report(label=label, severity=1, box=SUSPECTED)
    verdict = confirm(report, (frame((found, 0.9, THERE)),), (), POLICY, STAMP)
    assert verdict.severity == severity


def test_the_verdict_belongs_to_its_report() -> None:
    report = a_report(audit=True, sequence=3)
    verdict = confirm(report, (frame(("person", 0.9, THERE)),), (), POLICY, STAMP)
    assert (verdict.report_id, verdict.gateway, verdict.camera, verdict.audit) == (
        report.report_id, report.gateway, report.camera, True,
    )  # fmt: skip
    assert verdict.evidence_key == report.evidence[0].key
    assert (verdict.decided_by, verdict.decided_at) == ("cloud", NOON)
    assert verdict.model_sha256 == STAMP.model_sha256


def test_sightings_are_shares_of_the_frame_even_where_a_box_leaves_it() -> None:
    verdict = decided(frame(("person", 0.9, (-10, 40, 60, 120)), ("dog", 0.3, ELSEWHERE)))
    assert verdict.sightings[0].box == (0.0, 0.4, 0.6, 1.0)
    assert [sighting.label for sighting in verdict.sightings] == ["person", "dog"]


def test_what_cannot_be_decided_is_inconclusive_and_keeps_its_severity() -> None:
    report: ThreatReport = a_report(severity=2)
    verdict = inconclusive(report, "best picture is missing", STAMP)
    assert (verdict.decision, verdict.severity) == ("inconclusive", 2)
    assert verdict.reasons == ("best picture is missing",)


@pytest.mark.parametrize(
    ("score", "one", "two", "words"),
    [
        (0.6, 0.7, 0.5, "votes for the person of the strongest picture: one 0.70, two 0.50"),
        (0.6, 0.9, 0.1, "the networks disagree on the person of the strongest picture: "),
        (0.3, 0.34, 0.26, "votes for the person of the strongest picture: "),
        (0.3, 0.6, 0.0, "the networks disagree on the person of the strongest picture: one 0.60"),
    ],
)
def test_the_reasons_say_what_each_network_gave_to_the_strongest_match(
    score: float, one: float, two: float, words: str
) -> None:
    found = saw(("person", score, THERE), ("dog", 0.2, ELSEWHERE))
    votes = {"one": np.array([one, 0], np.float32), "two": np.array([two, 0.4], np.float32)}
    seen = PictureDetections(detections=replace(found, votes=votes), width=100, height=100)
    verdict = decided(EvidenceView(seen=seen, moment=NOON, close=False, place=SUSPECTED))
    assert verdict.decision == ("confirmed" if score > 0.35 else "refuted")
    assert verdict.reasons[-1].startswith(words)
