"""One HTTP request of `notify`, against receivers that are slow, endless, hostile, or elsewhere."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from cloud.notify.http_client import MAX_ANSWER_BYTES, AddressRefused, HttpFailure, HttpReach
from tests.authorities import authority, issue
from tests.http_receivers import HttpReply, http_receiver
from tests.processes import HOST, free_port
from tests.raw_server import raw_server

HERE = HttpReach(("127.0.0.0/8", "::1/128"))


def ask(reach: HttpReach, url: str, timeout_s: float = 5.0) -> tuple[int, bytes]:
    answer = reach.request("POST", url, b"{}", {"Content-Type": "application/json"}, timeout_s)
    return answer.status, answer.body


@pytest.mark.parametrize("name", [HOST, "localhost", "0177.0.0.1", "127.1", "[::1]", "2130706433"])
def test_no_spelling_of_this_machine_is_sent_to(name: str) -> None:
    with http_receiver() as receiver:
        with pytest.raises((AddressRefused, HttpFailure)):
            ask(HttpReach(), f"http://{name}:{receiver.port}/")
        assert receiver.is_empty()


def test_a_name_of_an_allowed_network_is_sent_to() -> None:
    with http_receiver() as receiver:
        assert ask(HERE, f"http://localhost:{receiver.port}/a?b=c") == (204, b"")
        request = receiver.next()
    assert (request.path, request.body) == ("/a?b=c", b"{}")
    assert request.headers["host"] == f"localhost:{receiver.port}"


def test_a_byte_at_a_time_does_not_hold_us_beyond_the_limit() -> None:
    never = threading.Event()

    def drip(connection: socket.socket, _piece: bytes) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000:
            connection.sendall(bytes([byte]))
            never.wait(0.1)

    with raw_server(drip) as server, pytest.raises(HttpFailure):
        ask(HERE, f"http://{HOST}:{server.port}/", timeout_s=1)


def test_a_receiver_that_says_nothing_is_given_up() -> None:
    with (
        raw_server(lambda _connection, _piece: None) as server,
        pytest.raises(HttpFailure),
    ):
        ask(HERE, f"http://{HOST}:{server.port}/", timeout_s=0.5)


def test_of_an_endless_answer_little_is_read() -> None:
    with http_receiver(lambda _r, _n: HttpReply(status=200, body=bytes(10_000_000))) as receiver:
        assert ask(HERE, receiver.url()) == (200, bytes(MAX_ANSWER_BYTES))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\xff\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_answer_is_a_failure(answer: bytes) -> None:
    def talk(connection: socket.socket, _piece: bytes) -> None:
        connection.sendall(answer)
        connection.close()

    with raw_server(talk) as server, pytest.raises(HttpFailure):
        ask(HERE, f"http://{HOST}:{server.port}/")


def test_nobody_there_and_no_such_name_are_failures() -> None:
    for url in (f"http://{HOST}:{free_port()}/", "http://no-such-name.invalid/"):
        with pytest.raises(HttpFailure):
            ask(HERE, url)


def test_tls_is_for_the_name_and_of_a_known_authority(tmp_path: Path) -> None:
    trusted, other = authority(tmp_path, "trusted"), authority(tmp_path, "other")
    tls = issue(tmp_path, trusted, "hook")
    with http_receiver(tls=tls) as receiver:
        own = HttpReach(HERE.allow_networks, trusted)
        assert ask(own, receiver.url()) == (204, b"")
        with pytest.raises(HttpFailure, match="certificate verify failed"):
            ask(HttpReach(HERE.allow_networks, other), receiver.url())
        with pytest.raises(HttpFailure, match="certificate verify failed"):
            ask(own, f"https://localhost:{receiver.port}/")  # the certificate is for the address
        assert receiver.count == 1


@pytest.mark.parametrize(("after", "seconds"), [("7", 7.0), ("-1", None), ("soon", None)])
def test_a_receivers_wish_to_be_asked_later_is_read(after: str, seconds: float | None) -> None:
    reply = HttpReply(status=503, headers={"Retry-After": after})
    with http_receiver(lambda _r, _n: reply) as receiver:
        answer = HERE.request("POST", receiver.url(), b"", {}, 5)
    assert (answer.status, answer.retry_after_s) == (503, seconds)
