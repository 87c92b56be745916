"""JSON as messages may have it: the interoperable kind, I-JSON (RFC 7493).

PURE. Python reads more than JSON: NaN and infinities, numbers that no double holds, half characters
(lone surrogates) that nothing can store or send again, UTF-16, the last of two equal keys. What
two readers could take differently, or one cannot write down again, is refused here, at the rim.
Called for every message and for every file of ours that is JSON.
"""

from __future__ import annotations

import json
import math
from typing import NoReturn

_LONGEST_INT = 20
"""Characters of a whole number that is surely within 64 bits and the sign; see `_whole`."""

_INT_BOUND = 2**63
"""What SQLite, and every other reader, can hold."""


def parse(payload: bytes) -> object:
    """The document; raises `ValueError` (no other) with what is wrong."""
    text = payload.decode("utf-8")
    try:
        document: object = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_fraction,
            parse_int=_whole,
            parse_constant=_constant,
        )
        if "\\ud" in text or "\\uD" in text:
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except UnicodeEncodeError as error:
        raise ValueError("a text has half a character (a lone surrogate)") from error
    return document


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _fraction(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:_LONGEST_INT]} is no number that a double holds")
    return value


def _whole(text: str) -> int:
    value = int(text) if len(text) <= _LONGEST_INT else _INT_BOUND
    if not -_INT_BOUND <= value < _INT_BOUND:
        raise ValueError(f"{text[:_LONGEST_INT]} has more than 64 bits")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
