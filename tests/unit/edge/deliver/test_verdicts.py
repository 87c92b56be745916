"""Verdicts come home: entries close once, people are told, and the threat topic tells the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.cloudevent import CONTENT_TYPE, frame_verdict, read_verdict
from contract.topics import Topics
from contract.verdict import Decision, Verdict
from edge.config.schema import Deliver
from edge.deliver.outbox import Outbox
from edge.deliver.verdicts import Verdicts
from edge.runtime.counters import Counters
from service.outcomes import NotConnected
from tests.fakes import recorded_events
from tests.unit.edge.deliver.carriers import ScriptedLink, full, small_disk
from tests.unit.edge.deliver.parcels import CAMERA, GATEWAY, name, parcel, verdict
from tests.unit.edge.deliver.site import Site

TOPIC = f"stillwatch/{GATEWAY}/{CAMERA}/verdict"
THREAT = f"stillwatch/{GATEWAY}/{CAMERA}/threat"


class Home:
    """Where verdicts come to: an outbox with `entries` open ones, and links of the test's own."""

    def __init__(
        self, folder: Path, entries: int = 1, two_brokers: bool = False, **deliver: object
    ) -> None:
        self.site = Site(folder / "outbox")
        self.clock = self.site.clock
        self.outbox: Outbox = self.site.open()
        self.broker, self.cloud, self.counters = ScriptedLink(), ScriptedLink(), Counters()
        self.answered: list[Verdict] = []
        self.deliver = Deliver.model_validate({"threat_hold_s": 30, "deadline_s": 60} | deliver)
        self.verdicts = Verdicts(
            self.outbox,
            self.counters,
            Topics(gateway=GATEWAY),
            self.clock,
            lambda: self.deliver,
            self.broker,
            self.cloud if two_brokers else None,
            self.answered.append,
        )
        self.acked = 0
        for number in range(entries):
            self.outbox.put(parcel(number))

    def hear(self, verdict: Verdict | bytes, retained: bool = False) -> None:
        payload = verdict if isinstance(verdict, bytes) else frame_verdict(verdict)
        self.verdicts.on_message(TOPIC, payload, retained, self._ack)

    def tell(self) -> None:
        self.verdicts.tell_untold(lambda: None)

    def miss(self, number: int) -> None:
        entry = self.outbox.find(name(number))
        assert entry is not None
        self.verdicts.missed(entry)

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.verdicts.tick()

    def counted(self) -> dict[str, int]:
        funnel = self.counters.snapshot().get(CAMERA)
        decisions = ("confirmed", "refuted", "inconclusive", "unconfirmed")
        counts = {decision: getattr(funnel, decision) for decision in decisions} if funnel else {}
        return {decision: count for decision, count in counts.items() if count}

    def _ack(self) -> None:
        self.acked += 1


def told(link: ScriptedLink) -> list[str]:
    """The decisions published on a link."""
    return [read_verdict(payload).decision for payload in link.on(TOPIC)]


