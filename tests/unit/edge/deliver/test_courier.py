"""The courier: evidence before report, again and again until it is through, and nothing buried that
might still get there."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from contract.cloudevent import CONTENT_TYPE, read_report
from contract.ids import GatewayId, report_id
from edge.config.schema import DeliverConfig
from edge.deliver.context import DeliveryContext
from edge.deliver.courier import CloudEndpoint, Courier
from edge.deliver.evidence import ReportBundle
from edge.deliver.outbox import REPAIR_S, Outbox, OutboxEntry
from edge.deliver.store_probe import StoreProbe
from objectstore.store import PermanentStoreError, StoreError, TransientStoreError
from objectstore.store_dir import DirectoryStore
from service.events import Event
from service.outcomes import (
    LOST_S,
    Delivered,
    NotConnected,
    Pending,
    PublishOutcome,
    Refused,
    TimedOut,
)
from tests.disks import disk, failing
from tests.fakes import ManualClock, recorded_events
from tests.unit.edge.deliver.bundles import CAMERA, GATEWAY, bundle, name, verdict
from tests.unit.edge.deliver.carriers import BalkyStore, Longest, ScriptedLink
from tests.unit.edge.deliver.site import Site

SUSPECT = f"stillwatch/{GATEWAY}/{CAMERA}/suspect"

AWAY = NotConnected("the connection was lost")
DENIED = Refused("Not authorized")


class Shortest(random.Random):
    """Chance at its other end."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


class Route:
    """A courier on its way between an outbox and links and a store of the test's own."""

    def __init__(
        self,
        folder: Path,
        *answers: PublishOutcome,
        failures: tuple[StoreError | None, ...] = (),
        store: Path | None = None,
        chance: random.Random | None = None,
        **deliver: object,
    ) -> None:
        self.site = Site(folder / "outbox")
        self.clock = self.site.clock
        self.outbox: Outbox = self.site.open()
        self.store = BalkyStore(store or folder / "store", *failures)
        self.uplink = ScriptedLink(list(answers))
        self.deliver = DeliverConfig.model_validate({"resend_s": 30, "deadline_s": 600} | deliver)
        self.progress = 0
        self.courier = Courier(
            DeliveryContext(outbox=self.outbox, clock=self.clock, settings=lambda: self.deliver),
            CloudEndpoint(store=self.store, uplink=self.uplink, root="stillwatch"),
            chance or Longest(),
            self._progress,
        )

    def keep(self, *numbers: int) -> None:
        for number in numbers:
            self.outbox.put(bundle(number))

    def step(self) -> bool:
        return self.courier.step()

    def drain(self) -> int:
        """Steps until there is nothing to do at this moment; how many there were."""
        steps = 0
        while self.step():
            steps += 1
            assert steps < 100
        return steps

    def entry(self, number: int) -> OutboxEntry:
        entry = self.outbox.find(name(number))
        assert entry is not None
        return entry

    def reported(self) -> list[str]:
        """The ids of the reports handed to the uplink."""
        return [read_report(payload).report_id for payload in self.uplink.on(SUSPECT)]

    def _progress(self) -> None:
        self.progress += 1


def test_every_picture_is_stored_before_the_report_that_names_it_is_sent(tmp_path: Path) -> None:
    route = Route(tmp_path, failures=(None, TransientStoreError("busy")))
    route.keep(0)
    route.step()
    assert route.uplink.sent == []
    route.clock.advance(60)
    route.drain()
    (sent,) = route.uplink.sent
    report = read_report(sent.payload)
    assert report.age_s == 60
    assert report.model_copy(update={"link": None, "age_s": None}) == bundle(0).report
    assert (sent.topic, sent.qos, sent.retain) == (SUSPECT, 1, False)
    assert sent.content_type == CONTENT_TYPE
    store = DirectoryStore(tmp_path / "store")
    for reference, picture in zip(report.evidence, bundle(0).pictures, strict=True):
        assert store.get(reference.key, 10_000) == picture.jpeg
    assert route.entry(0).state == "reported"


