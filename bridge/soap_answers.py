"""SOAP answers of cameras, read whole and held against limits before a parser walks through them.

SHELL (reads from the connection). onveef looks for elements again and again below each other: some
kilobytes of elements within elements keep it busy for minutes. So depth and number are counted
first, in one pass, on the very text that it will see: always UTF-8, since some of Python's codecs
take as long. Called by `http_client`.
"""

from __future__ import annotations

from xml.parsers import expat

import httpx

from bridge.fault import FaultReason, SourceFault
from service.clock import Clock

MAX_BYTES = 1_000_000
MAX_DEPTH = 64
MAX_ELEMENTS = 20_000
_ENCODINGS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-16"})
_ENCODINGS |= {"gb2312", "gbk", "gb18030", "big5", "shift_jis", "euc-kr", "euc-jp"}


class BoundedAnswers(httpx.BaseTransport):
    """Hands on what `inner` answers, as UTF-8 within the limits; raises `SourceFault`."""

    def __init__(self, inner: httpx.BaseTransport, patience_s: float, clock: Clock) -> None:
        self._inner = inner
        self._patience_s = patience_s
        self._clock = clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        try:
            body = self._read(response)
        finally:
            response.close()
        charset = (response.charset_encoding or "utf-8").lower()
        text = body.decode(charset if charset in _ENCODINGS else "utf-8", errors="replace")
        fault = shape_fault(text)
        if fault is not None:
            raise SourceFault(FaultReason.UNUSABLE, fault)
        headers = {"content-type": "application/soap+xml; charset=utf-8"}
        if "www-authenticate" in response.headers:
            headers["www-authenticate"] = response.headers["www-authenticate"]
        content = text.encode(errors="replace")
        return httpx.Response(response.status_code, headers=headers, content=content)

    def close(self) -> None:
        self._inner.close()

    def _read(self, response: httpx.Response) -> bytes:
        data, until_s = bytearray(), self._clock.mono() + self._patience_s
        for chunk in response.iter_bytes():
            data += chunk
            if len(data) > MAX_BYTES:
                raise SourceFault(FaultReason.UNUSABLE, f"an answer of over {MAX_BYTES} bytes")
            if self._clock.mono() > until_s:
                raise SourceFault(FaultReason.STALLED, "an answer that does not end")
        return bytes(data)


def shape_fault(text: str) -> str | None:
    """Why XML is not to be parsed. What is no XML at all is left to the parser, which says so."""
    counter = _Shape()
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = counter.begins
    parser.EndElementHandler = counter.ends
    parser.EntityDeclHandler = counter.entity
    try:
        parser.Parse(text.encode(errors="replace"), True)
    except expat.ExpatError:
        return None
    except _TooMuch as error:
        return str(error)
    return None


class _TooMuch(Exception):
    """More than a camera's answer has."""


class _Shape:
    """How deep the parser is, and what came."""

    def __init__(self) -> None:
        self._depth = self._elements = 0

    def begins(self, _name: str, _attributes: object) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            raise _TooMuch(f"an answer of over {MAX_DEPTH} elements within each other")
        if self._elements > MAX_ELEMENTS:
            raise _TooMuch(f"an answer of over {MAX_ELEMENTS} elements")

    def ends(self, _name: str) -> None:
        self._depth -= 1

    def entity(self, *_declared: object) -> None:
        raise _TooMuch("an answer that declares entities")
