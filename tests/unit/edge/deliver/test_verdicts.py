"""Verdicts come home: entries close once, people are told, and the threat topic tells the truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from contract.cloudevent import (
    CONTENT_TYPE,
    frame_evidence_request,
    frame_operator_outcome,
    read_verdict,
)
from contract.evidence_request import EvidenceRequest
from contract.operator_outcome import OperatorOutcome
from contract.verdict import Decision
from edge.deliver.evidence import ReportBundle
from edge.deliver.outbox import REPAIR_S
from tests.disks import disk, failing
from tests.fakes import START, recorded_events
from tests.unit.edge.deliver.bundles import CAMERA, GATEWAY, bundle, name, verdict
from tests.unit.edge.deliver.carriers import ScriptedLink
from tests.unit.edge.deliver.home import THREAT, TOPIC, Home


def marked(parcel_: ReportBundle, **marks: bool) -> ReportBundle:
    """The bundle, its report marked."""
    return replace(parcel_, report=parcel_.report.model_copy(update=marks))


def told(link: ScriptedLink) -> list[str]:
    """The decisions published on a link."""
    return [read_verdict(payload).decision for payload in link.on(TOPIC)]


@pytest.mark.parametrize(
    ("decision", "alert_unconfirmed", "said"),
    [
        ("refuted", True, []),
        ("inconclusive", True, [b"ON"]),
        ("inconclusive", False, []),
        ("confirmed", False, [b"ON"]),
    ],
)
def test_what_was_refuted_alarms_nobody_and_what_cannot_be_decided_as_the_site_wants_it(
    tmp_path: Path, decision: Decision, alert_unconfirmed: bool, said: list[bytes]
) -> None:
    home = Home(tmp_path, alert_unconfirmed=alert_unconfirmed)
    home.hear(verdict(0, decision))
    assert home.broker.on(THREAT) == said
    assert home.counted() == {decision: 1}
    assert home.outbox.depth().entries == {"done": 1}


def test_what_a_person_said_is_passed_on_and_decides_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    said = OperatorOutcome(
        report_id=name(0), gateway=GATEWAY, camera=CAMERA, outcome="false", said_at=START
    )
    with recorded_events() as lines:
        home.hear(frame_operator_outcome(said))
    assert (home.marked, home.answered, home.acked) == ([said], [], 1)
    assert [line.event for line in lines] == ["outcome_received"]
    home.hear(verdict(0, "confirmed"))
    assert home.counted() == {"confirmed": 1}


def test_a_sample_for_measurement_alarms_nobody(tmp_path: Path) -> None:
    home = Home(tmp_path, entries=0)
    home.outbox.put(marked(bundle(0), audit=True))
    home.hear(verdict(0, "confirmed").model_copy(update={"audit": True}))
    assert home.broker.on(THREAT) == []
    assert home.counted() == {}
    assert home.counters.audits.as_json()["missed"] == 1


def test_a_repeated_verdict_counts_once_and_is_acknowledged(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for _ in range(3):
        home.hear(verdict(0, "confirmed"))
    home.hear(verdict(0, "refuted"))
    assert home.counted() == {"confirmed": 1}
    assert home.acked == 4


@pytest.mark.parametrize(
    "changed", [{"gateway": "other"}, {"decided_by": "edge"}, {"report_id": "gw.gate.9.9.9"}]
)
def test_verdicts_that_are_not_for_us_are_acknowledged_and_change_nothing(
    tmp_path: Path, changed: dict[str, str]
) -> None:
    home = Home(tmp_path)
    home.hear(verdict(0, "confirmed").model_copy(update=changed))
    assert (home.acked, home.counted(), home.broker.sent) == (1, {}, [])


def test_a_retained_verdict_is_old_news(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.hear(verdict(0, "confirmed"), retained=True)
    assert (home.acked, home.counted()) == (1, {})


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"type": 1}'])
def test_garbage_is_refused_in_words_and_acknowledged(tmp_path: Path, payload: bytes) -> None:
    home = Home(tmp_path)
    with recorded_events() as lines:
        home.hear(payload)
    assert [line.event for line in lines] == ["verdict_refused"]
    assert home.acked == 1


def test_without_an_answer_the_threat_is_on_unconfirmed_and_may_be_confirmed_later(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    with recorded_events() as lines:
        home.miss()
    home.tell()
    assert told(home.broker) == ["unconfirmed"]
    assert home.broker.on(THREAT) == [b"ON"]
    assert [line.event for line in lines] == ["verdict_missed"]
    home.later(20)
    home.hear(verdict(0, "confirmed"))
    home.later(20)
    assert home.broker.on(THREAT) == [b"ON", b"ON"]
    assert home.counted() == {"confirmed": 1, "unconfirmed": 1}
    home.tell()
    assert told(home.broker) == ["unconfirmed"]
    assert home.outbox.depth().entries == {"done": 1}


def test_an_unconfirmed_verdict_says_what_the_edge_knew(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.miss()
    home.tell()
    (payload,) = home.broker.on(TOPIC)
    said = read_verdict(payload)
    assert (said.decided_by, said.label, said.score, said.severity) == ("edge", "person", 0.6, 2)
    assert said.evidence_key == bundle(0).report.evidence[0].key
    assert said.profile == "away"
    assert "60 s" in said.reasons[0]


def test_a_site_that_wants_no_unconfirmed_alarms_is_told_without_one(tmp_path: Path) -> None:
    home = Home(tmp_path, alert_unconfirmed=False)
    home.miss()
    home.tell()
    assert told(home.broker) == ["unconfirmed"]
    assert home.broker.on(THREAT) == []


def unreadable(number: int, left: int) -> bytes:
    """The cloud's request for a report's pictures."""
    report = bundle(number).report
    return frame_evidence_request(
        EvidenceRequest(
            report_id=report.report_id,
            gateway=report.gateway,
            camera=report.camera,
            asked_at=START,
            requests_left=0,
            unreadable=tuple(ref.key for ref in report.evidence),
            restores_left=left,
        )
    )


def test_asked_for_pictures_again_the_entry_is_delivered_anew_as_often_as_it_was_offered(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path, entries=0)
    offered = bundle(0).report.model_copy(update={"restores_left": 1})
    home.outbox.put(ReportBundle(report=offered, pictures=bundle(0).pictures))
    home.outbox.deliveries.mark_reported(name(0), home.clock.mono() + 1000)
    keys = [ref.key for ref in offered.evidence]
    for _ in range(3):
        home.hear(unreadable(0, left=1))
    assert home.doubted == [keys]
    entry = home.outbox.deliveries.next_due(home.clock.mono())
    assert entry is not None
    assert (entry.state, entry.report.restores_left) == ("pending", 0)
    assert home.outbox.pictures(entry) == bundle(0).pictures
    home.hear(unreadable(0, left=0))
    assert (home.doubted, home.acked) == ([keys], 4)


def test_asked_for_pictures_of_a_report_that_is_decided_nothing_happens(tmp_path: Path) -> None:
    home = Home(tmp_path, entries=0)
    offered = bundle(0).report.model_copy(update={"restores_left": 1})
    home.outbox.put(ReportBundle(report=offered, pictures=bundle(0).pictures))
    home.hear(verdict(0, "refuted"))
    home.hear(unreadable(0, left=1))
    home.hear(unreadable(7, left=1))
    assert home.outbox.depth().entries == {"done": 1}
    assert home.acked == 3


def test_what_was_buried_is_still_told_to_people_when_its_deadline_passes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.outbox.deliveries.bury(name(0), "poison")
    home.miss()
    home.tell()
    assert told(home.broker) == ["unconfirmed"]
    assert home.broker.on(THREAT) == [b"ON"]


def test_after_the_clouds_answer_no_deadline_counts(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.hear(verdict(0, "refuted"))
    home.miss()
    assert home.counted() == {"refuted": 1}


def test_with_two_brokers_the_site_is_told_what_the_cloud_said_and_both_what_it_did_not(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path, entries=2, two_brokers=True)
    home.hear(verdict(0, "confirmed"))
    home.miss()
    home.tell()
    home.tell()
    assert told(home.broker) == ["confirmed", "unconfirmed"]
    assert told(home.cloud) == ["unconfirmed"]
    assert {s.content_type for s in home.broker.sent if s.topic == TOPIC} == {CONTENT_TYPE}


def test_a_verdict_is_taken_though_the_disk_is_full_and_kept_once_it_is_not(
    tmp_path: Path,
) -> None:
    with disk(tmp_path / "small", "size=1m") as mounted:
        home = Home(mounted)
        with failing(mounted, "full"), recorded_events() as lines:
            home.hear(verdict(0, "confirmed"))
            assert home.outbox.depth().trouble is not None
        assert [line.event for line in lines] == ["verdict_received"]
        assert (home.acked, home.counted()) == (1, {"confirmed": 1})
        home.clock.advance(REPAIR_S)
        assert home.outbox.repair()
        home.outbox.close()
        assert home.site.open().depth().entries == {"done": 1}


def test_an_answer_of_the_cloud_is_handed_on_once_and_the_edges_own_is_none(tmp_path: Path) -> None:
    home = Home(tmp_path, entries=2)
    home.hear(verdict(0, "refuted"))
    home.hear(verdict(0, "refuted"))
    home.miss()
    assert home.answered == [verdict(0, "refuted")]
    home.hear(verdict(1, "confirmed"))
    assert home.answered[1:] == [verdict(1, "confirmed")]


def test_a_self_test_is_told_marked_and_counts_and_alarms_nowhere(tmp_path: Path) -> None:
    home = Home(tmp_path, entries=0, two_brokers=True)
    home.outbox.put(marked(bundle(0), test=True, audit=True))
    home.hear(verdict(0, "confirmed"))
    home.tell()
    (told_site,) = [read_verdict(payload) for payload in home.broker.on(TOPIC)]
    assert (told_site.test, told_site.audit, told_site.severity) == (True, True, 0)
    assert (home.broker.on(THREAT), home.counted(), home.answered) == ([], {}, [])
    assert home.counters.audits.as_json()["answered"] == 0


@pytest.mark.parametrize("mark", ["test", "audit"])
def test_a_mark_on_a_suspicions_verdict_keeps_no_alarm_from_anybody(
    tmp_path: Path, mark: str
) -> None:
    home = Home(tmp_path, two_brokers=True)
    home.hear(verdict(0, "confirmed").model_copy(update={mark: True}))
    home.tell()
    assert home.broker.on(THREAT) == [b"ON"]
    (told_site,) = [read_verdict(payload) for payload in home.broker.on(TOPIC)]
    assert (told_site.test, told_site.audit) == (False, False)
    assert home.counted() == {"confirmed": 1}
