"""What is signed, as bytes, and the signature as a message or record carries it.

PURE. A statement is a domain, some texts and data, each with its length before it (the
pre-authentication encoding of DSSE), so that no signature means anything in another place. Data is
in one canonical form, so it may be parsed and written anew on its way. Source of the encoding: DSSE
1.0.2. Keys are `contract.signature`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

KeyId = NewType("KeyId", str)

_EXACT_INTEGERS = 2.0**53


class Distrust(StrEnum):
    """Why a signature is not accepted."""

    UNSIGNED = "unsigned"
    FOREIGN_KEY = "foreign_key"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class Seal:
    """A signature in base64, and by which key."""

    key_id: KeyId
    signature: str


def seal_in(values: Mapping[str, object], key_name: str, signature_name: str) -> Seal | None:
    """The signature that a message or record carries, if it carries one."""
    key_id, signature = values.get(key_name), values.get(signature_name)
    if not (isinstance(key_id, str) and isinstance(signature, str)):
        return None
    return Seal(key_id=KeyId(key_id), signature=signature)


def statement(domain: str, texts: Iterable[str], data: object) -> bytes:
    """The bytes that are signed. Raises `ValueError` for data that is no JSON."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in (domain, *texts)]
    parts = (*encoded, canonical(data))
    return b"stillwatch1" + b"".join(b" %d %b" % (len(part), part) for part in parts)


def canonical(data: object) -> bytes:
    """One form for data that means the same: sorted keys, no blanks, ASCII, 1.0 written as 1.

    Raises `ValueError` for what is no JSON: NaN, infinities, too deep.
    """
    try:
        text = json.dumps(_plain(data), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"data has no canonical form: {error}") from error
    return text.encode()


def _plain(data: object) -> object:
    """Whole numbers without a fraction, as writers in other languages have them."""
    match data:
        case float() if data.is_integer() and abs(data) < _EXACT_INTEGERS:
            return int(data)
        case dict():
            return {key: _plain(value) for key, value in data.items()}
        case list() | tuple():
            return [_plain(value) for value in data]
        case _:
            return data
