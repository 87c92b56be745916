"""Confirmed, refuted or inconclusive, and the words for it."""

from __future__ import annotations

import pytest

from cloud.confirm import Stamp, confirm, inconclusive, second_look_due
from cloud.matching import Seen
from cloud.settings import GroupLimits, Policy
from contract.report import RelativeBox, ThreatReport
from contract.verdict import Verdict
from tests.unit.cloud.reports import NOON, PixelBox, a_report, saw

POLICY = Policy()
STAMP = Stamp(model_sha256="a" * 64, decided_at=NOON)
SUSPECTED: RelativeBox = (0.4, 0.4, 0.6, 0.8)
THERE: PixelBox = (40, 40, 60, 80)
ELSEWHERE: PixelBox = (0, 0, 20, 30)
MIDDLE: PixelBox = (10, 5, 40, 95)

Sight = tuple[str, float, PixelBox]


def frame(*found: Sight) -> Seen:
    return Seen(detections=saw(*found), width=100, height=100)


def crop(*found: Sight) -> Seen:
    return Seen(detections=saw(*found), width=50, height=100)


def judged(
    best: Seen, close: Seen | None = None, label: str = "person", policy: Policy = POLICY
) -> Verdict:
    return confirm(a_report(label=label, box=SUSPECTED), best, close, policy, STAMP)


def test_a_person_at_the_suspected_place_confirms_with_label_score_and_limit() -> None:
    verdict = judged(frame(("person", 0.62, THERE)))
    assert verdict.decision == "confirmed"
    assert verdict.reasons == ("person 0.62 at the suspected place, limit 0.35",)
    assert (verdict.label, verdict.score) == ("person", 0.62)


@pytest.mark.parametrize(
    ("score", "decision"), [(0.35, "confirmed"), (0.3499, "refuted")], ids=["at", "just under"]
)
def test_the_limit_itself_confirms(score: float, decision: str) -> None:
    assert judged(frame(("person", score, THERE))).decision == decision


@pytest.mark.parametrize(
    ("box", "decision"),
    [
        ((42, 42, 62, 82), "confirmed"),
        ((45, 40, 55, 50), "confirmed"),
        ((10, 10, 95, 95), "confirmed"),
        ((61, 40, 81, 80), "refuted"),
        ((52, 40, 98, 80), "refuted"),
    ],
    ids=["shifted a little", "only the head", "much larger", "next to it", "barely touching"],
)
def test_only_the_suspected_place_counts(box: PixelBox, decision: str) -> None:
    assert judged(frame(("person", 0.9, box))).decision == decision


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
    assert judged(frame((found, 0.8, THERE)), label=suspected).decision == decision


def test_a_confirmed_verdict_names_what_the_full_model_saw() -> None:
    assert judged(frame(("truck", 0.8, THERE)), label="car").label == "truck"


def test_a_refutation_says_what_stands_there_instead() -> None:
    verdict = judged(frame(("dog", 0.71, THERE), ("cat", 0.5, THERE)))
    assert verdict.reasons == ("no person at the suspected place", "dog 0.71 there instead")
    assert (verdict.label, verdict.score, verdict.severity) == ("person", 0.0, 0)


def test_a_refutation_says_that_its_kind_is_elsewhere() -> None:
    verdict = judged(frame(("person", 0.8, ELSEWHERE), ("dog", 0.9, ELSEWHERE)))
    assert verdict.reasons[1] == "person 0.80 elsewhere in the frame"


def test_an_empty_frame_is_refuted_and_so_is_a_weak_sight() -> None:
    assert judged(frame()).reasons == ("no person at the suspected place",)
    weak = judged(frame(("person", 0.05, THERE)))
    assert weak.reasons == ("person 0.05 at the suspected place is under the limit 0.35",)
    assert weak.score == 0.05


def test_the_close_up_confirms_what_the_whole_frame_left_open() -> None:
    verdict = judged(frame(("person", 0.2, THERE)), crop(("person", 0.5, MIDDLE)))
    assert verdict.decision == "confirmed"
    assert verdict.reasons == ("person 0.50 in the close-up, limit 0.35",)


