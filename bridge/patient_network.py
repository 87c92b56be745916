"""Sockets on which an answer's head must come within a time altogether.

SHELL. httpx waits for each piece of a head by itself: a camera that sends a letter a second keeps
its thread for hours. So what is read is timed from the request on, until the head is there. Called
by `http_client`.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from service.clock import Clock

SocketOptions = Iterable[httpcore.SOCKET_OPTION] | None

KEEPALIVE_S = 5.0
"""As httpx has it: a connection that rested for longer is not used again."""


class Deadline:
    """By when a head must be there; one client's, which asks one question at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s: float | None = None

    def begin(self, patience_s: float) -> None:
        self._until_s = self._clock.mono() + patience_s

    def end(self) -> None:
        """The head is there, or there will be none."""
        self._until_s = None

    def shortened(self, timeout_s: float | None) -> float | None:
        """What is left of `timeout_s`; raises `httpcore.ReadTimeout` if nothing is."""
        if self._until_s is None:
            return timeout_s
        left_s = self._until_s - self._clock.mono()
        if left_s <= 0:
            raise httpcore.ReadTimeout("its head does not end")
        return left_s if timeout_s is None else min(timeout_s, left_s)


class PatientTransport(httpx.HTTPTransport):
    """httpx's own, over sockets that keep to `deadline`."""

    def __init__(self, verify: ssl.SSLContext | bool, deadline: Deadline) -> None:
        super().__init__(verify=verify, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(verify=verify, trust_env=False),
            keepalive_expiry=KEEPALIVE_S,
            network_backend=_Backend(deadline),
        )
        self._deadline = deadline

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        patience_s = request.extensions.get("timeout", {}).get("read")
        if patience_s is not None:
            self._deadline.begin(patience_s)
        try:
            return super().handle_request(request)
        finally:
            self._deadline.end()


class _Backend(httpcore.SyncBackend):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.NetworkStream:
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.shortened(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
