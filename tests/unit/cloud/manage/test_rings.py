"""Rings of a roll-out: who is in one, and when it may advance or must stop."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.manage.gateways import KnownGateway, NamedOrder, Tally, take
from cloud.manage.rings import (
    Advances,
    GoesOn,
    Limits,
    RingWatch,
    Stops,
    is_ring,
    ring_members,
    unwell,
)
from contract.ids import GatewayId
from contract.shadow import ShadowOutcome, ShadowResult
from contract.update_state import OrderOutcome, UpdateState

A, B = GatewayId("a"), GatewayId("b")
ORDER = NamedOrder(7, "d" * 64)
LIMITS = Limits(watch_s=100, answer_s=50, grace_s=10, max_alarms_per_h=36, max_suspicions_per_h=72)
AT = datetime(2026, 1, 1, tzinfo=UTC)
WELL = KnownGateway(presence="online", health="ok")


HARMLESS = ShadowResult(
    outcome=ShadowOutcome.REPLAYED, frames=50, cameras=1, seconds=10, before=10, after=10
)
NOTHING = ShadowResult(outcome=ShadowOutcome.NOTHING_TO_REPLAY, detail="no frames")


def state(
    outcome: str, reasons: tuple[str, ...] = (), shadow: ShadowResult | None = HARMLESS
) -> UpdateState:
    return UpdateState(
        kind="config",
        version=7,
        digest=ORDER.digest,
        state=outcome,
        reasons=reasons,
        shadow=shadow,
        at=AT,
    )


def done(known: KnownGateway = WELL, shadow: ShadowResult | None = HARMLESS) -> KnownGateway:
    return replace(known, reported={"config": state(OrderOutcome.APPLIED, shadow=shadow)})


def watch(*names: GatewayId, before: Mapping[GatewayId, KnownGateway] | None = None) -> RingWatch:
    known = before or dict.fromkeys(names, WELL)
    return RingWatch(
        kind="config",
        order=ORDER,
        limits=LIMITS,
        judged=frozenset(names),
        ring=frozenset(names),
        all_members=frozenset(names),
        unwell=frozenset(unwell(names, known)),
        began_s=0.0,
        before=known,
    )


def stopped(found: object) -> str:
    assert isinstance(found, Stops), found
    return "; ".join(found.reasons)


def test_a_ring_advances_when_all_have_applied_and_were_watched() -> None:
    ring = watch(A, B)
    ring, found = ring.look({A: done(), B: WELL}, 10)
    assert isinstance(found, GoesOn)
    ring, found = ring.look({A: done(), B: done()}, 20)
    assert isinstance(found, GoesOn)
    ring, found = ring.look({A: done(), B: done()}, 119)
    assert isinstance(found, GoesOn)
    _, found = ring.look({A: done(), B: done()}, 120)
    assert isinstance(found, Advances)
    assert (found.facts.applied, found.facts.judged) == (2, 2)


def test_the_watch_begins_anew_after_the_broker_was_out_of_reach() -> None:
    ring, _ = watch(A).look({A: done()}, 0)
    ring, found = ring.interrupted().look({A: done()}, 100)
    assert isinstance(found, GoesOn)
    assert isinstance(ring.look({A: done()}, 200)[1], Advances)


@pytest.mark.parametrize("outcome", [OrderOutcome.REJECTED, OrderOutcome.ROLLED_BACK])
def test_one_that_refuses_or_goes_back_stops_it_with_its_reason(outcome: OrderOutcome) -> None:
    refused = replace(WELL, rejected={"config": state(outcome, ("lost health",))})
    said = stopped(watch(A, B).look({A: done(), B: refused}, 5)[1])
    assert said == f"{outcome}: b (lost health)"


def test_a_refusal_of_another_order_is_no_matter() -> None:
    old = state(OrderOutcome.REJECTED).model_copy(update={"digest": "e" * 64, "version": 6})
    found = watch(A).look({A: replace(done(), rejected={"config": old})}, 5)[1]
    assert isinstance(found, GoesOn)


def test_one_that_does_not_answer_stops_it() -> None:
    ring, found = watch(A).look({A: WELL}, 50)
    assert isinstance(found, GoesOn)
    assert stopped(ring.look({A: WELL}, 51)[1]) == "without an answer in time: a (waiting)"


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (replace(done(), presence="offline"), "it is offline"),
        (replace(done(), health="degraded", problems=("camera_offline",)), "degraded: camera_off"),
        (replace(done(), health="unhealthy"), "unhealthy: "),
    ],
)
def test_silence_and_lost_health_stop_it_after_their_grace_and_hold_it_until_then(
    known: KnownGateway, why: str
) -> None:
    ring, _ = watch(A).look({A: done()}, 0)
    ring, found = ring.look({A: known}, 95)
    assert isinstance(found, GoesOn)
    ring, found = ring.look({A: known}, 101)
    assert isinstance(found, GoesOn)
    assert f"silent or worse: a ({why}" in stopped(ring.look({A: known}, 106)[1])
    assert isinstance(ring.look({A: done()}, 106)[1], Advances)


def test_who_was_unwell_before_is_not_held_to_it() -> None:
    ill = replace(WELL, health="degraded")
    ring, _ = watch(A, before={A: ill}).look({A: done(ill)}, 0)
    assert isinstance(ring.look({A: done(ill)}, 100)[1], Advances)
    ring, _ = ring.look({A: done()}, 101)
    ring, _ = ring.look({A: done(ill)}, 102)
    assert "silent or worse" in stopped(ring.look({A: done(ill)}, 113)[1])


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (replace(done(), missed=Tally(1, 1)), "1 audited misses, over 0"),
        (replace(done(), alarms=Tally(2, 2)), "2 alarms in 0.03 gateway hours, over 36 an hour"),
        (replace(done(), suspicions=Tally(3, 3)), "3 suspicions in 0.03 gateway hours"),
    ],
)
def test_misses_and_alarms_over_their_limits_stop_it(known: KnownGateway, words: str) -> None:
    assert words in stopped(watch(A).look({A: known}, 1)[1])


def test_as_many_alarms_as_allowed_are_no_matter() -> None:
    found = watch(A).look({A: replace(done(), alarms=Tally(1, 1), suspicions=Tally(2, 2))}, 1)[1]
    assert isinstance(found, GoesOn)


def lossy(before: int, lost: int, new: int = 0) -> KnownGateway:
    change = {"before": before, "after": before - lost + new, "lost": lost, "new": new}
    return done(shadow=HARMLESS.model_copy(update=change))


def test_lost_decisions_are_added_up_over_the_ring_once_all_have_answered() -> None:
    ring, found = watch(A, B).look({A: lossy(2, 1), B: WELL}, 1)
    assert isinstance(found, GoesOn)
    ring, found = ring.look({A: lossy(2, 1), B: lossy(8, 0)}, 2)
    assert isinstance(found, GoesOn)
    _, found = ring.look({A: lossy(2, 1), B: lossy(8, 0)}, 102)
    assert isinstance(found, Advances)
    words = "2 of 2 gateways replayed 100 frames (20 s): 1 of 10 decisions lost, 0 new"
    assert words in found.facts.words()
    said = stopped(watch(A, B).look({A: lossy(2, 1), B: lossy(7, 0)}, 1)[1])
    assert said == "1 of 9 replayed decisions would be lost (11 %), over 10 %"


def test_new_decisions_have_a_limit_of_their_own_if_one_was_named() -> None:
    noisy = lossy(10, 0, new=2)
    assert isinstance(watch(A).look({A: noisy}, 1)[1], GoesOn)
    limits = LIMITS.model_copy(update={"max_new_decisions_per_h": 700})
    said = stopped(replace(watch(A), limits=limits).look({A: noisy}, 1)[1])
    assert said == "2 new decisions in 10 s of footage (720.0 an hour), over 700 an hour"


@pytest.mark.parametrize(
    ("shadow", "why"),
    [
        (None, "nothing was replayed"),
        (NOTHING, "nothing was replayed"),
        (HARMLESS.model_copy(update={"before": 0, "after": 0}), "nothing had been reported"),
    ],
)
def test_a_ring_without_evidence_stops_unless_the_operator_said_otherwise(
    shadow: ShadowResult | None, why: str
) -> None:
    known = {A: done(shadow=shadow)}
    assert why in stopped(watch(A).look(known, 1)[1])
    accepting = LIMITS.model_copy(update={"accept_unreplayed": True})
    ring, _ = replace(watch(A), limits=accepting).look(known, 1)
    assert isinstance(ring.look(known, 101)[1], Advances)


def test_the_evidence_of_the_ring_before_is_none_for_the_next() -> None:
    second = replace(watch(A, B), ring=frozenset({B}))
    known = {A: done(), B: done(shadow=NOTHING)}
    assert "nothing was replayed" in stopped(second.look(known, 1)[1])


def test_a_newer_order_stops_it() -> None:
    newer = replace(WELL, desired={"config": NamedOrder(8, "f" * 64)})
    assert "newer order was given to: a (version 8)" in stopped(watch(A).look({A: newer}, 1)[1])


def test_counters_that_begin_anew_with_their_gateway_still_grow() -> None:
    tally = Tally()
    for value in (100, 103, 2, 5):
        tally = tally.at(value)
    assert tally.grown == 3 + 2 + 3


@given(st.sets(st.text(st.sampled_from("abcdef0123"), min_size=1, max_size=6), max_size=50))
def test_rings_by_percentage_contain_each_other_and_the_last_is_everybody(names: set[str]) -> None:
    everybody = {GatewayId(one) for one in names}
    rings = [ring_members(f"{n}%", everybody, {}, "salt") for n in (1, 10, 50, 100)]
    assert all(inner <= outer for inner, outer in itertools.pairwise(rings))
    assert rings[-1] == everybody


def test_a_ring_by_group_has_its_members_alone() -> None:
    groups = {A: ("canary",), B: ("shops",)}
    assert ring_members("canary", [A, B], groups, "") == {A}
    assert [is_ring(one) for one in ("canary", "1%", "100%", "0%", "101%", "1.5%", "%", "A b")] == [
        *(True, True, True, False, False, False, False, False)
    ]


@given(
    st.sampled_from(["status", "info", "health", "stats", "config/desired", "config/reported"])
    | st.text(max_size=12),
    st.binary(max_size=80) | st.text(max_size=40).map(str.encode),
)
def test_no_message_of_a_gateway_makes_the_view_fail(leaf: str, payload: bytes) -> None:
    take(KnownGateway(), leaf, payload)


def test_what_cannot_be_read_is_counted_and_changes_nothing() -> None:
    known = take(WELL, "config/reported", b"{}")
    assert known == replace(WELL, unreadable=1)
    strange = b'{"cameras": {"a": {"suspicions": "1e9"}, "b": 3}, "audit": {"missed": -5, "x": []}}'
    assert take(WELL, "stats", strange).suspicions == Tally(0, 0)