def test_a_picture_that_was_stored_is_not_sent_again(tmp_path: Path) -> None:
    route = Route(tmp_path)
    shared = bundle(0).pictures
    for number in range(2):
        report = bundle(number).report.model_copy(update={"evidence": bundle(0).report.evidence})
        route.outbox.put(ReportBundle(report=report, pictures=shared))
    with recorded_events() as lines:
        route.drain()
    assert len(route.reported()) == 2
    stored = [str(line.fields["key"]) for line in lines if line.event is Event.EVIDENCE_STORED]
    assert sorted(stored) == sorted(picture.key for picture in shared)


@pytest.mark.parametrize("damaged", [b"", b"other bytes", b"x" * 100_000])
def test_what_lies_there_already_is_looked_at_and_replaced_if_it_is_something_else(
    tmp_path: Path, damaged: bytes
) -> None:
    route = Route(tmp_path)
    good, bad = bundle(0).pictures
    store = DirectoryStore(tmp_path / "store")
    store.put_if_absent(good.key, good.jpeg, "image/jpeg")
    store.put_if_absent(bad.key, damaged, "image/jpeg")
    route.keep(0)
    with recorded_events() as lines:
        route.drain()
    replaced = [line.fields["key"] for line in lines if line.event is Event.EVIDENCE_REPLACED]
    assert replaced == [bad.key]
    assert [store.get(one.key, 10_000) for one in (good, bad)] == [good.jpeg, bad.jpeg]
    assert route.reported() == [name(0)]


def test_pictures_that_the_cloud_cannot_read_are_stored_again(tmp_path: Path) -> None:
    route = Route(tmp_path)
    route.keep(0)
    route.drain()
    flipped, deleted = (route.store.path(one.key) for one in bundle(0).pictures)
    flipped.write_bytes(b"y" + flipped.read_bytes()[1:])
    deleted.unlink()
    route.courier.doubt([one.key for one in bundle(0).pictures])
    again = bundle(0).report.model_copy(update={"restores_left": 1})
    assert route.outbox.extend(ReportBundle(report=again, pictures=()))
    route.drain()
    for one in bundle(0).pictures:
        assert route.store.get(one.key, 10_000) == one.jpeg
    assert [read_report(p).restores_left for p in route.uplink.on(SUSPECT)] == [0, 1]


@pytest.mark.parametrize(
    ("doubted", "allowed", "event"),
    [(False, True, None), (True, True, "evidence_replaced"), (True, False, "evidence_damaged")],
)
def test_a_gateway_that_may_not_read_the_store_replaces_only_what_the_cloud_could_not_read(
    tmp_path: Path, doubted: bool, allowed: bool, event: str | None
) -> None:
    route = Route(tmp_path)
    route.store.readable, route.store.replaceable = False, allowed
    one = bundle(0).pictures[0]
    DirectoryStore(tmp_path / "store").put_if_absent(one.key, b"other bytes", "image/jpeg")
    if doubted:
        route.courier.doubt([one.key])
    route.keep(0)
    with recorded_events() as lines:
        route.drain()
    said = [str(line.event) for line in lines if str(line.event).startswith("evidence_")]
    assert [word for word in said if word != "evidence_stored"] == ([event] if event else [])
    assert route.reported() == [name(0)]


def test_a_report_sent_in_vain_may_not_be_asked_about_again(tmp_path: Path) -> None:
    route = Route(tmp_path)
    asking = bundle(0).report.model_copy(update={"requests_left": 1})
    route.outbox.put(ReportBundle(report=asking, pictures=bundle(0).pictures))
    route.drain()
    route.clock.advance(60)
    route.drain()
    first, second = (read_report(payload) for payload in route.uplink.on(SUSPECT))
    assert (first.requests_left, second.requests_left) == (1, 0)


def test_with_nothing_to_carry_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert not Route(tmp_path).step()


