"""The picture in a JSON payload.

PURE. It stands at one of the configured paths, as base64, a data URI, an array of bytes, or what
Node.js makes of bytes (`{"type": "Buffer", "data": [...]}`); or it is the document. Arrays of bytes
become base64 before the document is parsed, since each of their numbers would be a value. Where a
picture stands at another place, the refusal names the path to configure. Never raises. Called by
`payload`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from edge.config.schema import JsonPathsConfig
from edge.intake.texts import TEXT_ALLOWANCE, claimed_time, from_text, looks_like_picture, too_large
from imaging.admission import Reason, Rejected

_MAX_VALUES = 10_000
"""Commas and brackets in a document; base64 has none, and each value costs us memory."""

_LEAST_NUMBERS = 64
"""A smaller picture there is none."""

_NUMBERS = re.compile(rb"\[([0-9, \t\r\n]{127,}+)\]")
"""What may be an array of so many whole numbers. Possessive, and no bracket within: linear time."""

_DIGITS = re.compile(r"[0-9]{1,6}")

_SHOWN = 80
"""Characters of somebody else's keys that a refusal repeats."""

_DEEPEST = 6
"""So deep a picture at an unknown place is looked for."""


def read_document(
    payload: bytes, paths: JsonPathsConfig, max_bytes: int
) -> tuple[bytes, datetime | None] | Rejected:
    """The picture's bytes, and the camera's claim of when it was taken."""
    document = _parsed(payload, max_bytes)
    if isinstance(document, Rejected):
        return document
    text = _picture(document, paths)
    if text is None:
        return Rejected(Reason.NO_IMAGE_IN_JSON, _where(document, paths))
    data = from_text(text.encode("ascii", "replace"), max_bytes)
    if isinstance(data, Rejected):
        return data
    times = (claimed_time(_at(document, path)) for path in paths.time)
    return data, next((time for time in times if time), None)


def read_name(payload: bytes, paths: JsonPathsConfig, max_bytes: int) -> str | Rejected:
    """The camera's name in a document, a text or a whole number."""
    document = _parsed(_NUMBERS.sub(b"[]", payload), max_bytes)  # a picture is read once
    if isinstance(document, Rejected):
        return document
    for path in paths.id:
        name = _at(document, path)
        if isinstance(name, str | int) and not isinstance(name, bool) and name != "":
            return str(name)
    return Rejected(
        Reason.UNKNOWN_CAMERA,
        f"no camera's id at any of {', '.join(paths.id)}: add its path to intake.json_paths.id"
        f"{_keys_of(document)}",
    )


def _keys_of(document: object) -> str:
    """The first of its keys, for whoever has to name one."""
    keys = list(document)[:8] if isinstance(document, dict) else []
    return f" (there are {', '.join(map(_shown, keys))})" if keys else ""


def _shown(text: str) -> str:
    """Somebody else's word, short and printable."""
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return "".join(sign if sign.isprintable() else "?" for sign in cut)


def read_piece(
    payload: bytes, paths: JsonPathsConfig, max_bytes: int
) -> tuple[int, int, bytes | Rejected] | None:
    """Number, total and bytes of a piece of a picture; None of a document that is none."""
    document = _parsed(payload, max_bytes)
    number, total = (_number(document, some) for some in (paths.part, paths.parts))
    if number is None or total is None or total < 2:
        return None
    text = _picture(document, paths)
    if text is None:
        return number, total, Rejected(Reason.NO_IMAGE_IN_JSON, _where(document, paths))
    if len(text) % 4 and number < total - 1:
        detail = f"piece {number} has {len(text)} characters of base64, no multiple of 4"
        return number, total, Rejected(Reason.BAD_BASE64, detail)
    return number, total, from_text(text.encode("ascii", "replace"), max_bytes)


def _number(document: object, paths: tuple[str, ...]) -> int | None:
    """The first whole number at a path, also one that was written as a text."""
    for value in (_at(document, path) for path in paths):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
    return None


def _parsed(payload: bytes, max_bytes: int) -> object:
    """The document, or a `Rejected`."""
    payload = _NUMBERS.sub(_as_base64, payload)
    if len(payload) > max_bytes * 1.5 + TEXT_ALLOWANCE:
        return too_large(len(payload), max_bytes * 1.5 + TEXT_ALLOWANCE)
    if sum(payload.count(mark) for mark in (b",", b"[", b"{")) > _MAX_VALUES:
        return Rejected(Reason.BAD_JSON, f"JSON of more than {_MAX_VALUES} values")
    try:
        parsed: object = json.loads(payload, strict=False)  # some wrap base64 in lines in there
    except (ValueError, RecursionError) as error:
        return Rejected(Reason.BAD_JSON, f"not JSON: {error}")
    return parsed


def _as_base64(found: re.Match[bytes]) -> bytes:
    """An array of bytes as a text; any other stays as it is. Numbers below 256 are no new objects,
    so `json` reads four times as many a second as `int` from a split text."""
    try:
        numbers = json.loads(found[0])
        data = bytes(numbers) if len(numbers) >= _LEAST_NUMBERS else b""
    except ValueError:
        data = b""
    return b'"' + base64.b64encode(data) + b'"' if data else found[0]


def _picture(document: object, paths: JsonPathsConfig) -> str | None:
    """The text at the first path that has one, or the document where it is the picture."""
    whole = _text(document)
    if whole is not None:
        return whole
    if isinstance(document, list) and len(document) == 1:
        return _text(document[0]) or _picture_in(document[0], paths)
    return _picture_in(document, paths)


def _picture_in(document: object, paths: JsonPathsConfig) -> str | None:
    """The first that looks like a picture; beside one may stand its name or address."""
    found = [text for path in paths.image if (text := _text(_at(document, path)))]
    return next((text for text in found if looks_like_picture(text)), next(iter(found), None))


def _text(value: object) -> str | None:
    """A text, or the one in a Node.js buffer."""
    if isinstance(value, dict) and value.get("type") == "Buffer":
        value = value.get("data")
    return value if isinstance(value, str) else None


def _at(document: object, path: str) -> object:
    """What stands at the dotted `path` (a number is an index of an array); None if nothing."""
    value = document
    for key in path.split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and _DIGITS.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _where(document: object, paths: JsonPathsConfig) -> str:
    """What to do about a document without a picture at the known places."""
    elsewhere = next(_pictures(document, (), _DEEPEST), None)
    if elsewhere is None:
        return f"no text at any of {', '.join(paths.image)}"
    return f"a picture stands at `{_shown(elsewhere)}`: add it to intake.json_paths.image"


def _pictures(value: object, path: tuple[str, ...], depth: int) -> Iterator[str]:
    """The dotted paths of what looks like a picture."""
    text = _text(value)
    if text is not None:
        if path and looks_like_picture(text):
            yield ".".join(path)
        return
    if depth == 0:
        return
    inner: Iterable[tuple[object, object]] = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield from _pictures(one, (*path, str(key)), depth - 1)
