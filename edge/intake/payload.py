"""What a camera's payload holds: its kind is found by its first bytes.

PURE. Raw JPEG or PNG; base64 of one (also URL-safe, also wrapped in lines); a data URI; JSON with
one of these as a value (`documents`); a part of an MJPEG stream with its headers; what programs
make of bytes that are printed as text. Byte order marks, NUL and blank lines around are passed
over. Chunks were put together before (`chunks`). Anything else is handed on as it is, and
`imaging.admission` names what it found. Sizes are bounded before anything is decoded or parsed.
Never raises. Called by `admission`.
"""

from __future__ import annotations

import ast
import codecs
import re
from dataclasses import dataclass
from datetime import datetime

from edge.config.schema import JsonPathsConfig
from edge.intake.documents import read_document, read_name, read_piece
from edge.intake.texts import BASE64_STARTS, TEXT_ALLOWANCE, from_text, too_large
from imaging import jpeg, png
from imaging.admission import Reason, Rejected

_BLANK = b"\x00 \t\r\n"
_BLANKS = 64
"""So many blank bytes before a picture are passed over; an unfilled buffer has more."""

_PICTURES = (jpeg.MAGIC, png.MAGIC)
_PER_BYTE = 5
"""What a byte costs as a number in JSON (`255, `) or in Python's spelling (`\\xff`), at most."""

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_PART_HEADERS = 1024
"""Headers of a part of an MJPEG stream are shorter."""

_LOST = b"\xef\xbf\xbd\xef\xbf\xbd"
"""Two replacement characters: what a decoder of UTF-8 leaves of the first bytes of a JPEG."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackedPicture:
    """The bytes that should be a picture, and the camera's claim of when it was taken."""

    data: bytes
    captured_at: datetime | None = None


def sniff(payload: bytes, paths: JsonPathsConfig, max_bytes: int) -> UnpackedPicture | Rejected:
    """The picture in `payload`, at most `max_bytes` of it; its type is not looked at yet."""
    if payload.startswith(_PICTURES):
        return _bounded(payload, max_bytes)
    start = _start(payload)
    head = payload[start : start + _BLANKS]
    if not head:
        return Rejected(Reason.EMPTY, "no bytes" if not payload else "nothing but blank bytes")
    spelled = head.startswith((b"{", b"[", b'"', b"b'", b'b"'))
    text = spelled or head[:5].lower() == b"data:" or head.startswith(BASE64_STARTS)
    limit = max_bytes * (_PER_BYTE if spelled else 1.5 if text else 2) + TEXT_ALLOWANCE
    if len(payload) - start > limit:
        return too_large(len(payload), limit)
    if not text:
        return _from_bytes(payload, start, max_bytes)
    body = payload[start:].rstrip(_BLANK)
    if head.startswith((b"{", b"[", b'"')):
        found = read_document(body, paths, max_bytes)
        return (
            found
            if isinstance(found, Rejected)
            else UnpackedPicture(data=found[0], captured_at=found[1])
        )
    data = _from_python(body, max_bytes) if spelled else from_text(body, max_bytes)
    return data if isinstance(data, Rejected) else UnpackedPicture(data=data)


def camera_name(payload: bytes, paths: JsonPathsConfig, max_bytes: int) -> str | Rejected:
    """The camera's name in a JSON payload whose topic says none."""
    body = payload[_start(payload) :].rstrip(_BLANK)
    if not body.startswith((b"{", b"[")):
        return Rejected(
            Reason.UNKNOWN_CAMERA,
            "neither topic nor message says which camera: put {camera} into intake.topics, set "
            f"`cameras.<id>.topic`, or send JSON with the id at {', '.join(paths.id)}",
        )
    return read_name(body, paths, max_bytes)


def json_piece(
    payload: bytes, paths: JsonPathsConfig, max_bytes: int
) -> tuple[int, int, bytes | Rejected] | None:
    """Number, total and bytes of a piece of a picture in JSON; None for anything else."""
    body = payload[_start(payload) :].rstrip(_BLANK)
    keys = (f'"{path.rpartition(".")[2]}"'.encode() for path in paths.part)
    if not body.startswith(b"{") or not any(key in body for key in keys):
        return None  # without parsing a whole picture twice
    return read_piece(body, paths, max_bytes)


def _start(payload: bytes) -> int:
    """Where it begins behind a byte order mark and blank bytes."""
    mark = len(codecs.BOM_UTF8) if payload.startswith(codecs.BOM_UTF8) else 0
    head = payload[mark : mark + _BLANKS]
    return mark + len(head) - len(head.lstrip(_BLANK))


def _bounded(data: bytes, max_bytes: int) -> UnpackedPicture | Rejected:
    if len(data) > max_bytes:
        return too_large(len(data), max_bytes)
    return UnpackedPicture(data=data)


def _from_bytes(payload: bytes, start: int, max_bytes: int) -> UnpackedPicture | Rejected:
    """What is no text: a picture behind blank bytes or a part's headers, or what is left of one."""
    body = payload[start:]
    if body.startswith(_PICTURES):
        return _bounded(body, max_bytes)
    if body.startswith(b"--") or body[:8].lower() == b"content-":
        end = _END_OF_HEADERS.search(body, 0, _PART_HEADERS)
        return _bounded(body[end.end() :] if end else payload, max_bytes)
    if body.startswith(_LOST):
        return Rejected(
            Reason.UNKNOWN_TYPE,
            "binary that was turned into UTF-8 text, which loses the picture; publish the bytes "
            "themselves, or base64 of them",
        )
    if body.startswith("ÿØÿ".encode()):
        return _from_latin(body, max_bytes)
    return _bounded(payload, max_bytes)


def _from_latin(body: bytes, max_bytes: int) -> UnpackedPicture | Rejected:
    """Bytes that were taken for Latin-1 and written as UTF-8: nothing is lost."""
    try:
        return _bounded(body.decode().encode("latin-1"), max_bytes)
    except UnicodeError:
        detail = "binary that was turned into UTF-8 text; publish the bytes themselves"
        return Rejected(Reason.UNKNOWN_TYPE, detail)


def _from_python(body: bytes, max_bytes: int) -> bytes | Rejected:
    """Of bytes as Python prints them, `b'...'`: base64 in there, or the picture itself."""
    try:
        data: object = ast.literal_eval(body.decode("ascii"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        data = None
    if not isinstance(data, bytes):
        return Rejected(Reason.BAD_BASE64, "Python's b'...' that cannot be read; publish the bytes")
    if not data.startswith(_PICTURES):  # base64, printed
        return from_text(data, max_bytes)
    if len(data) > max_bytes:
        return too_large(len(data), max_bytes)
    return data
