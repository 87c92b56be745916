"""The service that gateways ask for certificates and addresses: three paths, POST, JSON, HTTPS;
and `GET /healthz`, for whoever restarts it.

SHELL. Bodies are bounded, and who is slow holds a thread for seconds only. The answer to everything
is JSON with a reason. It needs the authority's private key: run it where that key may be, not on a
gateway. Called by `commands`.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cloud.enrol.authority import AuthorityError
from cloud.enrol.registrar import Registrar
from contract.enrolment import (
    ENROL_PATH,
    LONGEST_BODY,
    RENEW_PATH,
    EnrolmentAnswer,
    EnrolmentRefusal,
    EnrolmentRefused,
)
from contract.store_access import SIGN_PATH, StoreAddress
from objectstore.store import StoreError
from service.deadline import ended_after
from service.events import Event, log

PATIENCE_S = 10.0
"""For a request, from its first byte to its last."""

LONGEST_PASSED_OVER = 1_000_000
"""Bytes of a body that is too long and whose sender still gets an answer."""

HEALTH_PATH = "/healthz"
MOST_AT_ONCE = 32
"""Connections; the next ones wait in the system's queue."""

Response = EnrolmentAnswer | StoreAddress | EnrolmentRefusal


class EnrolmentService:
    """Listens from its making until `close`; raises `OSError` and `ssl.SSLError`."""

    def __init__(
        self, registrar: Registrar, host: str, port: int, tls: tuple[Path, Path] | None
    ) -> None:
        """`tls`: certificate and key; None: plain HTTP, for behind a proxy."""
        self._server = _Server(
            (host, port),
            {
                ENROL_PATH: registrar.enrol,
                RENEW_PATH: registrar.renew,
                SIGN_PATH: registrar.sign,
            },
            None if tls is None else _context(*tls),
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def is_listening(self) -> bool:
        """Whether anybody would be answered."""
        return self._thread.is_alive()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        paths: Mapping[str, Callable[[bytes], Response]],
        context: ssl.SSLContext | None,
    ) -> None:
        self.paths = paths
        self._context = context
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(address, _EnrolHandler)

    def process_request(self, request: object, client_address: object) -> None:
        self._places.acquire()
        super().process_request(request, client_address)  # type: ignore[arg-type]  # typeshed's union

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]  # as above
        finally:
            self._places.release()

    def finish_request(self, request: object, client_address: object) -> None:
        """The handshake is the thread's: in `accept` one client could keep all others out."""
        if not isinstance(request, socket.socket):
            raise TypeError("a server of TCP has sockets")
        request.settimeout(PATIENCE_S)
        if self._context is not None:
            request = self._context.wrap_socket(request, server_side=True)
        with request, ended_after(request, PATIENCE_S):
            super().finish_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002, the seam's
        """Who does not finish a handshake or a request is no event; a defect is one."""
        error = sys.exception()
        if not isinstance(error, OSError):
            log(Event.ENROLMENT_FAILED, reason=f"{type(error).__name__}: {error}", defect=True)


def _bytes_in(length: str) -> int:
    """Of a header; what is no number, or has too many digits, is too much."""
    fits = length.isdecimal() and len(length) <= len(str(LONGEST_PASSED_OVER))
    return int(length) if fits else LONGEST_PASSED_OVER + 1


class _EnrolHandler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server_version, sys_version = "stillwatch-enrol", ""
    server: _Server

    def do_GET(self) -> None:
        if self.path == HEALTH_PATH:
            self._answer(HTTPStatus.OK, b'{"status":"ok"}')
        else:
            words = f"GET {HEALTH_PATH}, or POST {' or '.join(self.server.paths)}"
            self._send(HTTPStatus.NOT_FOUND, _refusal(words))

    def do_POST(self) -> None:
        decide = self.server.paths.get(self.path)
        length = _bytes_in(self.headers.get("Content-Length", ""))
        if decide is None:
            self._pass_over(length)
            self._send(HTTPStatus.NOT_FOUND, _refusal(f"ask {' or '.join(self.server.paths)}"))
        elif length > LONGEST_BODY:
            self._pass_over(length)
            words = f"Content-Length must be at most {LONGEST_BODY}"
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _refusal(words))
        else:
            self._decide(decide, self.rfile.read(length))

    def _pass_over(self, length: int) -> None:
        """What is left unread would cut off our answer; too much of it so be it."""
        if length <= LONGEST_PASSED_OVER:
            self.rfile.read(length)

    def _decide(self, decide: Callable[[bytes], Response], body: bytes) -> None:
        try:
            answer = decide(body)
        except (AuthorityError, StoreError) as error:
            log(Event.ENROLMENT_FAILED, reason=str(error))
            words = _refusal("the service cannot sign now: ask again later")
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, words)
            return
        if isinstance(answer, EnrolmentAnswer):
            log(Event.CERTIFICATE_ISSUED, gateway=answer.gateway, until=answer.expires_at)
            self._send(HTTPStatus.OK, answer)
        elif isinstance(answer, StoreAddress):
            self._send(HTTPStatus.OK, answer)
        else:
            client = self.client_address[0]
            log(
                Event.ENROLMENT_REFUSED,
                client=client,
                reason=answer.reason,
                detail=answer.detail,
            )
            self._send(HTTPStatus.FORBIDDEN, answer)

    def _send(self, status: HTTPStatus, answer: Response) -> None:
        self._answer(status, answer.model_dump_json().encode())

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_args: object) -> None:
        """Decisions are events, requests are none."""


def _refusal(words: str) -> EnrolmentRefusal:
    return EnrolmentRefusal(reason=EnrolmentRefused.MALFORMED, detail=words)


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context
