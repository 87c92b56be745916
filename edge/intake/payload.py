"""What a camera's payload holds: five shapes, told apart by their first bytes.

PURE. Raw JPEG or PNG; base64 of one (also URL-safe, also wrapped in lines); a data URI; JSON with
one of these texts as a value; chunks, put together before (`chunks`). Anything else is handed on as
it is, and `imaging.admission` names what it found. Sizes are bounded before anything is decoded or
parsed. Never raises. Called by `admission`.
"""

from __future__ import annotations

import binascii
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime

from edge.config.schema import JsonPaths
from imaging.admission import Reason, Rejected

_TEXT_ALLOWANCE = 65_536
"""Bytes of JSON beside the picture."""

_MAX_JSON_VALUES = 10_000
"""Commas and brackets in a JSON payload; base64 has none, and each value costs us memory."""

_BASE64_STARTS = (b"/9j/", b"_9j_", b"iVBORw0KGgo")
_WHITESPACE = b" \t\r\n"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_LEAST_MS = 100_000_000_000
"""Numbers from here on are milliseconds: as seconds they lie beyond the year 5000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The bytes that should be a picture, and the camera's claim of when it was taken."""

    data: bytes
    captured_at: datetime | None = None


def sniff(payload: bytes, paths: JsonPaths, max_bytes: int) -> Picture | Rejected:
    """The picture in `payload`, at most `max_bytes` of it; its type is not looked at yet."""
    if not payload:
        return Rejected(Reason.EMPTY, "no bytes")
    head = payload[:64].lstrip(_WHITESPACE)
    text = head.startswith((b"{", b"data:", *_BASE64_STARTS))
    limit = max_bytes * 3 // 2 + _TEXT_ALLOWANCE if text else max_bytes
    if len(payload) > limit:
        return Rejected(Reason.TOO_LARGE, f"{len(payload)} bytes, limit {limit}")
    if not text:
        return Picture(data=payload)
    if head.startswith(b"{"):
        return _from_json(payload, paths, max_bytes)
    data = _from_text(payload, max_bytes)
    return data if isinstance(data, Rejected) else Picture(data=data)


def claimed_time(value: object) -> datetime | None:
    """RFC 3339 with an offset, or Unix seconds or milliseconds (also as text), as UTC.

    None for anything else and for times outside 2000 to 2100: many cameras have no clock.
    """
    if isinstance(value, str):
        return _from_rfc3339(value) or _from_unix(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_unix(value)
    return None


def _from_json(payload: bytes, paths: JsonPaths, max_bytes: int) -> Picture | Rejected:
    if sum(payload.count(mark) for mark in (b",", b"[", b"{")) > _MAX_JSON_VALUES:
        return Rejected(Reason.BAD_JSON, f"JSON of more than {_MAX_JSON_VALUES} values")
    try:
        document: object = json.loads(payload)
    except (ValueError, RecursionError) as error:
        return Rejected(Reason.BAD_JSON, f"not JSON: {error}")
    image = _first_text(document, paths.image)
    if image is None:
        return Rejected(Reason.NO_IMAGE_IN_JSON, f"no text at any of {', '.join(paths.image)}")
    data = _from_text(image.encode("ascii", "replace"), max_bytes)
    if isinstance(data, Rejected):
        return data
    times = (claimed_time(_at(document, path)) for path in paths.time)
    return Picture(data=data, captured_at=next((time for time in times if time), None))


def _first_text(document: object, paths: tuple[str, ...]) -> str | None:
    values = (_at(document, path) for path in paths)
    return next((value for value in values if isinstance(value, str) and value), None)


def _at(document: object, path: str) -> object:
    """What stands at the dotted `path` (a number is an index of an array); None if nothing."""
    value = document
    for key in path.split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _from_text(text: bytes, max_bytes: int) -> bytes | Rejected:
    """The bytes of base64 or of a base64 data URI."""
    encoded = text.lstrip(_WHITESPACE)
    if encoded[:5].lower() == b"data:":
        kind, comma, encoded = encoded.partition(b",")
        if not (comma and kind.lower().endswith(b";base64")):
            return Rejected(Reason.BAD_BASE64, f"data URI without base64: {kind[:40]!r}")
    encoded = encoded.translate(_URL_SAFE, _WHITESPACE).rstrip(b"=")
    try:
        data = binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4), strict_mode=True)
    except binascii.Error as error:
        return Rejected(Reason.BAD_BASE64, f"{error}, in text beginning {encoded[:16]!r}")
    if len(data) > max_bytes:
        return Rejected(Reason.TOO_LARGE, f"{len(data)} bytes, limit {max_bytes}")
    return data or Rejected(Reason.EMPTY, "no bytes in the text")


def _from_rfc3339(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text.strip())
        return _plausible(time.astimezone(UTC)) if time.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _from_unix(number: str | float) -> datetime | None:
    try:
        value = float(number)
        seconds = value / 1000 if value >= _LEAST_MS else value
        if not math.isfinite(seconds):
            return None
        return _plausible(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _plausible(time: datetime) -> datetime | None:
    return time if _EARLIEST <= time < _LATEST else None
