"""An HTTP server before the real object store, which answers badly as often as it is told to.

What is not answered badly goes on to the real server as it came, signature and all.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from tests.processes import HOST
from tests.servers import S3

Fault: TypeAlias = "Callable[[Request], None]"
_HOPS = {"connection", "transfer-encoding", "content-length", "server", "date"}
PORTAL = b"<html><body>Please log in to Guest-WiFi</body></html>"


@dataclass
class Front:
    """Made by `front`; `fault` may be changed at any moment, None lets requests pass."""

    url: str
    over: threading.Event = field(default_factory=threading.Event)
    fault: Fault | None = None
    faulted: int = 0
    """How many requests met a fault."""
    passed: int = 0


class Request(BaseHTTPRequestHandler):
    """One request; a fault answers it by these means."""

    protocol_version = "HTTP/1.1"
    front: Front
    behind: tuple[str, int]
    body: bytes

    def do_GET(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.front.fault
        with suppress(OSError):
            if fault is None:
                self.front.passed += 1
                self.answer(*self.really())
            else:
                self.front.faulted += 1
                fault(self)

    def really(self) -> tuple[int, dict[str, str], bytes]:
        """What the real server says to it."""
        connection = http.client.HTTPConnection(*self.behind, timeout=30)
        try:
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in {"connection", "expect"}:
                    connection.putheader(name, value)
            connection.endheaders(self.body)
            answer = connection.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOPS}
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def says(status: int, code: str) -> Fault:
    """The server's own error; nothing was done."""
    body = f"<Error><Code>{code}</Code><Message>in words</Message></Error>".encode()
    return lambda request: request.answer(status, {}, b"" if status == 304 else body)


def does_it_and_says(status: int, code: str) -> Fault:
    """It is done, and the answer says otherwise, as from a gateway that lost patience."""

    def answer(request: Request) -> None:
        request.really()
        says(status, code)(request)

    return answer


def portal(request: Request) -> None:
    """A captive portal's welcome to everything."""
    request.answer(200, {"Content-Type": "text/html"}, PORTAL)


def hangs(request: Request) -> None:
    """Takes the request and says nothing until the end."""
    request.front.over.wait()


def truncates(request: Request) -> None:
    """Half of the true answer, whose length was promised whole."""
    status, headers, body = request.really()
    whole = body or b"x" * 100
    request.send_response(status)
    for name, value in (headers | {"Content-Length": str(len(whole))}).items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(whole[: len(whole) // 2])
    request.wfile.flush()
    request.connection.close()


def drips(request: Request) -> None:
    """A byte a second, without end."""
    status, headers, body = request.really()
    request.send_response(status)
    for name, value in (headers | {"Content-Length": str(max(len(body), 100_000))}).items():
        request.send_header(name, value)
    request.end_headers()
    while not request.front.over.wait(1.0):
        request.wfile.write(b"x")
        request.wfile.flush()


def drips_headers(request: Request) -> None:
    """A byte a second, and not even the headers get done."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not request.front.over.wait(1.0):
        request.wfile.write(b"x")
        request.wfile.flush()


def lies(request: Request) -> None:
    """The true answer with other bytes in the body."""
    status, headers, body = request.really()
    request.answer(status, headers, bytes(255 - byte for byte in body))


def resets(request: Request) -> None:
    """Ends the connection without a word."""
    request.connection.close()


@contextmanager
def front(server: S3) -> Iterator[Front]:
    """Stands before `server` until the end of the block."""
    standing = Front(url="")
    handler = type("Handler", (Request,), {"front": standing, "behind": (HOST, server.ports[-1])})

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that leaves is no error here."""

    with Server((HOST, 0), handler) as listening:
        standing.url = f"http://{HOST}:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield standing
        finally:
            standing.over.set()
            listening.shutdown()
            thread.join()
