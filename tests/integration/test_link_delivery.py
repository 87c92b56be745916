"""The link against a real Mosquitto: what is said about publications and messages."""

import dataclasses
import queue
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from service.link import Link, LinkError, LinkSettings, Publication, Subscription
from service.outcomes import Delivered, NotConnected, Refused
from tests import servers
from tests.fakes import recorded_events
from tests.links import PATIENCE_S, Inbox, Protocol, fail, running, settings, wait_for_event
from tests.processes import binary, free_port

BOTH: list[Protocol] = ["5", "3.1.1"]


@pytest.mark.parametrize("protocol", BOTH)
@pytest.mark.parametrize("qos", [0, 1])
def test_what_one_link_publishes_another_receives(
    mosquitto: servers.Broker, protocol: Protocol, qos: int
) -> None:
    inbox = Inbox()
    topic = f"delivery/{protocol}/{qos}"
    with running(settings(mosquitto, "reader", protocol), inbox, [topic]) as reader:
        assert reader.wait_ready(PATIENCE_S)
        with running(settings(mosquitto, "writer", protocol)) as writer:
            assert writer.wait_ready(PATIENCE_S)
            sent = writer.publish(topic, b"hello", qos, content_type="text/plain")
            assert isinstance(sent.wait(PATIENCE_S), Delivered)
        arrival = inbox.next()
        assert (arrival.topic, arrival.payload, arrival.retained) == (topic, b"hello", False)


@pytest.mark.parametrize("protocol", BOTH)
def test_the_embedded_broker_carries_state_and_messages_too(
    iotcore_broker: servers.Broker, protocol: Protocol
) -> None:
    root, inbox = f"embedded/{protocol}", Inbox()
    link = Link(
        dataclasses.replace(
            settings(iotcore_broker, f"gateway{protocol}", protocol),
            will=Publication(topic=f"{root}/status", payload=b"offline"),
            manual_ack=True,
        ),
        on_fatal=fail,
        on_message=inbox,
        subscriptions=[
            Subscription(filter=f"{root}/+/verdict"),
            Subscription(filter=f"{root}/status"),
        ],
        on_connect=lambda: (Publication(topic=f"{root}/status", payload=b"online"),),
    )
    link.start()
    assert link.wait_ready(PATIENCE_S)
    sent = link.publish(f"{root}/gate/verdict", b"{}", content_type="application/cloudevents+json")
    assert isinstance(sent.wait(PATIENCE_S), Delivered)
    arrived = {(arrival.topic, arrival.payload) for arrival in (inbox.next(), inbox.next())}
    assert arrived == {(f"{root}/status", b"online"), (f"{root}/gate/verdict", b"{}")}
    assert link.stop(PATIENCE_S)


def test_old_news_is_marked_as_retained(mosquitto: servers.Broker) -> None:
    inbox = Inbox()
    with running(settings(mosquitto, "writer")) as writer:
        assert writer.wait_ready(PATIENCE_S)
        writer.publish("delivery/old", b"news", retain=True).wait(PATIENCE_S)
    with running(settings(mosquitto, "reader"), inbox, ["delivery/old"]):
        assert inbox.next().retained


def test_no_local_leaves_out_what_the_link_itself_publishes(mosquitto: servers.Broker) -> None:
    inbox = Inbox()
    link = Link(
        settings(mosquitto, "echo"),
        on_fatal=fail,
        on_message=inbox,
        subscriptions=[Subscription(filter="delivery/own", no_local=True)],
    )
    link.start()
    assert link.wait_ready(PATIENCE_S)
    assert isinstance(link.publish("delivery/own", b"mine").wait(PATIENCE_S), Delivered)
    with running(settings(mosquitto, "other")) as other:
        assert other.wait_ready(PATIENCE_S)
        other.publish("delivery/own", b"theirs").wait(PATIENCE_S)
    assert inbox.next().payload == b"theirs"
    link.stop(PATIENCE_S)


