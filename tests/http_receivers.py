"""An HTTP server for tests that notes every request and answers as the test says."""

from __future__ import annotations

import queue
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from service.link import TlsFiles
from tests.links import PATIENCE_S
from tests.processes import HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """What is answered: nothing at all (`lost`) closes the connection; `held` is waited for
    before."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    lost: bool = False
    held: threading.Event | None = None


Replies = Callable[[HttpRequest, int], HttpReply]


@dataclass
class HttpReceiver:
    """`next` gives requests in the order in which they came."""

    port: int
    scheme: str = "http"
    _came: queue.Queue[HttpRequest] = field(default_factory=queue.Queue)
    count: int = 0

    def url(self, path: str = "/hook") -> str:
        return f"{self.scheme}://{HOST}:{self.port}{path}"

    def next(self) -> HttpRequest:
        """The next request, which must come within `PATIENCE_S`."""
        return self._came.get(timeout=PATIENCE_S)

    def is_empty(self) -> bool:
        return self._came.empty()


def _fine(_request: HttpRequest, _number: int) -> HttpReply:
    return HttpReply()


@contextmanager
def http_receiver(
    replies: Replies = _fine, tls: TlsFiles | None = None, port: int = 0
) -> Iterator[HttpReceiver]:
    """Calls `replies` with each request and how many came before it."""

    class Noting(BaseHTTPRequestHandler):
        def _take(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            request = HttpRequest(
                method=self.command,
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
            )
            number, receiver.count = receiver.count, receiver.count + 1
            receiver._came.put(request)
            reply = replies(request, number)
            if reply.held is not None:
                reply.held.wait(PATIENCE_S)
            if reply.lost:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_POST = do_PUT = do_GET = _take  # noqa: N815, the base class's names

        def log_message(self, *_args: object) -> None:
            """Requests are noted."""

    server = ThreadingHTTPServer((HOST, port), Noting)
    server.daemon_threads = True
    receiver = HttpReceiver(port=server.server_address[1])
    if tls is not None:
        assert tls.cert_file is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.cert_file, tls.key_file)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        receiver.scheme = "https"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
