"""Who holds connections and says nothing keeps nobody out: a real console on real sockets."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from cloud.console.connections import MOST_OF_ADDRESS, is_among
from tests.authorities import authority, issue
from tests.consoles import console_process
from tests.processes import HOST, free_port

MANY = 1000
OTHER = "127.0.0.2"
PATIENCE_S = 60.0
BEGUN = b"GET /sign-in HTTP/1.1\r\nHost: "


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    with console_process(tmp_path, port):
        yield port


def sign_in(port: int, source: str) -> int:
    client = http.client.HTTPConnection(HOST, port, PATIENCE_S, source_address=(source, 0))
    client.request("GET", "/sign-in")
    status = client.getresponse().status
    client.close()
    return status


def holders(stack: ExitStack, port: int, begun: bytes) -> list[socket.socket]:
    """Connections of one address that begin a request, or say nothing at all."""
    found = [stack.enter_context(socket.create_connection((HOST, port))) for _ in range(MANY)]
    for one in found:
        with suppress(OSError):  # it had to give way already
            one.sendall(begun)
        one.settimeout(PATIENCE_S)
    return found


def is_over(connection: socket.socket) -> bool:
    """Once it is; waits for it."""
    try:
        return connection.recv(1000) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("begun", [b"", BEGUN], ids=["silent", "slow headers"])
def test_a_thousand_connections_of_one_address_keep_nobody_out(port: int, begun: bytes) -> None:
    with ExitStack() as stack:
        held = holders(stack, port, begun)
        assert sign_in(port, OTHER) == 200
        assert sign_in(port, HOST) == 200  # who comes now goes before those who only wait
        assert all(is_over(one) for one in held[: MANY - MOST_OF_ADDRESS])


def test_headers_that_come_too_slowly_end_the_connection(port: int) -> None:
    with socket.create_connection((HOST, port)) as slow:
        slow.sendall(BEGUN)
        slow.settimeout(1.0)
        ended = False
        for _ in range(int(PATIENCE_S)):
            try:
                ended = slow.recv(1) == b""
            except TimeoutError:
                slow.sendall(b"a")
                continue
            except ConnectionError:
                ended = True
            break
        assert ended


def test_a_body_that_does_not_come_ends_the_connection(port: int) -> None:
    with socket.create_connection((HOST, port)) as slow:
        slow.sendall(
            f"POST /sign-in HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Length: 99\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\nname=a".encode()
        )
        slow.settimeout(PATIENCE_S)
        assert is_over(slow)


def test_several_requests_go_over_one_connection(port: int) -> None:
    client = http.client.HTTPConnection(HOST, port, PATIENCE_S)
    for _ in range(3):
        client.request("GET", "/sign-in")
        answer = client.getresponse()
        answer.read()
        assert answer.status == 200
    client.close()


def test_a_handshake_that_does_not_come_ends_the_connection(tmp_path: Path) -> None:
    port, signer = free_port(), authority(tmp_path, "ca")
    files = issue(tmp_path, signer, "console")
    flags = ["--certificate", str(files.cert_file), "--key", str(files.key_file)]
    with console_process(tmp_path, port, *flags), ExitStack() as stack:
        silent = stack.enter_context(socket.create_connection((HOST, port)))
        context = ssl.create_default_context(cafile=str(signer))
        client = http.client.HTTPSConnection(HOST, port, timeout=PATIENCE_S, context=context)
        client.request("GET", "/sign-in")
        assert client.getresponse().status == 200
        client.close()
        silent.settimeout(PATIENCE_S)
        assert is_over(silent)


@pytest.mark.parametrize(
    ("address", "places", "expected"),
    [
        ("10.1.2.3", ["10.0.0.0/8"], True),
        ("::ffff:10.1.2.3", ["10.0.0.0/8"], True),
        ("10.1.2.3", ["10.1.2.3"], True),
        ("10.1.2.3", ["*"], True),
        ("10.1.2.3", ["10.1.2.4", "proxy"], False),
        ("", ["10.0.0.0/8"], False),
        ("10.1.2.3", [], False),
    ],
)
def test_proxies_are_addresses_or_networks(address: str, places: list[str], expected: bool) -> None:
    assert is_among(address, places) == expected
