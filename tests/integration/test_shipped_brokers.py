"""Gateways and workers with certificates at the shipped cloud broker: every crossing fails.

Mosquitto says yes to any subscription and holds the rules against each delivery, so "hears nothing"
is tested with a witness who does hear the same message.
"""

from __future__ import annotations

from typing import get_args

import pytest

from contract.ids import GatewayId
from contract.topics import Topics, UpdateKind, shared_suspects, shared_watches
from tests.links import Inbox
from tests.shipped_brokers import (
    GATEWAYS,
    ROOT,
    SUSPECTS,
    WORKERS,
    Secured,
    joined,
    sent,
)

A, B = Topics(gateway=GatewayId("gw-a")), Topics(gateway=GatewayId("gw-b"))
KINDS = get_args(UpdateKind)
EVERYTHING = (
    *("#", "+/+/+/+", "stillwatch/#", "$SYS/#", "$share/confirm/stillwatch/+/+/suspect"),
    *("$share/x/#", "stillwatch/+/yard/verdict", "cameras/#"),
)


def test_reports_go_up_and_verdicts_come_down(cloud: Secured) -> None:
    reports, verdicts = Inbox(), Inbox()
    with (
        joined(cloud.settings("confirm", WORKERS, "w1"), reports, SUSPECTS) as worker,
        joined(cloud.settings("confirm", WORKERS, "w2")) as second,
        joined(cloud.settings("gw-a"), verdicts, A.all_cameras("verdict")) as gateway,
    ):
        assert sent(gateway, "stillwatch/gw-a/yard/suspect")
        assert reports.next().topic == f"{ROOT}/gw-a/yard/suspect"
        assert sent(worker, f"{ROOT}/gw-a/yard/verdict")
        assert verdicts.next().topic == "stillwatch/gw-a/yard/verdict"
        assert sent(second, f"{ROOT}/gw-a/yard/verdict")
        for leaf in ("status", "info", "stats", "yard/status", "yard/health", "yard/verdict"):
            assert sent(gateway, f"stillwatch/gw-a/{leaf}")


@pytest.mark.parametrize(
    "topic",
    [
        *("stillwatch/gw-b/yard/suspect", "stillwatch/gw-b/yard/verdict", "stillwatch/gw-b/status"),
        *("stillwatch/gw-b/info", "stillwatch/gw-b/yard/threat", "stillwatch/gw-b/response/x"),
        *("stillwatch/gw-b/yard/armed/set", "stillwatch/gw-b/request/x", "stillwatch"),
        *("stillwatch/gw-b/config/desired", "stillwatch/gw-a-2/status", "stillwatch/gw-/status"),
        *("cameras/yard/image", "$SYS/broker/version", "other", "homeassistant/device/gw-b/config"),
        *("stillwatch-fleet/gap/gw-a", "stillwatch-fleet/gap"),
        *("/stillwatch/gw-a/status", "stillwatch//status", "STILLWATCH/gw-a/status"),
    ],
)
def test_a_gateway_writes_nothing_but_its_own(topic: str, cloud: Secured) -> None:
    with joined(cloud.settings("gw-a")) as gateway:
        assert not sent(gateway, topic)
        assert not sent(gateway, topic, retain=True)


def test_a_gateway_hears_nothing_of_another_by_any_filter(cloud: Secured) -> None:
    heard, witness, reports = Inbox(), Inbox(), Inbox()
    with (
        joined(cloud.settings("gw-b")) as other,
        joined(cloud.settings("confirm", WORKERS, "w"), reports, SUSPECTS) as worker,
    ):
        assert sent(other, "stillwatch/gw-b/status", retain=True)
        assert sent(worker, f"{ROOT}/gw-b/door/verdict", retain=True)
        with (
            joined(cloud.settings("gw-a"), heard, *EVERYTHING) as gateway,
            joined(cloud.settings("fleet", WORKERS), witness, f"{ROOT}/#"),
        ):
            assert {witness.next().retained, witness.next().retained} == {True}
            for n in range(3):
                assert sent(other, "stillwatch/gw-b/yard/suspect")
                assert sent(worker, f"{ROOT}/gw-b/yard/verdict")
                assert reports.next().topic == f"{ROOT}/gw-b/yard/suspect", n
            assert sent(worker, f"{ROOT}/gw-a/yard/verdict")
            assert heard.next().topic == "stillwatch/gw-a/yard/verdict"
            assert gateway.connected
            while not heard.is_empty():  # the same once more, by its own shared subscription
                assert heard.next().topic == "stillwatch/gw-a/yard/verdict"
        assert sent(worker, f"{ROOT}/gw-b/door/verdict", b"", retain=True)