def test_a_confirmed_threat_is_on_for_its_time_and_then_off(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.hear(verdict(0, "confirmed"))
    assert home.broker.on(THREAT) == [b"ON"]
    assert home.broker.sent[-1].retain
    assert home.verdicts.threat(CAMERA).payload == b"ON"
    home.later(29)
    assert home.broker.on(THREAT) == [b"ON"]
    with recorded_events() as lines:
        home.later(1)
    assert home.broker.on(THREAT) == [b"ON", b"OFF"]
    assert home.verdicts.threat(CAMERA).payload == b"OFF"
    assert [line.event for line in lines] == ["threat_ended"]
    home.later(100)
    assert home.broker.on(THREAT) == [b"ON", b"OFF"]


def test_a_second_confirmation_prolongs_the_threat(tmp_path: Path) -> None:
    home = Home(tmp_path, entries=2)
    home.hear(verdict(0, "confirmed"))
    home.later(20)
    home.hear(verdict(1, "confirmed"))
    home.later(29)
    assert b"OFF" not in home.broker.on(THREAT)
    home.later(1)
    assert home.broker.on(THREAT)[-1] == b"OFF"


@pytest.mark.parametrize("decision", ["refuted", "inconclusive"])
def test_what_is_not_confirmed_switches_nothing_on_but_closes_the_entry(
    tmp_path: Path, decision: Decision
) -> None:
    home = Home(tmp_path)
    home.hear(verdict(0, decision))
    home.tell()
    assert home.broker.on(THREAT) == []
    assert home.counted() == {decision: 1}
    assert home.outbox.depth().entries == {"done": 1}


def test_a_sample_for_measurement_alarms_nobody(tmp_path: Path) -> None:
    home = Home(tmp_path)
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
        home.miss(0)
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
    home.miss(0)
    home.tell()
    (payload,) = home.broker.on(TOPIC)
    said = read_verdict(payload)
    assert (said.decided_by, said.label, said.score, said.severity) == ("edge", "person", 0.6, 2)
    assert said.evidence_key == parcel(0).report.evidence[0].key
    assert "60 s" in said.reasons[0]


def test_a_site_that_wants_no_unconfirmed_alarms_is_told_without_one(tmp_path: Path) -> None:
    home = Home(tmp_path, alert_unconfirmed=False)
    home.miss(0)
    home.tell()
    assert told(home.broker) == ["unconfirmed"]
    assert home.broker.on(THREAT) == []


def test_after_the_clouds_answer_no_deadline_counts(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.hear(verdict(0, "refuted"))
    home.miss(0)
    assert home.counted() == {"refuted": 1}


def test_with_two_brokers_the_site_is_told_what_the_cloud_said_and_both_what_it_did_not(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path, entries=2, two_brokers=True)
    home.hear(verdict(0, "confirmed"))
    home.miss(1)
    home.tell()
    home.tell()
    assert told(home.broker) == ["confirmed", "unconfirmed"]
    assert told(home.cloud) == ["unconfirmed"]
    assert {s.content_type for s in home.broker.sent if s.topic == TOPIC} == {CONTENT_TYPE}


def test_a_verdict_that_no_broker_takes_waits_and_is_told_later_once(tmp_path: Path) -> None:
    home = Home(tmp_path, entries=2, two_brokers=True)
    home.broker.answers = [NotConnected("away")] * 3
    home.miss(0)  # its ON is lost first, then the other one, then the verdict
    home.miss(1)
    home.tell()
    assert told(home.broker) == ["unconfirmed"]
    assert told(home.cloud) == []
    for _ in range(2):
        home.tell()
    assert told(home.broker) == ["unconfirmed"] * 3
    assert told(home.cloud) == ["unconfirmed"] * 2


def test_every_verdict_told_is_progress(tmp_path: Path) -> None:
    home = Home(tmp_path, entries=3)
    for number in range(3):
        home.miss(number)
    steps: list[int] = []
    home.verdicts.tell_untold(lambda: steps.append(len(told(home.broker))))
    assert steps == [1, 2, 3]


def test_a_camera_in_alarm_is_remembered_for_births_also_when_its_alarm_is_over(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    assert not home.verdicts.alarmed
    home.broker.answers = [NotConnected("away")]
    home.hear(verdict(0, "confirmed"))
    home.later(30)
    assert home.verdicts.alarmed == (CAMERA,)
    assert home.verdicts.threat(CAMERA).payload == b"OFF"


def test_a_full_disk_loses_no_verdict_and_ends_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        home = Home(disk)
        with full(disk), recorded_events() as lines:
            home.hear(verdict(0, "confirmed"))
        assert [line.event for line in lines] == ["verdict_refused"]
        assert (home.acked, home.counted()) == (1, {})
        home.hear(verdict(0, "confirmed"))  # as the cloud repeats it when the report is sent again
        assert home.counted() == {"confirmed": 1}
        home.outbox.close()


def test_an_answer_of_the_cloud_is_handed_on_once_and_the_edges_own_is_none(tmp_path: Path) -> None:
    home = Home(tmp_path, entries=2)
    home.hear(verdict(0, "refuted"))
    home.hear(verdict(0, "refuted"))
    home.miss(1)
    assert home.answered == [verdict(0, "refuted")]
    home.hear(verdict(1, "confirmed"))
    assert home.answered[1:] == [verdict(1, "confirmed")]
