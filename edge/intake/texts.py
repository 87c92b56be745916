"""Pictures and times that stand in a payload as text.

PURE. Never raises. Called by `payload` and `documents`.
"""

from __future__ import annotations

import binascii
import math
from datetime import UTC, datetime

from imaging.admission import Reason, Rejected

BASE64_STARTS = (b"/9j/", b"_9j_", b"iVBORw0KGgo")
"""Of a JPEG, of one in the URL-safe alphabet, of a PNG."""

TEXT_ALLOWANCE = 65_536
"""Bytes of text beside the picture."""

_HEAD = 64
_HEX_JPEG = b"ffd8ff"
_WHITESPACE = b" \t\r\n"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_LEAST_MS = 100_000_000_000
"""Numbers from here on are milliseconds: as seconds they lie beyond the year 5000."""


def looks_like_picture(text: str) -> bool:
    """Whether a text begins as base64 or a data URI of a picture does."""
    head = text.lstrip()[:16].encode("ascii", "replace")
    return head.startswith((*BASE64_STARTS, b"data:image/"))


def from_text(text: bytes, max_bytes: int) -> bytes | Rejected:
    """The bytes of base64 or of a base64 data URI."""
    encoded = text.lstrip(_WHITESPACE)
    if encoded[:5].lower() == b"data:":
        kind, comma, encoded = encoded.partition(b",")
        if not (comma and kind.lower().endswith(b";base64")):
            return Rejected(Reason.BAD_BASE64, f"data URI without base64: {kind[:40]!r}")
    encoded = encoded.translate(_URL_SAFE, _WHITESPACE).rstrip(b"=")
    head = encoded[:16]
    if head[:6].lower() == _HEX_JPEG:
        return Rejected(Reason.BAD_BASE64, "hexadecimal digits; publish the bytes, or base64")
    try:
        data = binascii.a2b_base64(encoded + b"=" * (-len(encoded) % 4), strict_mode=True)
    except binascii.Error as error:
        return Rejected(Reason.BAD_BASE64, _named(text) or f"{error}, in text beginning {head!r}")
    if len(data) > max_bytes:
        return too_large(len(data), max_bytes)
    return data or Rejected(Reason.EMPTY, "no bytes in the text")


def _named(text: bytes) -> str | None:
    """What a text is that is no base64; addresses are not repeated, as passwords stand in them."""
    head = text[:_HEAD].lstrip().lower()
    if b"://" in head:
        return "an address instead of a picture; publish what it leads to"
    if head.startswith((b"{", b"[")):
        return "JSON that is a text within JSON: encode it once"
    return None


def too_large(n_bytes: int, limit: float) -> Rejected:
    """The refusal of more bytes than the limit, with the key that raises it."""
    detail = f"{n_bytes} bytes, limit {limit:.0f}: send less, or raise intake.limits.max_bytes"
    return Rejected(Reason.TOO_LARGE, detail)


def claimed_time(value: object) -> datetime | None:
    """RFC 3339 with an offset, or Unix seconds or milliseconds (also as text), as UTC.

    None for anything else and for times outside 2000 to 2100: many cameras have no clock.
    """
    if isinstance(value, str):
        return _from_rfc3339(value) or _from_unix(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_unix(value)
    return None


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
