"""What becomes of a delivery, and when it is acknowledged."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.serve.metrics import ReportOutcome
from cloud.verdicts.ledger import Ledger
from contract.cloudevent import frame_report
from contract.report import EvidenceRef, ThreatReport
from imaging.detections import Detections
from tests.unit.cloud.reports import a_ref, a_report, saw
from tests.unit.cloud.serve.bench import (
    CLOSE,
    CROP,
    CROPS,
    FRAMED,
    MIDDLE,
    REPORT,
    Bench,
    bench_in,
)


def test_a_report_is_decided_stored_told_and_then_acknowledged(bench: Bench) -> None:
    assert bench.handle(REPORT) is ReportOutcome.CONFIRMED
    (published,) = bench.published
    assert (published.decision, published.report_id) == ("confirmed", REPORT.report_id)
    assert Ledger(bench.store).find(REPORT) == published
    assert bench.acks == 1
    assert bench.counted(ReportOutcome.CONFIRMED) == 1


def test_a_report_that_comes_again_gets_the_verdict_that_stands(bench: Bench) -> None:
    bench.handle(REPORT)
    bench.clock.advance(60)
    assert bench.handle(REPORT) is ReportOutcome.REPEATED
    assert bench.published[0] == bench.published[1]
    assert bench.sight.looked_at == [100]
    assert bench.acks == 2


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("stillwatch/yard/gate/suspect", b""),
        ("stillwatch/yard/gate/suspect", b"{}"),
        ("stillwatch/yard/gate/suspect", b"\xff\xfe"),
        ("stillwatch/yard/back/suspect", frame_report(REPORT)),
        ("elsewhere/yard/gate/suspect", frame_report(REPORT)),
        (
            "stillwatch/yard/gate/suspect",
            frame_report(REPORT).replace(b'"report_id":"yard.gate', b'"report_id":"yard.back'),
        ),
    ],
    ids=["empty", "no event", "no text", "another camera", "another root", "another's id"],
)
def test_a_poisonous_message_is_counted_and_does_not_come_back(
    bench: Bench, topic: str, payload: bytes
) -> None:
    assert bench.worker.handle(bench.delivery(payload, topic)) is ReportOutcome.MALFORMED
    assert (bench.acks, bench.published) == (1, [])


WEAK = saw(("person", 0.25, MIDDLE))


def with_more(left: int, evidence: tuple[EvidenceRef, ...] = CROPS) -> ThreatReport:
    return a_report(evidence=evidence).model_copy(update={"requests_left": left})


def test_what_is_left_open_is_asked_about_and_decided_with_the_answer(tmp_path: Path) -> None:
    sight = {FRAMED: WEAK}
    bench = bench_in(tmp_path, sight)
    assert bench.handle(with_more(1)) is ReportOutcome.EVIDENCE_REQUESTED
    (more,) = bench.asked
    assert (more.report_id, more.requests_left, bench.published) == (REPORT.report_id, 1, [])
    assert Ledger(bench.store).find(REPORT) is None
    sight[FRAMED] = saw(CLOSE)
    third = a_ref(CROP, "crop", at=2.0, region=(0.3, 0.3, 0.7, 0.9))
    assert bench.handle(with_more(0, (*CROPS, third))) is ReportOutcome.CONFIRMED
    assert bench.acks == 2


def test_asked_again_it_asks_again_and_decides_nothing(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, {FRAMED: WEAK})
    assert [bench.handle(with_more(2)) for _ in range(2)] == [ReportOutcome.EVIDENCE_REQUESTED] * 2
    assert (bench.published, len(bench.asked)) == ([], 2)


def test_without_more_to_ask_for_what_is_open_is_decided(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, {FRAMED: WEAK})
    assert bench.handle(with_more(0)) is ReportOutcome.REFUTED
    assert bench.handle(with_more(1)) is ReportOutcome.REPEATED, "one verdict stands"
    assert bench.asked == []


@pytest.mark.parametrize("seen", [saw(), saw(CLOSE)], ids=["nothing there", "clearly there"])
def test_nothing_is_asked_about_what_is_clear(tmp_path: Path, seen: Detections) -> None:
    bench = bench_in(tmp_path, {FRAMED: seen})
    assert bench.handle(with_more(1)) in {ReportOutcome.REFUTED, ReportOutcome.CONFIRMED}
    assert bench.asked == []


TEST = REPORT.model_copy(update={"test": True, "audit": True, "severity": 0})


def test_a_self_test_is_confirmed_as_a_suspicion_would_be_but_alarms_nobody(bench: Bench) -> None:
    assert bench.handle(TEST) is ReportOutcome.TESTED
    (published,) = bench.published
    assert (published.decision, published.severity, published.test, published.audit) == (
        "confirmed",
        0,
        True,
        True,
    )
    assert published.handled is not None
    assert published.handled.taken_at == bench.clock.now()
    assert Ledger(bench.store).find(TEST) == published


def test_self_tests_are_counted_apart(bench: Bench) -> None:
    assert [bench.handle(TEST), bench.handle(TEST)] == [ReportOutcome.TESTED] * 2
    assert bench.counted(ReportOutcome.TESTED) == 2
    assert bench.counted(ReportOutcome.CONFIRMED) == bench.counted(ReportOutcome.REPEATED) == 0


def test_a_self_test_whose_evidence_is_missing_says_so_and_stays_a_test(tmp_path: Path) -> None:
    bench = bench_in(tmp_path)
    gone = TEST.model_copy(update={"evidence": (a_ref(b"never stored"),)})
    assert bench.handle(gone) is ReportOutcome.TESTED
    (published,) = bench.published
    assert (published.decision, published.severity, published.test) == ("inconclusive", 0, True)
    assert "nothing is stored under its key" in published.reasons[0]


def test_a_self_tests_damaged_evidence_is_asked_for_again_as_a_suspicions_is(
    tmp_path: Path,
) -> None:
    bench = bench_in(tmp_path)
    gone = TEST.model_copy(update={"evidence": (a_ref(b"never stored"),), "restores_left": 1})
    assert bench.handle(gone) is ReportOutcome.EVIDENCE_REQUESTED
    (asked,) = bench.asked
    assert asked.unreadable


def test_a_worker_that_does_not_know_tests_takes_one_for_an_audit(bench: Bench) -> None:
    unmarked = ThreatReport.model_validate(TEST.model_dump(exclude={"test"}))
    bench.handle(unmarked)
    (published,) = bench.published
    assert (published.severity, published.audit, published.test) == (0, True, False)