def test_the_console_hears_all_and_tells_gateways_what_people_said_and_nothing_else(
    cloud: Secured,
) -> None:
    heard, told = Inbox(), Inbox()
    with (
        joined(cloud.settings("console", WORKERS), heard, f"{ROOT}/+/+/suspect") as console,
        joined(cloud.settings("gw-a"), told, f"{ROOT}/gw-a/+/verdict") as gateway,
    ):
        assert sent(gateway, f"{ROOT}/gw-a/yard/suspect")
        assert heard.next().topic == f"{ROOT}/gw-a/yard/suspect"
        assert sent(console, f"{ROOT}/gw-a/yard/verdict")
        assert told.next().topic == f"{ROOT}/gw-a/yard/verdict"
        for leaf in ("config/desired", "model/desired", "trust/desired", "request/restart"):
            assert not sent(console, f"{ROOT}/gw-a/{leaf}")
        assert not sent(console, "stillwatch-fleet/gap/gw-a")


def test_who_looks_after_the_fleet_says_who_is_silent_and_nobody_else_does(cloud: Secured) -> None:
    heard = Inbox()
    gap = "stillwatch-fleet/gap/gw-a"
    with (
        joined(cloud.settings("fleet", WORKERS, "f1")) as fleet,
        joined(cloud.settings("fleet", WORKERS, "f2"), heard, "stillwatch-fleet/#"),
        joined(cloud.settings("confirm", WORKERS, "w")) as worker,
    ):
        assert sent(fleet, gap, retain=True)
        assert heard.next().topic == gap
        assert not sent(worker, gap)
        for leaf in ("status", "info", "health", "yard/status", "yard/verdict"):
            assert not sent(fleet, f"stillwatch/gw-a/{leaf}")
        assert sent(fleet, gap, b"", retain=True)


def test_orders_reach_the_gateway_that_is_meant_from_whoever_looks_after_it(
    cloud: Secured,
) -> None:
    heard, others = Inbox(), Inbox()
    topics = Topics(gateway=GatewayId("gw-a"))
    orders = topics.of_trust(), *(topics.of_update(one, "desired") for one in KINDS)
    answers = [topics.of_update(one, leaf) for one in KINDS for leaf in ("reported", "rejected")]
    with (
        joined(cloud.settings("gw-a"), heard, *orders) as gateway,
        joined(cloud.settings("gw-b"), others, *EVERYTHING, *orders) as other,
        joined(cloud.settings("fleet", WORKERS)) as fleet,
        joined(cloud.settings("confirm", WORKERS, "w")) as worker,
    ):
        for order in orders:
            assert not sent(other, order)
            assert not sent(worker, order)
            assert sent(fleet, order, retain=True)
            assert heard.next().topic == order
            assert sent(fleet, order, b"", retain=True)
            assert heard.next().payload == b""
        for answer in answers:
            assert sent(gateway, answer)
            assert not sent(fleet, answer)
        assert others.is_empty()


