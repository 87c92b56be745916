"""The HTTP client for one camera: one host, bounded answers, basic or digest login.

SHELL. What answers is not trusted. A camera cannot name another host, by a redirection or by an
address that it writes into an answer: every request of this client goes to where its source is.
What it sends compressed, though nobody asked, is expanded piece by piece, so that a limit on what
is read holds; what is no picture is bounded in size and time. Called by `sources.http`, `onvif` and
`probe`.
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import cast

import httpx

from bridge.address import Url
from bridge.camera_files import authorities_of, password_of
from bridge.config import SourceConfig
from bridge.fault import FaultReason, SourceFault
from bridge.patient_network import Deadline, PatientTransport
from bridge.soap_answers import BoundedAnswers
from service.clock import Clock, SystemClock

MAX_ERROR_BYTES = 1_000_000
"""Of an answer that is no success: a SOAP fault, or a page that nobody reads."""
_PIECE_BYTES = 65_536
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


@contextmanager
def faults_named(camera: SourceConfig) -> Iterator[None]:
    """What httpx raises within becomes `SourceFault`."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise SourceFault(FaultReason.STALLED, f"no answer in {camera.stall_s:g} s") from error
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        raise SourceFault(FaultReason.UNREACHABLE, str(error) or type(error).__name__) from error


def client_of(
    camera: SourceConfig, url: Url, clock: Clock | None = None, soap: bool = False
) -> httpx.Client:
    """A connection pool for the camera at `url`; raises `OSError` for a file that cannot be
    read. Of `soap`, requests raise `SourceFault` for answers beyond `soap_answers`' limits."""
    clock = clock or SystemClock()
    auth = None
    if camera.username is not None:
        auth = _Auth(camera.username, password_of(camera) or "")
    inner = PatientTransport(authorities_of(camera) or camera.verify_tls, Deadline(clock))
    transport: httpx.BaseTransport = _OneHost(inner, url, camera.stall_s, clock)
    if soap:
        transport = BoundedAnswers(transport, camera.stall_s, clock)
    return httpx.Client(
        auth=auth,
        transport=transport,
        timeout=camera.stall_s,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "stillwatch-bridge", "Accept-Encoding": "identity"},
    )


class _OneHost(httpx.BaseTransport):
    """Speaks to one origin, and hands on answers that are not compressed and bounded."""

    def __init__(
        self, inner: httpx.BaseTransport, url: Url, patience_s: float, clock: Clock
    ) -> None:
        self._inner = inner
        secure = url.scheme in ("https", "onvifs", "rtsps")
        self._origin = (
            "https" if secure else "http",
            url.host.lower(),
            url.port or (443 if secure else 80),
        )
        self._patience_s = patience_s
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url
        port = asked.port or (443 if asked.scheme == "https" else 80)
        if (asked.scheme, asked.host.lower(), port) != self._origin:
            raise httpx.UnsupportedProtocol(
                "it names an address that is not its own", request=request
            )
        response = self._inner.handle_request(request)
        stream = cast(httpx.SyncByteStream, response.stream)  # of a transport that is not async
        coding = response.headers.pop("content-encoding", "identity").strip().lower()
        if coding in ("gzip", "x-gzip", "deflate"):
            stream = _Expanded(stream)
        elif coding not in ("identity", ""):
            response.close()
            raise httpx.DecodingError("its answer is compressed, which was not asked for")
        if response.status_code != httpx.codes.OK:
            stream = _Bounded(stream, self._clock, self._patience_s)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=stream,
            extensions=response.extensions,
        )

    def close(self) -> None:
        self._inner.close()


class _Expanded(httpx.SyncByteStream):
    """gzip or zlib, expanded into pieces of at most `_PIECE_BYTES`."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        expanding = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            for chunk in self._stream:
                left = chunk
                while left and not expanding.eof:
                    yield expanding.decompress(left, _PIECE_BYTES)
                    left = expanding.unconsumed_tail
        except zlib.error as error:
            raise httpx.DecodingError(f"its answer is damaged: {error}") from error
        yield expanding.flush()

    def close(self) -> None:
        self._stream.close()


class _Bounded(httpx.SyncByteStream):
    """At most `MAX_ERROR_BYTES`, within `patience_s`."""

    def __init__(self, stream: httpx.SyncByteStream, clock: Clock, patience_s: float) -> None:
        self._stream = stream
        self._clock = clock
        self._patience_s = patience_s

    def __iter__(self) -> Iterator[bytes]:
        left, until_s = MAX_ERROR_BYTES, self._clock.mono() + self._patience_s
        for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise httpx.ReadError(f"an error of over {MAX_ERROR_BYTES} bytes")
            if self._clock.mono() > until_s:
                raise httpx.ReadTimeout("its answer does not end")
            yield chunk

    def close(self) -> None:
        self._stream.close()


class _Auth(httpx.Auth):
    """Basic or digest, whichever the camera asks for.

    Until that is known, each question has a connection of its own: small cameras drop theirs behind
    a 401 without saying so, and the answer with the password would be lost on it, again and again.
    """

    def __init__(self, username: str, password: str) -> None:
        self._user = (username, password)
        self._chosen: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._chosen is None:
            request.headers["Connection"] = "close"
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED:
                return
            asked = response.headers.get("www-authenticate", "").lower()
            kind = httpx.DigestAuth if "digest" in asked else httpx.BasicAuth
            self._chosen = kind(*self._user)
        try:
            yield from self._chosen.auth_flow(request)
        except (LookupError, ValueError, NotImplementedError) as error:  # of what httpx cannot read
            self._chosen = None
            words = "it asks for a login in a way that is not understood (WWW-Authenticate)"
            raise SourceFault(FaultReason.UNUSABLE, words) from error
