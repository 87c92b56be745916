"""A self-test's hops: the first that was not passed is named, with the latest reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contract.ids import CameraId, GatewayId, ReportId
from contract.verdict import Decision, Handling, Verdict
from edge.deliver.trace import Hop
from edge.self_test.journey import HOPS, Journey

AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
ID = ReportId("gw._self_test.7.0.0")
BEGAN_S = 100.0
HERE: tuple[Hop, ...] = ("admitted", "queued", "stored", "reported")


def journey(*reached: Hop) -> Journey:
    """Each hop a second after the other."""
    begun = Journey(ID, BEGAN_S, AT, timeout_s=30.0)
    for number, hop in enumerate(reached, 1):
        begun.reached(hop, BEGAN_S + number)
    return begun


def a_verdict(decision: Decision = "confirmed", *, handled: bool = True) -> Verdict:
    return Verdict(
        report_id=ID,
        gateway=GatewayId("gw"),
        camera=CameraId("_self_test"),
        decision=decision,
        decided_by="cloud",
        decided_at=AT,
        label="person",
        reasons=("so it looks",),
        test=True,
        handled=Handling(taken_at=AT, fetched_s=0.1, decided_s=0.9) if handled else None,
    )


def test_it_passes_when_every_destination_was_told() -> None:
    begun = journey(*HERE)
    begun.decided(a_verdict(), ("site", "mail"), BEGAN_S + 5)
    begun.reached("notified", BEGAN_S + 6, "site")
    assert not begun.over(BEGAN_S + 6)
    begun.reached("notified", BEGAN_S + 7, "mail")
    assert begun.over(BEGAN_S + 7)
    outcome = begun.outcome(BEGAN_S + 7)
    assert outcome.passed
    assert [(step.hop, step.of, step.after_s, step.worker_s) for step in outcome.steps] == [
        ("admitted", "", 1.0, None),
        ("queued", "", 2.0, None),
        ("stored", "", 3.0, None),
        ("reported", "", 4.0, None),
        ("received", "", None, None),
        ("fetched", "", None, 0.1),
        ("decided", "", None, 0.9),
        ("answered", "", 5.0, None),
        ("notified", "mail", 7.0, None),
        ("notified", "site", 6.0, None),
    ]


def test_where_the_worker_speaks_to_the_site_itself_home_is_told() -> None:
    begun = journey(*HERE)
    begun.decided(a_verdict(), (), BEGAN_S + 5)
    assert begun.over(BEGAN_S + 5)
    outcome = begun.outcome(BEGAN_S + 5)
    assert (outcome.passed, outcome.steps[-1].of) == (True, "broker")


@pytest.mark.parametrize("passed", range(len(HERE)))
def test_the_first_hop_that_was_not_passed_is_named_with_the_latest_reason(passed: int) -> None:
    begun = journey(*HERE[:passed])
    missing = HERE[passed]
    begun.held_up(missing, "an older reason")
    begun.held_up(missing, "the store answers 503")
    assert not begun.over(BEGAN_S + 29.9)
    assert begun.over(BEGAN_S + 30)
    outcome = begun.outcome(BEGAN_S + 30)
    assert (outcome.failed, outcome.why) == (missing, "the store answers 503")


def test_what_holds_up_those_before_it_is_named_where_it_was_not_tried_itself() -> None:
    begun = journey("admitted", "queued")
    begun.other_held_up("stored", "503 Slow Down")
    assert begun.outcome(BEGAN_S + 30).why == "another suspicion goes first: 503 Slow Down"


def test_without_an_answer_the_worker_is_asked_about() -> None:
    outcome = journey(*HERE).outcome(BEGAN_S + 30)
    assert outcome.failed == "received"
    assert "is a worker running" in outcome.why


@pytest.mark.parametrize(("decision", "hop"), [("refuted", "decided"), ("inconclusive", "fetched")])
def test_a_verdict_that_would_have_alarmed_nobody_fails_it(decision: Decision, hop: Hop) -> None:
    begun = journey(*HERE)
    begun.decided(a_verdict(decision), (), BEGAN_S + 5)
    outcome = begun.outcome(BEGAN_S + 5)
    assert (outcome.passed, outcome.failed) == (False, hop)
    assert "so it looks" in outcome.why


def test_a_destination_that_refuses_ends_the_wait_once_the_others_are_told() -> None:
    begun = journey(*HERE)
    begun.decided(a_verdict(), ("site", "mail"), BEGAN_S + 5)
    begun.held_up("notified", "not authorised", "mail", final=True)
    assert not begun.over(BEGAN_S + 5)
    begun.reached("notified", BEGAN_S + 6, "site")
    assert begun.over(BEGAN_S + 6)
    outcome = begun.outcome(BEGAN_S + 6)
    assert (outcome.failed, outcome.why) == ("notified mail", "not authorised")


def test_a_picture_that_is_not_admitted_ends_it_at_once() -> None:
    begun = journey()
    begun.held_up("admitted", "too_large: 90000 bytes, limit 1000", final=True)
    assert begun.over(BEGAN_S)
    assert begun.outcome(BEGAN_S).failed == "admitted"


def test_an_older_worker_does_not_say_what_it_did_and_that_fails_nothing() -> None:
    begun = journey(*HERE)
    begun.decided(a_verdict(handled=False), (), BEGAN_S + 5)
    outcome = begun.outcome(BEGAN_S + 5)
    assert outcome.passed
    (decided,) = [step for step in outcome.steps if step.hop == "decided"]
    assert "older" in decided.note


def test_what_comes_twice_changes_nothing() -> None:
    begun = journey(*HERE)
    begun.reached("stored", BEGAN_S + 20)
    begun.held_up("stored", "a repeat failed")
    begun.decided(a_verdict(), (), BEGAN_S + 5)
    begun.decided(a_verdict("refuted"), (), BEGAN_S + 6)
    outcome = begun.outcome(BEGAN_S + 21)
    assert outcome.passed
    assert {step.hop: step.after_s for step in outcome.steps}["stored"] == 3.0


def test_hops_are_told_in_their_order_whoever_was_first() -> None:
    begun = journey("reported", "stored", "queued", "admitted")
    hops = [step.hop for step in begun.outcome(BEGAN_S + 9).steps]
    assert hops == sorted(hops, key=HOPS.index)
