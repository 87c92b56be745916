"""Stores, brokers and models that fail: what is decided, repeated, given up and set aside."""

from __future__ import annotations

import cv2
import numpy as np

from cloud.serve.metrics import ReportOutcome
from cloud.verdicts.ledger import Ledger
from contract.cloudevent import frame_report
from service.outcomes import NotConnected, Refused, TimedOut
from tests.unit.cloud.reports import a_ref, a_report
from tests.unit.cloud.serve.bench import REPORT, WORK, Bench


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
