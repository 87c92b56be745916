"""What pictures a verdict is made from, and what is done where some are missing or damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.serve.metrics import ReportOutcome
from contract.report import EvidenceRef
from tests.unit.cloud.reports import a_ref, a_report, saw
from tests.unit.cloud.serve.bench import (
    CLOSE,
    CROPS,
    FRAMED,
    MIDDLE,
    PERSON,
    PICTURE,
    REPORT,
    Bench,
    bench_in,
)

OPEN = ("person", 0.2, (40.0, 40.0, 60.0, 80.0))


def test_the_crop_is_looked_at_only_where_the_frame_leaves_it_open(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, {100: saw(OPEN), FRAMED: saw(CLOSE)})
    assert bench.handle(REPORT) is ReportOutcome.CONFIRMED
    assert bench.sight.looked_at == [100, FRAMED]


def test_an_open_frame_without_its_crop_is_inconclusive(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, {100: saw(OPEN)})
    report = a_report(evidence=(a_ref(PICTURE), a_ref(b"never stored", "crop")))
    assert bench.handle(report) is ReportOutcome.INCONCLUSIVE
    assert "the whole frame leaves it open" in bench.published[0].reasons[0]


def test_crops_that_know_their_place_decide_without_a_whole_frame(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, {FRAMED: saw(CLOSE)})
    assert bench.handle(a_report(evidence=CROPS)) is ReportOutcome.CONFIRMED
    assert bench.sight.looked_at == [FRAMED, FRAMED]
    assert "in both frames (0.60, 0.60)" in bench.published[0].reasons[0]
    assert bench.published[0].evidence_key == CROPS[0].key


def test_the_whole_frame_is_looked_at_where_the_crops_leave_it_open(tmp_path: Path) -> None:
    weak = saw(("person", 0.25, MIDDLE))
    bench = bench_in(tmp_path, {FRAMED: weak, 100: saw(PERSON)})
    assert bench.handle(a_report(evidence=(a_ref(PICTURE), *CROPS))) is ReportOutcome.CONFIRMED
    assert bench.sight.looked_at == [FRAMED, FRAMED, 100]
    assert bench.published[0].score == pytest.approx((0.8 + 0.25) / 2)


def test_one_missing_crop_of_several_does_not_keep_the_others_from_deciding(
    tmp_path: Path,
) -> None:
    bench = bench_in(tmp_path, {FRAMED: saw(CLOSE)})
    gone = a_ref(b"never stored", "crop", at=2.0, region=(0.3, 0.3, 0.7, 0.9))
    assert bench.handle(a_report(evidence=(*CROPS, gone))) is ReportOutcome.CONFIRMED
    assert bench.handle(a_report(track=2, evidence=(gone,))) is ReportOutcome.INCONCLUSIVE


RESTORABLE = REPORT.model_copy(update={"restores_left": 1})


def test_one_bad_read_of_a_picture_decides_nothing(bench: Bench) -> None:
    bench.store.spoiled = 1
    assert bench.handle(REPORT) is ReportOutcome.CONFIRMED
    assert bench.asked == []


@pytest.mark.parametrize("damage", [b"", PICTURE[:-1] + b"x", PICTURE[:-9], None])
def test_a_picture_that_stays_damaged_is_asked_for_again_and_decided_when_it_is_back(
    tmp_path: Path, damage: bytes | None
) -> None:
    bench, key = bench_in(tmp_path), a_ref(PICTURE).key
    if damage is None:
        (tmp_path / key).unlink()
    else:
        (tmp_path / key).write_bytes(damage)
    assert bench.handle(RESTORABLE) is ReportOutcome.EVIDENCE_REQUESTED
    (request,) = bench.asked
    assert (request.unreadable, request.restores_left) == ((key,), 1)
    assert (bench.published, bench.acks) == ([], 1)
    bench.store.replace(key, PICTURE, "image/jpeg")
    assert bench.handle(REPORT) is ReportOutcome.CONFIRMED


def test_a_picture_that_cannot_be_had_again_leaves_it_inconclusive(bench: Bench) -> None:
    missing = a_report(evidence=(a_ref(b"never stored"),))
    assert bench.handle(missing) is ReportOutcome.INCONCLUSIVE
    assert bench.asked == []


def test_what_the_other_pictures_confirm_need_not_wait_for_one_that_is_damaged(
    tmp_path: Path,
) -> None:
    gone = a_ref(b"never stored", "crop", at=2.0, region=(0.3, 0.3, 0.7, 0.9))
    for crop, outcome in (
        (CLOSE, ReportOutcome.CONFIRMED),
        (OPEN, ReportOutcome.EVIDENCE_REQUESTED),
    ):
        bench = bench_in(tmp_path / crop[0] / str(crop[1]), {FRAMED: saw(crop)})
        report = a_report(evidence=(*CROPS, gone)).model_copy(update={"restores_left": 1})
        assert bench.handle(report) is outcome


@pytest.mark.parametrize("evidence", [(a_ref(b"never stored"),), (a_ref(PICTURE, "context"),)])
def test_without_a_best_frame_it_is_inconclusive_and_stays_so(
    bench: Bench, evidence: tuple[EvidenceRef, ...]
) -> None:
    report = a_report(evidence=evidence)
    assert bench.handle(report) is ReportOutcome.INCONCLUSIVE
    assert bench.handle(report) is ReportOutcome.REPEATED
    assert bench.acks == 2
