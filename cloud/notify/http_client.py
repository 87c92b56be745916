"""One HTTP request to a host that somebody configured or registered: no proxy, no redirect.

SHELL. The name is resolved once, every answer is held against `addresses`, and the connection goes
to the very address that was checked, with TLS for the name. Look-up, connection, TLS and request
have a deadline each, and of an answer no more than a few kilobytes are read. Called by the
destinations that speak HTTP.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cloud.notify.addresses import refusal
from service.deadline import ended_after
from service.resolving import addresses_of, connected_to

MAX_ANSWER_BYTES = 4096


class HttpFailure(Exception):
    """No answer; the text says why. The receiver may have got the request all the same."""


class AddressRefused(Exception):
    """It was not sent: the host lies where nothing may be sent to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What came back; `retry_after_s` if the receiver said when to come again."""

    status: int
    retry_after_s: float | None
    body: bytes
    location: str | None = None


@dataclass(frozen=True, slots=True)
class HttpReach:
    """How far requests may go, and whom TLS trusts."""

    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None

    def request(
        self,
        method: str,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> HttpAnswer:
        """One request. Raises `HttpFailure`, `AddressRefused`."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            connection = self._connect(host, port, parts.scheme == "https", timeout_s)
        except (OSError, UnicodeError, ValueError) as error:
            raise HttpFailure(f"{host}:{port}: {_words(error)}") from error
        raw = connection.sock
        try:
            with ended_after(raw, timeout_s):
                connection.request(method, path, body, dict(headers) | {"Connection": "close"})
                return _answer(connection.getresponse())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise HttpFailure(f"{host}:{port}: {_words(error)}") from error
        finally:
            connection.close()

    def _connect(
        self, host: str, port: int, tls: bool, timeout_s: float
    ) -> http.client.HTTPConnection:
        addresses = addresses_of(host, port, timeout_s)
        _check(host, addresses, self.allow_networks)
        raw = connected_to(addresses, port, timeout_s)
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        connection.sock = raw
        if tls:
            context = ssl.create_default_context(cafile=self.ca_file)
            try:
                with ended_after(raw, timeout_s):
                    connection.sock = context.wrap_socket(raw, server_hostname=host)
            except (OSError, ValueError):
                raw.close()
                raise
        return connection


def _check(host: str, addresses: Sequence[str], allowed: Sequence[str]) -> None:
    """Raises `AddressRefused` unless all of them may be sent to."""
    for address in addresses:
        reason = refusal(address, allowed)
        if reason is not None:
            raise AddressRefused(f"{host}: {reason}")


def _answer(response: http.client.HTTPResponse) -> HttpAnswer:
    after = response.headers.get("Retry-After", "")
    return HttpAnswer(
        status=response.status,
        retry_after_s=float(after) if after.isdecimal() and len(after) < 7 else None,
        body=response.read(MAX_ANSWER_BYTES),
        location=response.headers.get("Location"),
    )


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
