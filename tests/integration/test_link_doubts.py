"""A broker that ends a connection without a word: the link says what its port looks like."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from service.link import LinkSettings, TlsFiles
from service.outcomes import Delivered
from tests import servers
from tests.authorities import authority, issue
from tests.fakes import recorded_events
from tests.links import PATIENCE_S, Inbox, running, settings, wait_for_event, wait_until
from tests.processes import HOST


@dataclasses.dataclass(frozen=True)
class Guarded:
    """A broker over TLS that wants a certificate, and the files of somebody who has one."""

    broker: servers.Broker
    client: TlsFiles


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    site = authority(folder, "site")
    server, client = issue(folder, site, "broker"), issue(folder, site, "gateway")
    lines = [
        f"cafile {server.ca_file}",
        f"certfile {server.cert_file}",
        f"keyfile {server.key_file}",
        "require_certificate true",
    ]
    with servers.mosquitto(folder, config="\n".join(lines)) as broker:
        yield Guarded(broker, client)


def said(chosen: LinkSettings, event: str) -> str:
    """The reason that the first `event` gives, which is the link's reason as well."""
    with recorded_events() as lines, running(chosen) as link:
        reason = str(wait_for_event(lines, event)["reason"])
        wait_until(lambda: reason in link.state().reason, "the link's reason")
        return reason


def test_a_port_for_tls_is_named_to_a_client_without(guarded: Guarded) -> None:
    reason = said(settings(guarded.broker, "open"), "link_refused")
    assert "ended the connection before it answered; it speaks TLS: set `tls: {}`" in reason


def test_a_client_certificate_that_is_missing_is_asked_for(guarded: Guarded) -> None:
    nobody = dataclasses.replace(guarded.client, cert_file=None, key_file=None)
    chosen = dataclasses.replace(settings(guarded.broker, "nobody"), tls=nobody)
    assert "set `tls.cert_file` and `tls.key_file`" in said(chosen, "link_refused")


def test_a_port_without_tls_is_named_to_a_client_with(
    mosquitto: servers.Broker, guarded: Guarded
) -> None:
    chosen = dataclasses.replace(settings(mosquitto, "veiled"), tls=guarded.client)
    assert "it speaks MQTT without TLS: take `tls` out" in said(chosen, "link_unreachable")


def test_a_certificate_for_another_name_is_taken_under_that_name(guarded: Guarded) -> None:
    chosen = dataclasses.replace(
        settings(guarded.broker, "named"), host="localhost", tls=guarded.client
    )
    assert "not valid for 'localhost'" in said(chosen, "link_unreachable")
    by_name = dataclasses.replace(guarded.client, server_name=HOST)
    with running(dataclasses.replace(chosen, tls=by_name)) as link:
        assert link.wait_ready(PATIENCE_S), link.state()


def test_a_certificate_that_is_refused_names_the_key_that_helps(guarded: Guarded) -> None:
    stranger = dataclasses.replace(guarded.client, ca_file=None)
    reason = said(
        dataclasses.replace(settings(guarded.broker, "stranger"), tls=stranger), "link_unreachable"
    )
    assert "set `tls.ca_file`" in reason
    other = dataclasses.replace(guarded.client, server_name="another.lan")
    reason = said(
        dataclasses.replace(settings(guarded.broker, "other"), tls=other), "link_unreachable"
    )
    assert "set `tls.server_name`" in reason


def test_a_broker_of_mqtt_3_names_the_key_protocol(iotcore_broker: servers.Broker) -> None:
    older = dataclasses.replace(settings(iotcore_broker, "five"), port=iotcore_broker.port_311)
    assert "set `protocol: '3.1.1'`" in said(older, "link_refused")


def test_an_old_brokers_refusal_of_the_version_names_the_key_too() -> None:
    with answering(b"\x20\x02\x00\x01") as port:
        reason = said(_at(port), "link_refused")
    assert reason.startswith("Unsupported protocol version")
    assert "set `protocol: '3.1.1'`" in reason


def test_a_web_server_is_told_from_a_broker() -> None:
    server = ThreadingHTTPServer((HOST, 0), SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        chosen = dataclasses.replace(_at(server.server_port), keepalive_s=1)
        reason = said(chosen, "link_refused")
    finally:
        server.shutdown()
        server.server_close()
    assert "did not answer within 1 s; it speaks HTTP: set `transport: websockets`" in reason


def test_a_silent_broker_is_said_at_once_in_health_and_later_in_the_log() -> None:
    with answering(b"") as port:
        chosen = dataclasses.replace(_at(port), keepalive_s=1)
        with recorded_events() as lines, running(chosen) as link:
            wait_until(lambda: "has not answered yet" in link.state().reason, "it is waited for")
            assert "did not answer within 1 s" in str(wait_for_event(lines, "link_refused"))


def test_websockets_carry_messages_both_ways_and_their_port_is_named(tmp_path: Path) -> None:
    with servers.websockets_broker(tmp_path) as broker:
        port = broker.port_311
        inbox, plain = Inbox(), dataclasses.replace(_at(port), protocol="3.1.1")
        by_http = dataclasses.replace(plain, transport="websockets")
        with running(by_http, inbox, ["there"]) as link:
            assert link.wait_ready(PATIENCE_S)
            assert isinstance(link.publish("there", b"and back").wait(PATIENCE_S), Delivered)
            assert inbox.next().payload == b"and back"
        assert "set `transport: websockets`" in said(plain, "link_refused")


def _at(port: int) -> LinkSettings:
    return LinkSettings(name="doubt", host=HOST, port=port, client_id="doubt", reconnect_max_s=1)


@contextmanager
def answering(words: bytes) -> Iterator[int]:
    """The port of a server that says `words` to whoever says something, and no more."""
    with socket.create_server((HOST, 0)) as server:
        kept: list[socket.socket] = []
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                connection, _ = server.accept()
                kept.append(connection)
                if words and connection.recv(4096):
                    connection.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            socket.create_connection(server.getsockname()).close()
            for connection in kept:
                connection.close()
