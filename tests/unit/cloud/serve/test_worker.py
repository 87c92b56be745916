"""What becomes of a delivery, and when it is acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from cloud.confirm.evaluator import ReportEvaluator
from cloud.confirm.policy import Policy
from cloud.model.framing import LEAST_PX, framed, unframed
from cloud.serve.metrics import ReportOutcome, WorkerMetrics
from cloud.serve.report_queue import QueuedReport, ReportQueue
from cloud.serve.worker import ConfirmWorker, WorkerContext
from cloud.settings import ConfirmWorkerSettings, EvidenceLimits
from cloud.verdicts.ledger import Ledger
from contract.cloudevent import frame_report
from contract.evidence_request import EvidenceRequest
from contract.report import EvidenceRef, ThreatReport
from contract.verdict import Verdict
from imaging.detections import Detections, Image
from imaging.manifest import ModelError
from objectstore.open import open_store
from objectstore.store import ObjectStore, Put, TransientStoreError
from service.outcomes import Delivered, NotConnected, PublishOutcome, Refused, TimedOut
from tests.fakes import ManualClock
from tests.unit.cloud.reports import a_ref, a_report, saw

PICTURE = cv2.imencode(".jpg", np.full((100, 100, 3), 90, np.uint8))[1].tobytes()
CROP = cv2.imencode(".jpg", np.full((100, 50, 3), 90, np.uint8))[1].tobytes()
WORK = ConfirmWorkerSettings(
    attempts=3, retry_first_s=1, retry_max_s=1.5, max_waiting=8, failures_in_a_row=2
)


class Sight:
    """A model that sees the same in every picture of a width, or fails."""

    sha256 = "a" * 64

    def __init__(self, by_width: dict[int, Detections]) -> None:
        self.by_width = by_width
        self.looked_at: list[int] = []

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self.looked_at += [image.shape[1] for image in images]
        return [self.by_width[image.shape[1]] for image in images]

    def close_ups(self, images: Sequence[Image]) -> list[Detections]:
        laid = [framed(image) for image in images]
        found = self.detect([image for image, _ in laid])
        return [unframed(one, offset) for one, (_, offset) in zip(found, laid, strict=True)]


@dataclass
class Flaky:
    """A directory store whose next `failures` calls do not get through."""

    inner: ObjectStore
    failures: int = 0
    spoiled: int = 0
    """So many reads of a picture bring another last byte."""

    def put_if_absent(self, key: str, body: bytes, content_type: str) -> Put:
        self._fail()
        return self.inner.put_if_absent(key, body, content_type)

    def get(self, key: str, max_bytes: int) -> bytes:
        self._fail()
        body = self.inner.get(key, max_bytes)
        if self.spoiled > 0 and key.startswith("evidence/"):
            self.spoiled -= 1
            return body[:-1] + b"x"
        return body

    def replace(self, key: str, body: bytes, content_type: str) -> None:
        self.inner.replace(key, body, content_type)

    def _fail(self) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise TransientStoreError("503 Slow Down")


@dataclass
class Bench:
    """A worker on a bench: everything around it is seen and set by the test."""

    store: Flaky
    sight: Sight
    answers: list[PublishOutcome] = field(default_factory=list)
    published: list[Verdict] = field(default_factory=list)
    asked: list[EvidenceRequest] = field(default_factory=list)
    acks: int = 0
    clock: ManualClock = field(default_factory=ManualClock)
    stopping: threading.Event = field(default_factory=threading.Event)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        evaluator = ReportEvaluator(
            store=self.store,
            model=self.sight,
            policy=Policy(),
            limits=EvidenceLimits().of_picture(),
            clock=self.clock,
        )
        metrics = WorkerMetrics(self.registry)
        self.queue = ReportQueue(WORK.max_waiting, metrics, self.stopping)
        context = WorkerContext(
            root="stillwatch",
            queue=self.queue,
            evaluator=evaluator,
            ledger=Ledger(self.store),
            publish=self._publish,
            request_evidence=self._request_evidence,
            metrics=metrics,
            settings=WORK,
            clock=self.clock,
            stopping=self.stopping,
            self_check=self._self_check,
        )
        self.worker = ConfirmWorker(context)

    def _self_check(self) -> None:
        """The known picture is one that the model sees as long as it works at all."""
        if not self.sight.by_width:
            raise ModelError("the known picture is not seen")

    def receive(self, *reports: ThreatReport) -> None:
        """And work until all are handled."""
        for report in reports:
            delivery = self.delivery(frame_report(report))
            self.queue.receive(delivery.topic, delivery.payload, False, delivery.ack)
        self.queue.receive("", b"", False, self.stopping.set)
        self.worker.run()

    def _request_evidence(self, more: EvidenceRequest) -> PublishOutcome:
        self.asked.append(more)
        return Delivered()

    def _publish(self, verdict: Verdict) -> PublishOutcome:
        self.published.append(verdict)
        return self.answers.pop(0) if self.answers else Delivered()

    def ack(self) -> None:
        self.acks += 1

    def delivery(self, payload: bytes, topic: str = "stillwatch/yard/gate/suspect") -> QueuedReport:
        return QueuedReport(topic, payload, self.ack)

    def handle(self, report: ThreatReport) -> ReportOutcome:
        return self.worker.handle(self.delivery(frame_report(report)))

    def counted(self, outcome: ReportOutcome) -> float | None:
        return self.registry.get_sample_value(
            "stillwatch_cloud_reports_total", {"outcome": outcome.value}
        )


PERSON = ("person", 0.8, (40.0, 40.0, 60.0, 80.0))
OPEN = ("person", 0.2, (40.0, 40.0, 60.0, 80.0))
FRAMED = LEAST_PX
"""The width at which the model sees a crop."""
MIDDLE = (10.0 + 167, 5.0 + 142, 40.0 + 167, 95.0 + 142)
"""In the framed picture: the crop's 50 x 100 px lie at 167, 142."""
CLOSE = ("person", 0.6, MIDDLE)