def test_a_publication_without_a_connection_is_given_up_at_once_and_never_sent(
    tmp_path: Path,
) -> None:
    port, inbox = free_port(), Inbox()
    chosen = LinkSettings(
        name="alone", host="127.0.0.1", port=port, client_id="alone", reconnect_max_s=1
    )
    with running(chosen, inbox, ["state"]) as link:
        for qos in (0, 1):
            given_up = link.publish("state", b"old", qos, retain=True)
            assert isinstance(given_up.wait(0), NotConnected)
        assert link.state().counters == {"dropped": 2}
        with servers.mosquitto(tmp_path, port=port):
            assert link.wait_ready(PATIENCE_S)
            assert isinstance(link.publish("state", b"new").wait(PATIENCE_S), Delivered)
            assert inbox.next().payload == b"new"


def test_a_forbidden_publication_is_refused_in_words_with_mqtt_5(tmp_path: Path) -> None:
    with servers.mosquitto(tmp_path, config=_guarded(tmp_path)) as broker:
        chosen = _insider(broker, tmp_path, "5")
        with running(chosen) as link, recorded_events() as lines:
            assert link.wait_ready(PATIENCE_S)
            assert isinstance(link.publish("open/x", b"1").wait(PATIENCE_S), Delivered)
            forbidden = link.publish("closed/x", b"1").wait(PATIENCE_S)
            assert forbidden == Refused("Not authorized")
            assert link.state().counters["refused"] == 1
        said = [line.fields for line in lines if line.event == "publication_refused"]
        assert said == [{"link": "insider", "topic": "closed/x", "reason": "Not authorized"}]


def test_mqtt_3_hides_that_a_publication_was_forbidden(tmp_path: Path) -> None:
    with (
        servers.mosquitto(tmp_path, config=_guarded(tmp_path)) as broker,
        running(_insider(broker, tmp_path, "3.1.1")) as link,
    ):
        assert link.wait_ready(PATIENCE_S)
        assert isinstance(link.publish("closed/x", b"1").wait(PATIENCE_S), Delivered)


def test_a_wrong_password_is_no_connection(tmp_path: Path) -> None:
    with servers.mosquitto(tmp_path, config=_guarded(tmp_path)) as broker:
        chosen = _insider(broker, tmp_path, "5")
        (tmp_path / "password").write_text("gehein\n")
        with recorded_events() as lines, running(chosen) as link:
            assert wait_for_event(lines, "link_refused")["reason"] == "Not authorized"
            assert not link.connected
            assert link.state().reason == "Not authorized"
            assert isinstance(link.publish("open/x", b"").wait(0), NotConnected)
        assert "gehein" not in str(lines)


def test_a_missing_password_file_is_said_before_connecting(tmp_path: Path) -> None:
    chosen = LinkSettings(
        name="x",
        host="127.0.0.1",
        port=1,
        client_id="x",
        username="x",
        password_file=tmp_path / "none",
    )
    with pytest.raises(LinkError, match="password file"):
        Link(chosen, on_fatal=fail)


@pytest.mark.parametrize("protocol", BOTH)
def test_a_message_over_the_limit_never_reaches_the_reader(
    mosquitto: servers.Broker, protocol: Protocol
) -> None:
    inbox = Inbox()
    small = dataclasses.replace(settings(mosquitto, "small", protocol), max_packet_bytes=1000)
    topic = f"delivery/big/{protocol}"
    with running(small, inbox, [topic]) as reader, running(settings(mosquitto, "big")) as writer:
        assert reader.wait_ready(PATIENCE_S)
        assert writer.wait_ready(PATIENCE_S)
        for size in (2000, 10):
            writer.publish(topic, bytes(size)).wait(PATIENCE_S)
        assert len(inbox.next().payload) == 10
        assert inbox.is_empty()
        assert reader.connected