def test_an_entry_of_the_proof_of_watch_reaches_workers_and_their_word_the_gateway_alone(
    cloud: Secured,
) -> None:
    entries, kept, others = Inbox(), Inbox(), Inbox()
    entry, word = A.of_gateway("watch"), A.of_watch_kept()
    with (
        joined(cloud.settings("confirm", WORKERS, "w"), entries, shared_watches()) as worker,
        joined(cloud.settings("gw-a"), kept, word) as gateway,
        joined(cloud.settings("gw-b"), others, *EVERYTHING, entry, word, "+/+/watch") as other,
        joined(cloud.settings("fleet", WORKERS)) as fleet,
    ):
        assert sent(gateway, entry, retain=True)
        assert entries.next().topic == entry
        assert sent(worker, word)
        assert kept.next().topic == word
        for link in (other, fleet):
            assert not sent(link, word)
            assert not sent(link, entry)
        assert not sent(worker, entry)
        assert sent(gateway, entry, b"", retain=True)  # for those who listen later
        assert others.is_empty()


def test_requests_reach_the_gateway_that_is_meant_and_answers_whoever_looks_after_it(
    cloud: Secured,
) -> None:
    asked, others, answered = Inbox(), Inbox(), Inbox()
    request, response = (f"{ROOT}/gw-a/{leaf}/snapshot" for leaf in ("request", "response"))
    with (
        joined(cloud.settings("gw-a"), asked, f"{ROOT}/gw-a/request/+") as gateway,
        joined(cloud.settings("gw-b"), others, *EVERYTHING, f"{ROOT}/+/request/+") as other,
        joined(cloud.settings("fleet", WORKERS), answered, response) as fleet,
        joined(cloud.settings("confirm", WORKERS, "w")) as worker,
    ):
        for link in (other, worker, gateway):
            assert sent(link, request) is (link is gateway)
        assert asked.next().topic == request
        assert sent(fleet, request)
        assert asked.next().topic == request
        for link in (other, worker, fleet):
            assert not sent(link, response)
        assert sent(gateway, response)
        assert answered.next().topic == response
        assert others.is_empty()


def test_who_guesses_the_workers_group_withholds_reports_until_repeated_but_reads_none(
    cloud: Secured,
) -> None:
    """Why the group is to be a secret; with one, `EVERYTHING` above holds back nothing."""
    heard, reports = Inbox(), Inbox()
    known = shared_suspects(group="known")
    with (
        joined(cloud.settings("gw-a"), heard, known),
        joined(cloud.settings("confirm", WORKERS, "w"), reports, known),
        joined(cloud.settings("gw-b")) as other,
    ):
        for _ in range(4):
            assert sent(other, "stillwatch/gw-b/yard/suspect")
        assert reports.next().topic == "stillwatch/gw-b/yard/suspect"
        assert heard.is_empty()


def test_workers_write_verdicts_and_nothing_else(cloud: Secured) -> None:
    heard, witness = Inbox(), Inbox()
    with (
        joined(cloud.settings("confirm", WORKERS, "w"), heard, "#") as worker,
        joined(cloud.settings("gw-a")) as gateway,
        joined(cloud.settings("fleet", WORKERS), witness, f"{ROOT}/gw-a/info"),
    ):
        for topic in (
            *("gw-a/yard/suspect", "gw-a/status", "gw-a/yard/threat", "gw-a/config/desired"),
            *("gw-a/request/x", "gw-a/yard/armed/set", "gw-a/verdict"),
        ):
            assert not sent(worker, f"{ROOT}/{topic}")
        for topic in ("cameras/a/image", "$SYS/x", "other"):
            assert not sent(worker, topic)
        assert sent(gateway, "stillwatch/gw-a/info")
        assert witness.next().topic == f"{ROOT}/gw-a/info"
        assert heard.is_empty()


def test_a_stranger_under_a_known_authority_has_no_rights_of_others(cloud: Secured) -> None:
    """A gateway that is named as a worker's user is still only a gateway, at its own door."""
    heard = Inbox()
    with (
        joined(cloud.settings("confirm", GATEWAYS, "c"), heard, "#") as named_so,
        joined(cloud.settings("gw-a")) as gateway,
    ):
        assert sent(gateway, "stillwatch/gw-a/yard/suspect")
        assert not sent(named_so, "stillwatch/gw-a/yard/verdict")
        assert sent(named_so, "stillwatch/confirm/status")
        assert heard.is_empty()