def bench_in(folder: Path, by_width: dict[int, Detections] | None = None) -> Bench:
    store = open_store(f"dir:{folder}")
    for picture in (PICTURE, CROP):
        store.put_if_absent(a_ref(picture).key, picture, "image/jpeg")
    return Bench(
        store=Flaky(store), sight=Sight(by_width or {100: saw(PERSON), FRAMED: saw(CLOSE)})
    )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_in(tmp_path)


REPORT = a_report(evidence=(a_ref(PICTURE), a_ref(CROP, "crop")))


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


def test_the_crop_is_looked_at_only_where_the_frame_leaves_it_open(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, {100: saw(OPEN), FRAMED: saw(CLOSE)})
    assert bench.handle(REPORT) is ReportOutcome.CONFIRMED
    assert bench.sight.looked_at == [100, FRAMED]


def test_an_open_frame_without_its_crop_is_inconclusive(tmp_path: Path) -> None:
    bench = bench_in(tmp_path, {100: saw(OPEN)})
    report = a_report(evidence=(a_ref(PICTURE), a_ref(b"never stored", "crop")))
    assert bench.handle(report) is ReportOutcome.INCONCLUSIVE
    assert "the whole frame leaves it open" in bench.published[0].reasons[0]


CROPS = tuple(
    a_ref(CROP, "crop", at=seconds, region=(0.3, 0.3, 0.7, 0.9)) for seconds in (0.0, 1.0)
)


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


def test_a_store_that_stumbles_is_asked_again(bench: Bench) -> None:
    bench.store.failures = 2
    assert bench.handle(REPORT) is ReportOutcome.CONFIRMED
    assert bench.clock.waits == [1, 1.5]


def test_a_store_that_stays_away_decides_nothing(bench: Bench) -> None:
    bench.store.failures = 3
    assert bench.handle(REPORT) is ReportOutcome.FAILED
    assert (bench.acks, bench.published) == (1, [])
    assert Ledger(bench.store).find(REPORT) is None


def test_a_verdict_that_the_broker_does_not_take_at_once_is_told_again(bench: Bench) -> None:
    bench.answers = [NotConnected("gone"), TimedOut(1)]
    assert bench.handle(REPORT) is ReportOutcome.CONFIRMED
    assert (len(bench.published), bench.acks) == (3, 1)


