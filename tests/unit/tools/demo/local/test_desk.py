"""The desk pairs verdicts with their reports and keeps the counts."""

from __future__ import annotations

import json

import pytest

from contract.cloudevent import frame_report, frame_verdict
from contract.report import ThreatReport
from contract.topics import Topics
from contract.verdict import Decision, Verdict
from tests.unit.cloud.reports import CAMERA, GATEWAY, NOON, a_report
from tools.demo.local.desk import MAX_REPORTS, Decided, Desk, Heard

TOPICS = Topics(gateway=GATEWAY)


def suspect(report: ThreatReport) -> Heard:
    return Heard(TOPICS.of_camera(CAMERA, "suspect"), frame_report(report), retained=False)


def verdict_on(report: ThreatReport, decision: Decision = "confirmed") -> Verdict:
    return Verdict(
        report_id=report.report_id,
        gateway=GATEWAY,
        camera=CAMERA,
        decision=decision,
        decided_by="cloud",
        decided_at=NOON,
        label=report.label,
        reasons=("seen",),
    )


def decided(report: ThreatReport, decision: Decision = "confirmed") -> Heard:
    payload = frame_verdict(verdict_on(report, decision))
    return Heard(TOPICS.of_camera(CAMERA, "verdict"), payload, retained=False)


@pytest.fixture
def desk() -> Desk:
    return Desk(GATEWAY)


def test_a_verdict_is_told_with_its_report(desk: Desk) -> None:
    report = a_report()
    assert desk.hear(suspect(report)) is None
    assert desk.hear(decided(report)) == Decided(report, verdict_on(report))


def test_the_same_verdict_is_told_once_and_a_better_one_again(desk: Desk) -> None:
    report = a_report()
    desk.hear(suspect(report))
    told = [desk.hear(decided(report, word)) for word in ("unconfirmed", "unconfirmed", "refuted")]
    assert [one.verdict.decision if one else None for one in told] == [
        "unconfirmed",
        None,
        "refuted",
    ]


def test_a_verdict_without_a_report_is_passed_over(desk: Desk) -> None:
    assert desk.hear(decided(a_report())) is None


@pytest.mark.parametrize(
    "heard",
    [
        Heard(TOPICS.of_camera(CAMERA, "suspect"), b"no event", retained=False),
        Heard(TOPICS.of_camera(CAMERA, "verdict"), b"{}", retained=False),
        Heard("stillwatch/other/gate/verdict", b"{}", retained=False),
        Heard("elsewhere", b"", retained=False),
    ],
)
def test_strange_messages_are_passed_over(desk: Desk, heard: Heard) -> None:
    assert desk.hear(heard) is None


def test_online_is_believed_only_when_it_is_news(desk: Desk) -> None:
    topic = TOPICS.of_gateway("status")
    desk.hear(Heard(topic, b"online", retained=True))
    assert not desk.online
    desk.hear(Heard(topic, b"online", retained=False))
    assert desk.online
    desk.hear(Heard(topic, b"stopped", retained=False))
    assert not desk.online


def test_waiting_is_what_has_no_verdict_yet(desk: Desk) -> None:
    stats = {"cameras": {"gate": {"suspicions": 3, "confirmed": 1, "inconclusive": 1}}}
    desk.hear(Heard(TOPICS.of_gateway("stats"), json.dumps(stats).encode(), retained=False))
    assert desk.waiting == 1


def test_reports_that_never_get_an_answer_do_not_pile_up(desk: Desk) -> None:
    for track in range(MAX_REPORTS + 1):
        desk.hear(suspect(a_report(track=track)))
    assert desk.hear(decided(a_report(track=0))) is None
    assert desk.hear(decided(a_report(track=MAX_REPORTS))) is not None