@pytest.mark.parametrize(
    ("best", "close"),
    [
        (frame(("person", 0.05, THERE)), crop(("person", 0.9, MIDDLE))),
        (frame(), crop(("person", 0.9, MIDDLE))),
        (frame(("person", 0.2, THERE)), crop(("dog", 0.9, MIDDLE))),
        (frame(("person", 0.2, THERE)), crop(("person", 0.9, (0, 0, 24, 100)))),
        (frame(("person", 0.2, THERE)), crop(("person", 0.9, (24, 48, 27, 53)))),
        (frame(("person", 0.2, THERE)), crop(("person", 0.3, MIDDLE))),
        (frame(("person", 0.2, THERE)), None),
    ],
    ids=[
        "the frame was clear", "the frame was empty", "another kind", "at the crop's edge",
        "a speck in the middle", "weak as well", "no crop",
    ],
)  # fmt: skip
def test_the_close_up_alone_does_not_confirm(best: Seen, close: Seen | None) -> None:
    assert judged(best, close).decision == "refuted"


def test_a_weak_close_up_is_told_too() -> None:
    verdict = judged(frame(("person", 0.2, THERE)), crop(("person", 0.3, MIDDLE)))
    assert verdict.reasons[1] == "person 0.30 in the close-up is under the limit 0.35"
    assert verdict.score == 0.3


@pytest.mark.parametrize(
    ("score", "due"), [(0.19, False), (0.2, True), (0.34, True), (0.35, False)]
)
def test_a_second_look_is_due_between_the_two_limits(score: float, due: bool) -> None:
    report = a_report(box=SUSPECTED)
    assert second_look_due(report, frame(("person", score, THERE)), POLICY) is due


def test_a_group_can_have_a_limit_of_its_own() -> None:
    strict = Policy(confirm_at_of=GroupLimits(vehicle=0.6))
    seen = frame(("car", 0.5, THERE), ("person", 0.5, THERE))
    assert judged(seen, label="car", policy=strict).decision == "refuted"
    assert judged(seen, label="person", policy=strict).decision == "confirmed"


@pytest.mark.parametrize(
    ("label", "found", "severity"),
    [("person", "person", 3), ("car", "car", 1), ("person", "dog", 0)],
)
def test_a_confirmed_person_is_a_likely_threat(label: str, found: str, severity: int) -> None:
    report = a_report(label=label, severity=1, box=SUSPECTED)
    verdict = confirm(report, frame((found, 0.9, THERE)), None, POLICY, STAMP)
    assert verdict.severity == severity


def test_the_verdict_belongs_to_its_report() -> None:
    report = a_report(audit=True, sequence=3)
    verdict = confirm(report, frame(("person", 0.9, THERE)), None, POLICY, STAMP)
    assert (verdict.report_id, verdict.gateway, verdict.camera, verdict.audit) == (
        report.report_id, report.gateway, report.camera, True,
    )  # fmt: skip
    assert verdict.evidence_key == report.evidence[0].key
    assert (verdict.decided_by, verdict.decided_at) == ("cloud", NOON)
    assert verdict.model_sha256 == STAMP.model_sha256


def test_sightings_are_shares_of_the_frame_even_where_a_box_leaves_it() -> None:
    verdict = judged(frame(("person", 0.9, (-10, 40, 60, 120)), ("dog", 0.3, ELSEWHERE)))
    assert verdict.sightings[0].box == (0.0, 0.4, 0.6, 1.0)
    assert [sighting.label for sighting in verdict.sightings] == ["person", "dog"]


def test_what_cannot_be_judged_is_inconclusive_and_keeps_its_severity() -> None:
    report: ThreatReport = a_report(severity=2)
    verdict = inconclusive(report, "best picture is missing", STAMP)
    assert (verdict.decision, verdict.severity) == ("inconclusive", 2)
    assert verdict.reasons == ("best picture is missing",)
