"""A limit on how slowly an S3 server may answer: boto3's timeout is for each byte anew.

SHELL, around botocore. A server that sends a byte now and then would hold a thread for hours; here
an answer that falls behind the slowest pace ends as a read timeout, which is tried again later.
Called by `store_s3`.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

SLOWEST_BYTES_PER_S = 4_000
"""Of an answer, after the read timeout's worth of patience: a picture of 200 kB may take a minute
of even the lamest link."""


class _Paced(io.RawIOBase):
    """What comes from a socket, as long as it comes fast enough."""

    def __init__(self, source: socket.socket) -> None:
        self._source = source.makefile("rb", buffering=0)
        self._patience_s = source.gettimeout()
        self._began_s = time.monotonic()
        self._got_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Raises `TimeoutError`."""
        if self._patience_s is not None:
            allowed_s = self._patience_s + self._got_bytes / SLOWEST_BYTES_PER_S
            if time.monotonic() - self._began_s > allowed_s:
                raise TimeoutError(f"slower than {SLOWEST_BYTES_PER_S} bytes a second")
        count = self._source.readinto(buffer)
        self._got_bytes += count or 0
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Paced(sock))


class _PlainConnection(AWSHTTPConnection):
    response_class = _Response  # type: ignore[assignment]  # botocore puts any such class here


class _TlsConnection(AWSHTTPSConnection):
    response_class = _Response  # type: ignore[assignment]  # as above


class _PlainPool(AWSHTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(AWSHTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def pace(client: Any) -> None:
    """Holds all answers to a boto3 client to the pace; botocore has no public place for it."""
    session = client._endpoint.http_session
    session._pool_classes_by_scheme.update(http=_PlainPool, https=_TlsPool)
