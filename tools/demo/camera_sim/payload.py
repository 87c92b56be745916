"""The five formats in which cameras send a picture.

PURE. `wrap` gives the messages of one picture: what to add to the camera's topic, and the payload.
Called by `player`.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Literal, assert_never, get_args

PayloadFormat = Literal["raw", "base64", "data-uri", "json", "chunked"]
PAYLOAD_FORMATS: tuple[PayloadFormat, ...] = get_args(PayloadFormat)
CHUNK_BYTES = 8 * 1024
"""As small cameras send, whose buffers hold no whole picture."""

MessagePart = tuple[str, bytes]
"""Suffix of the topic ("" for none), and payload."""


def wrap(
    picture: bytes, payload_format: PayloadFormat, camera: str, at: datetime
) -> tuple[MessagePart, ...]:
    """The messages that carry `picture`, in the order in which they are sent."""
    match payload_format:
        case "raw":
            return (("", picture),)
        case "base64":
            return (("", base64.b64encode(picture)),)
        case "data-uri":
            return (("", _head(picture) + base64.b64encode(picture)),)
        case "json":
            return (("", _json(picture, camera, at)),)
        case "chunked":
            return _chunks(picture)
        case _:
            assert_never(payload_format)


def _head(picture: bytes) -> bytes:
    kind = b"png" if picture.startswith(b"\x89PNG") else b"jpeg"
    return b"data:image/" + kind + b";base64,"


def _json(picture: bytes, camera: str, at: datetime) -> bytes:
    text = base64.b64encode(picture).decode()
    return json.dumps({"id": camera, "timestamp": at.isoformat(), "image": text}).encode()


def _chunks(picture: bytes) -> tuple[MessagePart, ...]:
    pieces = [picture[at : at + CHUNK_BYTES] for at in range(0, len(picture), CHUNK_BYTES)]
    start = ("/start", str(len(picture)).encode())
    return (start, *(("/data", piece) for piece in pieces), ("/end", b""))
