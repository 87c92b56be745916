"""The batch path decides as the live path does."""

from __future__ import annotations

import pytest

from cloud.confirm.decision import Stamp, confirm
from cloud.confirm.matching import ALL, EvidenceView
from cloud.confirm.policy import GroupLimits, Policy
from cloud.stages.detections import DetectionRow, PictureProblem, PictureRecord, picture_detections
from cloud.stages.evaluate import verdicts_of
from cloud.stages.rules import Rules, Threat
from contract.verdict import Verdict
from tests.unit.cloud.reports import a_report
from tests.unit.cloud.stages.archives import MODEL, a_sight, close_up, row

PERSONS = Rules()
BOTH = Rules(threats=(Threat(kind="person"), Threat(kind="vehicle", severity=1)))
MIDDLE = DetectionRow(label="person", score=0.6, box=(5, 5, 35, 38))


def live(sight: PictureRecord, of: int, policy: Policy | None = None) -> Verdict:
    """The live verdict on a report about the detection number `of`, with its close-up."""
    found = sight.detections[of]
    x0, y0, x1, y1 = (side / 100 for side in found.box)
    report = a_report(label=found.label, box=(x0, y0, x1, y1))
    stamp = Stamp(model_sha256=MODEL.sha256, decided_at=report.raised_at)
    seen = picture_detections(sight.detections, 100, 100)
    best = EvidenceView(seen=seen, moment=report.raised_at, close=False, place=report.box)
    crops = [
        EvidenceView(
            seen=picture_detections(one.detections, 40, 40),
            moment=report.raised_at,
            close=True,
            region=one.region or ALL,
            place=report.box if one.region else None,
        )
        for one in sight.close_ups
        if one.of == of
    ]
    return confirm(report, (best,), crops, policy or Policy(), stamp)


def told(verdict: Verdict) -> tuple[object, ...]:
    return verdict.decision, verdict.label, verdict.score, verdict.severity, verdict.reasons


@pytest.mark.parametrize("score", [0.9, 0.36, 0.35, 0.3499, 0.3, 0.2, 0.1999, 0.05])
@pytest.mark.parametrize("close", [(), (MIDDLE,)], ids=["nothing close", "a person close"])
def test_the_verdict_is_that_of_a_report_about_the_same_thing(
    score: float, close: tuple[DetectionRow, ...]
) -> None:
    sight = a_sight(row("person", score), row("dog", 0.04), close_ups=(close_up(0, *close),))
    (verdict,) = verdicts_of(sight, PERSONS)
    assert told(verdict) == told(live(sight, 0))


def test_a_close_up_that_knows_its_place_is_decided_there() -> None:
    # the thing is at 10..30 of 100; the crop shows 0..40 in 40 px, so it is at 10..30 there too
    here = DetectionRow(label="person", score=0.6, box=(10, 10, 30, 30))
    beside = DetectionRow(label="person", score=0.6, box=(0, 0, 9, 9))
    for found, decision in ((here, "confirmed"), (beside, "refuted")):
        close = close_up(0, found).model_copy(update={"region": (0.0, 0.0, 0.4, 0.4)})
        sight = a_sight(row("person", 0.3), close_ups=(close,))
        (verdict,) = verdicts_of(sight, PERSONS)
        assert verdict.decision == decision
        assert told(verdict) == told(live(sight, 0))


def test_an_empty_picture_refutes_as_it_would_live() -> None:
    (verdict,) = verdicts_of(a_sight(), PERSONS)
    assert (verdict.decision, verdict.severity) == ("refuted", 0)


def test_each_class_gets_a_verdict_of_its_own_with_its_own_limit_and_severity() -> None:
    policy = Policy(confirm_at_of=GroupLimits(vehicle=0.6))
    sight = a_sight(row("person", 0.5), row("truck", 0.58), row("bus", 0.61, 50))
    person, vehicle = verdicts_of(sight, BOTH.model_copy(update={"policy": policy}))
    assert (person.decision, person.severity) == ("confirmed", 3)
    assert (vehicle.decision, vehicle.label, vehicle.severity) == ("confirmed", "bus", 1)
    assert len({person.report_id, vehicle.report_id}) == 2


def test_any_open_thing_may_confirm_in_its_close_up() -> None:
    sight = a_sight(
        row("person", 0.34), row("person", 0.3, 50), close_ups=(close_up(0), close_up(1, MIDDLE))
    )
    (verdict,) = verdicts_of(sight, PERSONS)
    assert (verdict.decision, verdict.reasons) == (
        "confirmed", ("person 0.60 in the close-up, limit 0.35",)
    )  # fmt: skip


def test_a_close_up_of_another_kind_does_not_count() -> None:
    sight = a_sight(row("person", 0.34), row("car", 0.3, 50),
                    close_ups=(close_up(0), close_up(1, MIDDLE)))  # fmt: skip
    assert verdicts_of(sight, PERSONS)[0].decision == "refuted"


def test_where_the_close_up_is_missing_nothing_is_refuted() -> None:
    policy = Policy(confirm_at=0.8)
    (verdict,) = verdicts_of(a_sight(row("person", 0.6)), Rules(policy=policy))
    assert (verdict.decision, verdict.severity) == ("inconclusive", 2)
    assert "no close-up" in verdict.reasons[0]


def test_a_picture_that_could_not_be_looked_at_is_inconclusive() -> None:
    sight = a_sight(problem=PictureProblem(reason="truncated", detail="half is missing"))
    (verdict,) = verdicts_of(sight, PERSONS)
    assert verdict.decision == "inconclusive"
    assert "truncated: half is missing" in verdict.reasons[0]


def test_a_verdict_says_nothing_that_another_run_would_say_otherwise() -> None:
    sight = a_sight(row("person", 0.9))
    (verdict,) = verdicts_of(sight, PERSONS)
    assert verdicts_of(sight, PERSONS) == (verdict,)
    assert verdict.report_id == "archive.gate.0.1714564800.0"
    assert (verdict.decided_at, verdict.evidence_key) == (sight.named.captured_at, None)


def test_votes_go_through_the_record_into_the_reasons() -> None:
    found = DetectionRow(
        label="person", score=0.6, box=(10, 10, 30, 30), votes={"one": 0.7, "two": 0.5}
    )
    sight = a_sight(found)
    stored = PictureRecord.model_validate_json(sight.model_dump_json(exclude_none=True))
    (verdict,) = verdicts_of(stored, PERSONS)
    assert "votes for the person of the strongest picture: one 0.70, two 0.50" in verdict.reasons
    assert "votes" not in a_sight(row("person", 0.3)).model_dump_json(exclude_none=True)
