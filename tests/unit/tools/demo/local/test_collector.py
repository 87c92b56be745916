"""The collector pairs verdicts with their reports and keeps the counts."""

from __future__ import annotations

import json

import pytest

from contract.cloudevent import frame_report, frame_verdict
from contract.report import ThreatReport
from contract.topics import Topics
from contract.verdict import Decision
from tests.unit.cloud.reports import CAMERA, GATEWAY, NOON, a_report
from tests.verdicts import verdict_on
from tools.demo.local.collector import MAX_REPORTS, Collector, Decided, ReceivedMessage

TOPICS = Topics(gateway=GATEWAY)


def suspect(report: ThreatReport) -> ReceivedMessage:
    return ReceivedMessage(
        TOPICS.of_camera(CAMERA, "suspect"), frame_report(report), retained=False
    )


def decided(report: ThreatReport, decision: Decision = "confirmed") -> ReceivedMessage:
    payload = frame_verdict(verdict_on(report, decision, NOON))
    return ReceivedMessage(TOPICS.of_camera(CAMERA, "verdict"), payload, retained=False)


@pytest.fixture
def collector() -> Collector:
    return Collector(GATEWAY)


def test_a_verdict_is_told_with_its_report(collector: Collector) -> None:
    report = a_report()
    assert collector.hear(suspect(report)) is None
    assert collector.hear(decided(report)) == Decided(report, verdict_on(report, at=NOON))


def test_the_same_verdict_is_told_once_and_a_better_one_again(collector: Collector) -> None:
    report = a_report()
    collector.hear(suspect(report))
    told = [
        collector.hear(decided(report, word)) for word in ("unconfirmed", "unconfirmed", "refuted")
    ]
    assert [one.verdict.decision if one else None for one in told] == [
        "unconfirmed",
        None,
        "refuted",
    ]


def test_a_verdict_without_a_report_is_passed_over(collector: Collector) -> None:
    assert collector.hear(decided(a_report())) is None


@pytest.mark.parametrize(
    "heard",
    [
        ReceivedMessage(TOPICS.of_camera(CAMERA, "suspect"), b"no event", retained=False),
        ReceivedMessage(TOPICS.of_camera(CAMERA, "verdict"), b"{}", retained=False),
        ReceivedMessage("stillwatch/other/gate/verdict", b"{}", retained=False),
        ReceivedMessage("elsewhere", b"", retained=False),
    ],
)
def test_strange_messages_are_passed_over(collector: Collector, heard: ReceivedMessage) -> None:
    assert collector.hear(heard) is None


def test_online_is_trusted_only_when_it_is_news(collector: Collector) -> None:
    topic = TOPICS.of_gateway("status")
    collector.hear(ReceivedMessage(topic, b"online", retained=True))
    assert not collector.online
    collector.hear(ReceivedMessage(topic, b"online", retained=False))
    assert collector.online
    collector.hear(ReceivedMessage(topic, b"stopped", retained=False))
    assert not collector.online


def test_waiting_is_what_has_no_verdict_yet(collector: Collector) -> None:
    stats = {"cameras": {"gate": {"suspicions": 3, "confirmed": 1, "inconclusive": 1}}}
    collector.hear(
        ReceivedMessage(TOPICS.of_gateway("stats"), json.dumps(stats).encode(), retained=False)
    )
    assert collector.waiting == 1


def test_reports_that_never_get_an_answer_do_not_pile_up(collector: Collector) -> None:
    for track in range(MAX_REPORTS + 1):
        collector.hear(suspect(a_report(track=track)))
    assert collector.hear(decided(a_report(track=0))) is None
    assert collector.hear(decided(a_report(track=MAX_REPORTS))) is not None