def test_a_publication_over_the_brokers_limit_is_refused_and_the_link_stays(
    tmp_path: Path,
) -> None:
    with (
        servers.mosquitto(tmp_path, config="max_packet_size 2000") as broker,
        running(settings(broker, "talker")) as link,
    ):
        assert link.wait_ready(PATIENCE_S)
        outcome = link.publish("big", bytes(3000)).wait(PATIENCE_S)
        assert isinstance(outcome, Refused)
        assert "Packet too large" in outcome.reason
        assert isinstance(link.publish("fine", bytes(1000)).wait(PATIENCE_S), Delivered)


@pytest.mark.parametrize("after_ack", [False, True])
def test_a_message_that_makes_its_reader_fail_is_given_up_and_the_next_one_is_read(
    mosquitto: servers.Broker, after_ack: bool
) -> None:
    """And it is acknowledged: a session that the broker keeps does not deliver it again."""
    read: queue.Queue[bytes] = queue.Queue()

    def stumble(_topic: str, payload: bytes, _retained: bool, ack: Callable[[], None]) -> None:
        if after_ack:
            ack()
        if payload == b"stone":
            raise KeyError("stumbled")
        ack()
        read.put(payload)

    name = f"stumbler-{after_ack}"
    kept = dataclasses.replace(
        settings(mosquitto, name), clean=False, session_expiry_s=60, manual_ack=True
    )
    for payloads in ((b"stone", b"first"), (b"second",)):
        link = Link(
            kept,
            on_fatal=fail,
            on_message=stumble,
            subscriptions=[Subscription(filter=f"delivery/{name}")],
        )
        link.start()
        assert link.wait_ready(PATIENCE_S)
        for payload in payloads:
            link.publish(f"delivery/{name}", payload)
            if payload != b"stone":
                assert read.get(timeout=PATIENCE_S) == payload
        failed = link.state().counters.get("failed", 0)
        assert link.stop(PATIENCE_S)
        assert failed == payloads.count(b"stone")


def test_an_error_of_our_own_on_the_networks_thread_is_handed_on(
    mosquitto: servers.Broker,
) -> None:
    met: queue.Queue[Exception] = queue.Queue()

    def on_connect() -> tuple[Publication, ...]:
        raise KeyError("stumbled")

    link = Link(settings(mosquitto, "unborn"), on_fatal=met.put, on_connect=on_connect)
    link.start()
    assert isinstance(met.get(timeout=PATIENCE_S), KeyError)
    assert isinstance(link.publish("delivery/stone", b"x").wait(0), NotConnected)
    assert link.stop(PATIENCE_S)


@pytest.mark.parametrize("protocol", BOTH)
def test_a_refused_subscription_is_said_and_the_link_is_not_ready(
    tmp_path: Path, protocol: Protocol
) -> None:
    filters = ["open/#", "closed/#"]
    with (
        servers.mosquitto(tmp_path, config=servers.granting(tmp_path, "open/#")) as broker,
        recorded_events() as lines,
        running(settings(broker, "asker", protocol), None, filters) as link,
    ):
        refused = wait_for_event(lines, "link_refused")
        assert refused["filter"] == "closed/#"
        assert link.connected
        assert not link.wait_ready(0)
        assert link.state().refused_filters == ("closed/#",)


def _guarded(tmp_path: Path) -> str:
    """Mosquitto's lines for a broker that knows one user, who may use `open/#` only."""
    acl, passwords = tmp_path / "acl", tmp_path / "passwords"
    acl.write_text("user insider\ntopic readwrite open/#\n")
    tool = binary("mosquitto_passwd", "apt-get install mosquitto")
    subprocess.run([tool, "-c", "-b", str(passwords), "insider", "geheim"], check=True)
    return f"acl_file {acl}\npassword_file {passwords}"


def _insider(broker: servers.Broker, tmp_path: Path, protocol: Protocol) -> LinkSettings:
    file = tmp_path / "password"
    file.write_text("geheim\n")
    plain = settings(broker, "insider", protocol)
    return dataclasses.replace(plain, username="insider", password_file=file)