def test_the_most_severe_goes_first_then_the_oldest(tmp_path: Path) -> None:
    route = Route(tmp_path)
    for number, severity in enumerate((1, 2, 1, 2)):
        route.outbox.put(bundle(number, severity=severity))
    route.drain()
    assert route.reported() == [name(1), name(3), name(0), name(2)]


def test_what_nobody_answers_keeps_no_new_report_waiting_however_severe_it_is(
    tmp_path: Path,
) -> None:
    route = Route(tmp_path)
    for number in range(5):
        route.outbox.put(bundle(number, severity=3))
        assert route.step()
    route.clock.advance(3600)  # all five are due again
    route.outbox.put(bundle(9, severity=1))
    assert route.step()
    assert route.reported()[5:] == [name(9)]
    assert route.step()
    assert route.reported()[6:] == [name(0)], "then the repeats, in their order"


def test_every_picture_is_progress(tmp_path: Path) -> None:
    route = Route(tmp_path)
    route.keep(0)
    before = route.progress
    route.step()
    assert route.progress >= before + len(bundle(0).pictures)


@pytest.mark.parametrize(
    ("failures", "answers"), [((), 2), ((TransientStoreError("slow"),), 1)], ids=["works", "fails"]
)
def test_every_answer_to_the_probe_of_the_store_is_progress(
    tmp_path: Path, failures: tuple[StoreError, ...], answers: int
) -> None:
    """A store that takes its whole time for each must not look like a courier that hangs."""
    store = BalkyStore(tmp_path / "store", *failures)
    probe = StoreProbe(store, GATEWAY, ManualClock(), Longest(), lambda: 60.0)
    progress: list[bool] = []
    probe.step(lambda: progress.append(True))
    assert len(progress) == answers


@pytest.mark.parametrize("answer", [AWAY, TimedOut(10)])
def test_without_the_clouds_broker_the_report_waits_longer_each_time_up_to_a_bound(
    tmp_path: Path, answer: PublishOutcome
) -> None:
    route = Route(tmp_path, *[answer] * 6, backoff_max_s=10, deadline_s=6000)
    route.keep(0)
    waits = []
    for _ in range(6):
        with recorded_events() as lines:
            assert route.drain() == 1
        (failed,) = [line for line in lines if line.event == "delivery_failed"]
        wait_s = failed.fields["again_in_s"]
        assert isinstance(wait_s, float)
        route.clock.advance(wait_s - 0.01)
        assert not route.step()
        route.clock.advance(0.02)
        waits.append(wait_s)
    assert waits == [2, 4, 8, 10, 10, 10]
    route.uplink.answers.clear()
    route.clock.advance(LOST_S)  # a broker may yet acknowledge what it has
    route.drain()
    assert route.entry(0).state == "reported"
    assert route.store.kept == [picture.key for picture in bundle(0).pictures]


@pytest.mark.parametrize("error", [TransientStoreError("503"), PermanentStoreError("no bucket")])
def test_a_store_that_refuses_buries_nothing_however_long_it_lasts(
    tmp_path: Path, error: StoreError
) -> None:
    route = Route(tmp_path, failures=(error,) * 20, outbox={"max_attempts": 3}, deadline_s=6000)
    route.keep(0)
    for _ in range(20):
        assert route.drain() == 1
        assert route.entry(0).state == "pending"
        route.clock.advance(61)
    assert route.uplink.sent == []
    route.drain()
    assert route.entry(0).state == "reported"


def test_what_is_under_way_on_a_connection_is_not_sent_a_second_time_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.deliver.courier.PUBACK_S", 0.01)
    route = Route(tmp_path, deadline_s=6000)
    route.keep(0)
    pending = Pending()
    route.uplink.pending = [pending]
    for _ in range(3):
        assert route.drain() == 1
        route.clock.advance(20)
    assert route.reported() == [name(0)]
    assert route.entry(0).state == "stored"
    pending.resolve(Delivered())
    route.drain()
    assert route.reported() == [name(0)]
    assert route.entry(0).state == "reported"


