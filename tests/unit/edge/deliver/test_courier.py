"""The courier: evidence before report, again and again until it is through, and nothing buried that
might still get there."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from contract.cloudevent import CONTENT_TYPE, read_report
from contract.ids import GatewayId, report_id
from edge.deliver.evidence import ReportBundle
from edge.deliver.outbox import REPAIR_S
from edge.deliver.store_probe import StoreProbe
from objectstore.store import StoreError, TransientStoreError
from objectstore.store_dir import DirectoryStore
from service.events import Event
from tests.disks import disk, failing
from tests.fakes import ManualClock, recorded_events
from tests.unit.edge.deliver.bundles import CAMERA, GATEWAY, bundle, name, verdict
from tests.unit.edge.deliver.carriers import BalkyStore, Longest
from tests.unit.edge.deliver.route import AWAY, SUSPECT, Route


class Shortest(random.Random):
    """Chance at its other end."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


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
