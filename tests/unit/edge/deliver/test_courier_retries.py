"""The courier in trouble: how long it waits, what it sends again, and what it gives up."""

from __future__ import annotations

from pathlib import Path

import pytest

from objectstore.store import PermanentStoreError, StoreError, TransientStoreError
from service.outcomes import (
    LOST_S,
    Delivered,
    Pending,
    PublishOutcome,
    Refused,
    TimedOut,
)
from tests.fakes import recorded_events
from tests.unit.edge.deliver.bundles import bundle, name
from tests.unit.edge.deliver.route import AWAY, Route

DENIED = Refused("Not authorized")


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