@pytest.mark.parametrize(("seconds", "settled"), [(121.0, None), (10.0, AWAY)])
def test_what_a_broker_never_acknowledges_or_a_connection_lost_is_sent_again(
    tmp_path: Path, seconds: float, settled: PublishOutcome | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.deliver.courier.PUBACK_S", 0.01)
    route = Route(tmp_path, deadline_s=6000)
    route.keep(0)
    pending = Pending()
    route.uplink.pending = [pending]
    route.drain()
    if settled is not None:
        pending.resolve(settled)
    while route.entry(0).state != "reported":
        route.clock.advance(seconds)
        route.drain()
    assert route.reported() == [name(0)] * 2
    assert route.entry(0).state == "reported"


def test_after_a_success_the_waits_are_short_again(tmp_path: Path) -> None:
    route = Route(tmp_path, AWAY, AWAY, AWAY)
    route.keep(0)
    for _ in range(4):
        route.drain()
        route.clock.advance(9)
    assert route.entry(0).state == "reported"
    route.uplink.answers = [AWAY]
    route.keep(1)
    with recorded_events() as lines:
        route.drain()
    assert [li.fields["again_in_s"] for li in lines if li.event == "delivery_failed"] == [2]


def test_no_connection_is_not_the_entrys_fault(tmp_path: Path) -> None:
    route = Route(tmp_path, *[AWAY] * 20, outbox={"max_attempts": 2})
    route.keep(0)
    for _ in range(20):
        route.drain()
        route.clock.advance(61)
    assert route.entry(0).attempts == 0
    route.drain()
    assert route.entry(0).state == "reported"


def test_what_the_broker_refuses_is_tried_so_often_then_buried_loudly(tmp_path: Path) -> None:
    route = Route(tmp_path, *[DENIED] * 3, outbox={"max_attempts": 3})
    route.keep(0)
    with recorded_events() as lines:
        for _ in range(3):
            assert route.entry(0).state != "buried"
            route.drain()
            route.clock.advance(61)
    assert route.entry(0).state == "buried"
    (buried,) = [line for line in lines if line.event == "entry_buried"]
    assert "3 attempts" in str(buried.fields["reason"])
    assert "Not authorized" in str(buried.fields["reason"])
    assert not route.step()


def test_one_entry_that_is_refused_does_not_hold_up_the_others(tmp_path: Path) -> None:
    route = Route(tmp_path, DENIED)
    route.keep(0, 1)
    route.drain()
    assert (route.entry(0).state, route.entry(1).state) == ("stored", "reported")


def test_without_a_verdict_the_same_report_is_sent_again_and_no_picture_twice(
    tmp_path: Path,
) -> None:
    route = Route(tmp_path, chance=Shortest(), resend_s=30)
    route.keep(0)
    route.drain()
    route.clock.advance(29.9)
    assert not route.step()
    route.clock.advance(0.2)
    route.drain()
    assert route.reported() == [name(0)] * 2
    assert len(route.store.kept) == 2


def test_repeats_come_less_and_less_often_up_to_a_bound_over_restarts_too(tmp_path: Path) -> None:
    chance = Shortest()
    route = Route(tmp_path, chance=chance, resend_s=30, resend_max_s=300, deadline_s=6000)
    route.keep(0)
    sent_at: list[float] = []
    for minute in range(30):
        for _ in range(6):
            if route.drain():
                sent_at.append(route.clock.mono())
            route.clock.advance(10)
        if minute == 3:
            clock = route.clock
            route.outbox.close()
            route = Route(tmp_path, chance=chance, resend_s=30, resend_max_s=300, deadline_s=6000)
            route.clock.advance(clock.mono() - route.clock.mono())
    waits = [later - earlier for earlier, later in pairwise(sent_at)]
    assert waits[:3] == [30, 60, 120]
    assert set(waits[-3:]) == {300}


def test_what_was_sent_together_is_not_repeated_together(tmp_path: Path) -> None:
    route = Route(tmp_path, chance=random.Random(1), resend_s=100)
    route.keep(*range(50))
    route.drain()
    route.clock.advance(99)
    assert route.drain() == 0
    at_once = []
    for _ in range(30):
        route.clock.advance(1)
        at_once.append(route.drain())
    assert sum(at_once) == 50
    assert max(at_once) <= 10


def test_a_report_goes_out_under_the_id_that_it_was_raised_with(tmp_path: Path) -> None:
    route = Route(tmp_path)
    former = GatewayId("former")
    report = bundle(0).report.model_copy(
        update={"gateway": former, "report_id": report_id(former, CAMERA, 1, 0, 0)}
    )
    route.outbox.put(ReportBundle(report=report, pictures=bundle(0).pictures))
    assert route.outbox.gateways() == {former}
    route.drain()
    (sent,) = route.uplink.sent
    assert sent.topic == f"stillwatch/former/{CAMERA}/suspect"


def test_a_verdict_ends_the_sending(tmp_path: Path) -> None:
    route = Route(tmp_path, resend_s=30)
    route.keep(0)
    route.drain()
    route.outbox.close_with(verdict(0, "refuted"))
    route.clock.advance(100)
    assert not route.step()
    assert route.reported() == [name(0)]
    assert route.entry(0).state == "done"


def test_a_report_goes_out_though_a_picture_of_it_was_lost(tmp_path: Path) -> None:
    route = Route(tmp_path)
    route.keep(0, 1)
    (tmp_path / "outbox" / "pictures" / f"{bundle(0).pictures[0].sha256}.jpg").unlink()
    route.drain()
    assert route.reported() == [name(0), name(1)]
    assert route.entry(0).state == "reported"
    assert route.site.losses == []


def test_what_was_under_way_when_the_process_ended_is_carried_by_the_next(tmp_path: Path) -> None:
    first = Route(tmp_path, AWAY)
    first.keep(0)
    first.drain()
    assert first.entry(0).state == "stored"
    first.outbox.close()
    second = Route(tmp_path)
    second.drain()
    assert second.reported() == [name(0)]
    assert second.store.kept == []


def test_a_full_disk_stops_no_delivery(tmp_path: Path) -> None:
    with disk(tmp_path / "small", "size=1m") as mounted:
        route = Route(mounted, store=tmp_path / "store")
        route.keep(0)
        with failing(mounted, "full"):
            route.keep(1)
            route.drain()
            assert route.reported() == [name(0), name(1)]
        route.clock.advance(REPAIR_S)
        assert route.outbox.repair()
        assert route.entry(1).state == "reported"
        route.outbox.close()


def test_while_the_broker_is_away_one_entry_probes_for_all_and_a_new_one_once(
    tmp_path: Path,
) -> None:
    route = Route(tmp_path, *[AWAY] * 6, backoff_max_s=10, deadline_s=6000)
    route.keep(0, 1, 2, 3)
    assert route.drain() == 4, "each was raised just now"
    route.clock.advance(10)
    assert route.drain() == 1
    route.keep(4)
    assert route.drain() == 1
    assert route.reported()[-1] == name(4)
    route.clock.advance(10)
    assert route.drain() == 5, "the broker is back, and nobody waits any longer"
    assert route.reported()[-5:] == [name(number) for number in range(5)]


def test_an_entry_that_alone_always_fails_keeps_no_other_back(tmp_path: Path) -> None:
    broken = PermanentStoreError("this one never")
    route = Route(tmp_path, backoff_max_s=10, deadline_s=6000)
    route.outbox.put(bundle(0, severity=4))
    for number in (1, 2, 3):
        route.store.failures = [broken]
        route.drain()
        route.keep(number)
        route.store.failures = []
        route.drain()
        assert route.reported()[-1] == name(number)
        route.clock.advance(10)