def test_while_the_broker_is_gone_a_report_is_not_acknowledged(bench: Bench) -> None:
    bench.answers = [NotConnected("gone")] * 3
    assert bench.handle(REPORT) is ReportOutcome.UNPUBLISHED
    assert bench.acks == 0
    assert bench.handle(REPORT) is ReportOutcome.REPEATED


def test_a_refused_publication_does_not_loop(bench: Bench) -> None:
    bench.answers = [Refused("Not authorized")]
    assert bench.handle(REPORT) is ReportOutcome.CONFIRMED
    assert bench.acks == 1


def test_who_has_to_leave_while_waiting_leaves_the_report(bench: Bench) -> None:
    bench.store.failures = 1
    bench.stopping.set()
    assert bench.handle(REPORT) is ReportOutcome.INTERRUPTED
    assert bench.acks == 0


def test_more_than_the_queue_holds_is_given_up_and_counted(bench: Bench) -> None:
    for _ in range(WORK.max_waiting + 1):
        bench.queue.receive("stillwatch/yard/gate/suspect", b"", False, bench.ack)
    assert (bench.acks, bench.counted(ReportOutcome.DROPPED)) == (1, 1)


def test_nothing_is_taken_once_it_has_to_leave(bench: Bench) -> None:
    bench.stopping.set()
    bench.queue.receive("stillwatch/yard/gate/suspect", b"", False, bench.ack)
    bench.worker.run()
    assert bench.acks == 0


def test_a_model_that_fails_again_and_again_ends_the_worker(bench: Bench) -> None:
    bench.sight.by_width = {}
    for track in (1, 2):
        report = a_report(track=track, evidence=REPORT.evidence)
        delivery = bench.delivery(frame_report(report))
        bench.queue.receive(delivery.topic, delivery.payload, False, delivery.ack)
    bench.worker.run()
    assert isinstance(bench.worker.broken, KeyError)
    assert bench.stopping.is_set()
    assert (bench.acks, bench.counted(ReportOutcome.FAILED)) == (2, 2)


BAD_CROP = cv2.imencode(".jpg", np.full((70, 70, 3), 90, np.uint8))[1].tobytes()


def test_reports_that_make_it_fail_though_the_model_works_do_not_end_the_worker(
    bench: Bench,
) -> None:
    """The model of this bench fails on pictures 70 px wide."""
    bench.store.put_if_absent(a_ref(BAD_CROP).key, BAD_CROP, "image/jpeg")
    bad = [a_report(track=n, evidence=(a_ref(BAD_CROP),)) for n in range(5)]
    for number, report in enumerate((*bad, REPORT)):
        bench.stopping.clear()
        bench.receive(report)
        assert bench.counted(ReportOutcome.FAILED) == min(number + 1, len(bad))
    assert bench.worker.broken is None
    assert (bench.counted(ReportOutcome.CONFIRMED), bench.acks) == (1, 6)


def test_junk_between_reports_does_not_hide_a_broken_model(bench: Bench) -> None:
    bench.sight.by_width = {}
    topic = "stillwatch/yard/gate/suspect"
    for track in (1, 2):
        framed = frame_report(a_report(track=track, evidence=REPORT.evidence))
        bench.queue.receive(topic, framed, False, bench.ack)
        bench.queue.receive(topic, b"junk", False, bench.ack)
    bench.worker.run()
    assert isinstance(bench.worker.broken, KeyError)


def test_a_report_that_makes_it_fail_twice_is_set_aside(bench: Bench) -> None:
    bench.store.put_if_absent(a_ref(BAD_CROP).key, BAD_CROP, "image/jpeg")
    bad = a_report(evidence=(a_ref(BAD_CROP),))
    for _ in range(4):
        bench.stopping.clear()
        bench.receive(bad)
    assert (bench.counted(ReportOutcome.FAILED), bench.counted(ReportOutcome.SET_ASIDE)) == (2, 2)
    assert bench.sight.looked_at == [70, 70]
    assert bench.acks == 4


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
