"""A bucket whose every request somebody else signs: this process has no credentials for it.

SHELL. An `S3Store` like any other, but what it is about to send goes to the address that `sign`
gives for it. Errors of `sign` are the store's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest

from objectstore.s3_client import S3Settings
from objectstore.store_s3 import S3Store

Sign = Callable[[str, str, Mapping[str, str]], str]
"""Method, key and headers to the address; raises `StoreError`."""

_NOWHERE = "https://signed.invalid"
"""Never connected to: the address is replaced before anything is sent."""

_NARROWING = ("range", "if-match")
"""Of a request that reads: they ask for less than what is signed, and S3 wants no signature over
them, so a service that knows nothing of them signs for it all the same."""


class SignedStore(S3Store):
    """Objects of one bucket, by addresses that `sign` gives."""

    def __init__(self, settings: S3Settings, sign: Sign, headers: tuple[str, ...]) -> None:
        """`headers`: the names, in lower case, of those that are signed; others are not sent."""
        local = replace(
            settings, endpoint_url=_NOWHERE, addressing_style="path", credentials_file=None
        )
        super().__init__(local, signature=UNSIGNED)
        self._sign, self._headers = sign, headers
        self._client.meta.events.register("before-send.s3", self._send_there)

    def _send_there(self, request: AWSPreparedRequest, **_: Any) -> None:
        key = unquote(urlsplit(request.url).path).removeprefix(f"/{self._bucket}/")
        kept = {
            name.lower(): _text(value)
            for name, value in request.headers.items()
            if name.lower() in self._headers
        }
        narrowing = {}
        if request.method in ("GET", "HEAD"):
            kept.pop("content-length", None)
            narrowing = {
                name: _text(request.headers[name]) for name in _NARROWING if name in request.headers
            }
        request.url = self._sign(str(request.method), key, kept)
        for name in list(request.headers):
            del request.headers[name]
        for name, value in (kept | narrowing).items():
            request.headers[name] = value


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else str(value)
