"""The link through broker deaths, its own death, and sessions that outlive a connection."""

import dataclasses
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from service.link import Link, LinkSettings, Publication
from service.outcomes import Delivered, NotConnected
from tests import servers
from tests.links import PATIENCE_S, Inbox, Protocol, fail, running, settings, wait_until
from tests.processes import free_port

BOTH: list[Protocol] = ["5", "3.1.1"]
ONLINE = Publication(topic="gate/status", payload=b"online")

DOOMED = """
import sys, threading
from service.link import Link, LinkSettings, Publication
will = Publication(topic="doomed/status", payload=b"offline")
settings = LinkSettings(name="doomed", host="127.0.0.1", port=int(sys.argv[1]), client_id="doomed",
                        protocol=sys.argv[2], will=will)
birth = Publication(topic="doomed/status", payload=b"online")
link = Link(settings, on_fatal=print, on_connect=lambda: (birth,))
link.start()
threading.Event().wait()
"""


@pytest.mark.parametrize("protocol", BOTH)
def test_a_killed_broker_comes_back_to_subscriptions_and_on_connect_messages(
    tmp_path: Path, protocol: Protocol
) -> None:
    inbox = Inbox()
    with servers.mosquitto(tmp_path) as first:
        chosen = settings(first, "steady", protocol)
        with running(chosen, inbox, ["cameras/+/image"], lambda: (ONLINE,)) as link:
            assert link.wait_ready(PATIENCE_S)
            first.process.kill()
            wait_until(lambda: not link.connected, "the loss is noticed")
            assert isinstance(link.publish("x", b"").wait(0), NotConnected)
            with servers.mosquitto(tmp_path, port=first.port) as second:
                assert link.wait_ready(PATIENCE_S)
                assert link.state().counters["connects"] == 2
                _assert_it_hears_and_is_heard(second, inbox)


def _assert_it_hears_and_is_heard(broker: servers.Broker, inbox: Inbox) -> None:
    seen = Inbox()
    with running(settings(broker, "watcher"), seen, ["gate/status"]) as watcher:
        assert watcher.wait_ready(PATIENCE_S)
        assert seen.next().payload == b"online"
        watcher.publish("cameras/gate/image", b"frame").wait(PATIENCE_S)
        assert inbox.next().payload == b"frame"


def test_a_broker_that_starts_late_is_found(tmp_path: Path) -> None:
    port = free_port()
    chosen = LinkSettings(
        name="early", host="127.0.0.1", port=port, client_id="early", reconnect_max_s=1
    )
    with running(chosen) as link:
        wait_until(lambda: "refused" in link.state().reason, "the first try fails")
        with servers.mosquitto(tmp_path, port=port):
            assert link.wait_ready(PATIENCE_S)


def test_what_was_under_way_when_the_broker_died_is_not_taken_for_delivered(
    tmp_path: Path,
) -> None:
    with servers.mosquitto(tmp_path) as broker, running(settings(broker, "hasty")) as link:
        assert link.wait_ready(PATIENCE_S)
        broker.process.send_signal(19)  # SIGSTOP: it takes bytes and answers nothing
        pending = link.publish("x", b"y")
        broker.process.kill()
        outcome = pending.wait(PATIENCE_S)
        assert isinstance(outcome, NotConnected)
        assert "lost" in outcome.reason


@pytest.mark.parametrize("protocol", BOTH)
def test_the_will_speaks_for_a_process_that_was_killed(
    mosquitto: servers.Broker, protocol: Protocol
) -> None:
    inbox = Inbox()
    with running(settings(mosquitto, "mourner"), inbox, ["doomed/status"]) as link:
        assert link.wait_ready(PATIENCE_S)
        process = subprocess.Popen([sys.executable, "-c", DOOMED, str(mosquitto.port), protocol])
        try:
            _skip_until(inbox, b"online")
        finally:
            process.kill()
            process.wait()
        _skip_until(inbox, b"offline")


def _skip_until(inbox: Inbox, payload: bytes) -> None:
    while inbox.next().payload != payload:
        pass


def test_stopping_in_order_says_farewell_and_leaves_no_will(mosquitto: servers.Broker) -> None:
    inbox = Inbox()
    with running(settings(mosquitto, "heir"), inbox, ["leaver/#"]) as heir:
        assert heir.wait_ready(PATIENCE_S)
        will = Publication(topic="leaver/status", payload=b"offline", retain=False)
        link = Link(replace(settings(mosquitto, "leaver"), will=will), on_fatal=fail)
        link.start()
        assert link.wait_ready(PATIENCE_S)
        on_stop = Publication(topic="leaver/status", payload=b"stopped", retain=False)
        assert link.stop(PATIENCE_S, [on_stop])
        assert inbox.next().payload == b"stopped"
        heir.publish("leaver/end", b"end").wait(PATIENCE_S)
        assert inbox.next().payload == b"end"


def test_a_link_that_never_found_its_broker_stops_in_time() -> None:
    chosen = LinkSettings(name="x", host="127.0.0.1", port=free_port(), client_id="x")
    link = Link(chosen, on_fatal=fail)
    link.start()
    assert link.stop(PATIENCE_S)


@pytest.mark.parametrize("protocol", BOTH)
def test_a_message_that_was_not_acknowledged_comes_again_on_the_next_connection(
    mosquitto: servers.Broker, protocol: Protocol
) -> None:
    topic = f"report/{protocol}"
    chosen = dataclasses.replace(settings(mosquitto, f"keeper{protocol}", protocol), clean=False)
    first, second, third = Inbox(acks=False), Inbox(acks=False), Inbox()
    with running(chosen, first, [topic]) as link, running(settings(mosquitto, "asker")) as asker:
        assert link.wait_ready(PATIENCE_S)
        assert asker.wait_ready(PATIENCE_S)
        assert isinstance(asker.publish(topic, b"report").wait(PATIENCE_S), Delivered)
        assert first.next().payload == b"report"
    with running(chosen, second, [topic]) as link:
        again = second.next()
        assert again.payload == b"report"
        again.ack()
        assert isinstance(link.publish("flush", b"").wait(PATIENCE_S), Delivered)
    with running(chosen, third, [topic]) as link:
        assert link.wait_ready(PATIENCE_S)
        assert third.is_empty()


def test_an_acknowledgement_of_a_former_connection_is_not_sent_on_the_next(
    tmp_path: Path,
) -> None:
    inbox, later = Inbox(acks=False), Inbox()
    with servers.mosquitto(tmp_path, persistence=True) as first:
        chosen = dataclasses.replace(settings(first, "keeper"), clean=False)
        with running(chosen, inbox, ["report"]) as link:
            assert link.wait_ready(PATIENCE_S)
            assert isinstance(link.publish("report", b"1").wait(PATIENCE_S), Delivered)
            stale = inbox.next()
            first.process.terminate()
            wait_until(lambda: not link.connected, "the loss is noticed")
            with servers.mosquitto(tmp_path, persistence=True, port=first.port):
                assert inbox.next().payload == b"1"
                stale.ack()
                assert isinstance(link.publish("flush", b"").wait(PATIENCE_S), Delivered)
                link.stop(PATIENCE_S)
                with running(chosen, later, ["report"]):
                    assert later.next().payload == b"1"
