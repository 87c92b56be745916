"""An audited motion event: what the full model sees where things moved was missed."""

from __future__ import annotations

import pytest

from cloud.audit import judge_audit
from cloud.confirm import Stamp
from cloud.matching import Seen
from cloud.settings import Policy
from contract.report import RelativeBox
from contract.verdict import Verdict
from tests.unit.cloud.reports import NOON, PixelBox, a_report, saw

STAMP = Stamp(model_sha256="a" * 64, decided_at=NOON)
MOVED: RelativeBox = (0.4, 0.4, 0.6, 0.8)
INSIDE: PixelBox = (42, 42, 58, 78)
ACROSS: PixelBox = (30, 30, 45, 60)
ELSEWHERE: PixelBox = (0, 0, 20, 30)


def judged(*found: tuple[str, float, PixelBox], moved: RelativeBox = MOVED) -> Verdict:
    report = a_report(label="motion", box=moved).model_copy(update={"audit": True, "severity": 0})
    seen = Seen(detections=saw(*found), width=100, height=100)
    return judge_audit(report, seen, Policy(), STAMP)


@pytest.mark.parametrize(
    ("label", "score", "box", "decision"),
    [
        ("person", 0.6, INSIDE, "confirmed"),
        ("person", 0.6, ACROSS, "confirmed"),
        ("person", 0.6, ELSEWHERE, "refuted"),
        ("person", 0.3, INSIDE, "refuted"),
        ("car", 0.6, INSIDE, "confirmed"),
        ("car", 0.6, ACROSS, "refuted"),
        ("dog", 0.9, INSIDE, "refuted"),
    ],
)
def test_a_person_or_vehicle_where_things_moved_was_missed(
    label: str, score: float, box: PixelBox, decision: str
) -> None:
    assert judged((label, score, box)).decision == decision


def test_where_all_moved_a_person_counts_and_a_vehicle_does_not() -> None:
    whole: RelativeBox = (0.0, 0.0, 1.0, 1.0)
    assert judged(("person", 0.6, INSIDE), moved=whole).decision == "confirmed"
    assert judged(("car", 0.9, INSIDE), moved=whole).decision == "refuted"


def test_the_strongest_is_named_and_nobody_is_alarmed() -> None:
    verdict = judged(("person", 0.5, INSIDE), ("car", 0.9, INSIDE), ("person", 0.9, ELSEWHERE))
    assert (verdict.label, verdict.score) == ("car", 0.9)
    assert (verdict.audit, verdict.severity, len(verdict.sightings)) == (True, 0, 2)
    assert verdict.reasons == ("missed: car 0.90 where things moved, limit 0.50",)
    assert judged().reasons == ("no person or moving vehicle where things moved",)
