"""The envelope of what is ordered from afar: a payload, its type and who signed it, as DSSE has it.

PURE. `read_envelope` takes any bytes and parses nothing of the payload: a signature is checked over
the bytes as they came (`Envelope.signed`), by `contract.trust`. Source: DSSE 1.0.2. Stricter than
that: one object of three keys and no others, key ids are there and each but once, base64 has one
spelling, sizes are bounded.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from contract import ijson
from contract.statement import KeyId, Seal

if TYPE_CHECKING:
    from contract.signature import Signer

MAX_ENVELOPE_BYTES = 512 * 1024
MAX_SIGNATURES = 16
_MAX_TYPE_CHARS = 128
_MAX_KEY_ID_CHARS = 128
_SIGNATURE_BYTES = 64
_URL_SAFE = str.maketrans("-_", "+/")


class RefusalReason(StrEnum):
    """Why an order or a root is not accepted; what the gateway reports and counts."""

    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    WRONG_KIND = "wrong_kind"
    UNSIGNED = "unsigned"
    FOREIGN_KEY = "foreign_key"
    FORGED = "forged"
    BELOW_THRESHOLD = "below_threshold"
    EXPIRED = "expired"
    REPLAYED = "replayed"
    NOT_FOR_US = "not_for_us"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason, and in words what was found."""

    reason: RefusalReason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Read, and not yet believed."""

    payload_type: str
    payload: bytes
    signatures: tuple[Seal, ...]

    @property
    def signed(self) -> bytes:
        """The bytes under each signature: DSSE's pre-authentication encoding."""
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)


def read_envelope(content: bytes) -> Envelope | Refusal:
    """The envelope in `content`, or why there is none; never raises."""
    if len(content) > MAX_ENVELOPE_BYTES:
        return Refusal(
            RefusalReason.TOO_LARGE, f"{len(content)} bytes, over {MAX_ENVELOPE_BYTES} bytes"
        )
    try:
        return envelope_of(ijson.parse(content))
    except ValueError as error:
        return Refusal(RefusalReason.MALFORMED, f"no JSON: {error}")


def envelope_of(document: object) -> Envelope | Refusal:
    """The same for JSON that was parsed already."""
    try:
        return _envelope(document)
    except ValueError as error:
        return Refusal(RefusalReason.MALFORMED, f"no signed envelope: {error}")


def write_envelope(envelope: Envelope) -> bytes:
    """As it is published and stored."""
    document = {
        "payloadType": envelope.payload_type,
        "payload": base64.b64encode(envelope.payload).decode(),
        "signatures": [
            {"keyid": seal.key_id, "sig": seal.signature} for seal in envelope.signatures
        ],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def seal(payload_type: str, payload: bytes, signers: Sequence[Signer]) -> Envelope:
    """The payload, signed by each of `signers`."""
    bare = Envelope(payload_type=payload_type, payload=payload, signatures=())
    for signer in signers:
        bare = add_signature(bare, signer)
    return bare


def add_signature(envelope: Envelope, signer: Signer) -> Envelope:
    """The same payload, signed by one more; his earlier signature is replaced."""
    others = tuple(one for one in envelope.signatures if one.key_id != signer.key_id)
    return Envelope(
        payload_type=envelope.payload_type,
        payload=envelope.payload,
        signatures=(*others, signer.seal(envelope.signed)),
    )


def _envelope(document: object) -> Envelope:
    match document:
        case {
            "payloadType": str(kind),
            "payload": str(payload),
            "signatures": list(signatures),
            **others,
        } if not others:
            pass
        case _:
            raise ValueError("it has payloadType, payload and signatures, and nothing else")
    if not kind.isascii() or not 0 < len(kind) <= _MAX_TYPE_CHARS:
        raise ValueError(f"payloadType is not 1 to {_MAX_TYPE_CHARS} characters of ASCII")
    if len(signatures) > MAX_SIGNATURES:
        raise ValueError(f"{len(signatures)} signatures, over {MAX_SIGNATURES}")
    seals = tuple(_seal(one) for one in signatures)
    if len({one.key_id for one in seals}) != len(seals):
        raise ValueError("two signatures name the same key")
    return Envelope(payload_type=kind, payload=_decoded(payload), signatures=seals)


def _seal(entry: object) -> Seal:
    match entry:
        case {"keyid": str(key_id), "sig": str(signature), **others} if not others:
            pass
        case _:
            raise ValueError("a signature has keyid and sig, and nothing else")
    if not key_id.isascii() or not 0 < len(key_id) <= _MAX_KEY_ID_CHARS:
        raise ValueError(f"a keyid is not 1 to {_MAX_KEY_ID_CHARS} characters of ASCII")
    raw = _decoded(signature)
    if len(raw) != _SIGNATURE_BYTES:
        raise ValueError(f"a signature of {len(raw)} bytes, where Ed25519 has {_SIGNATURE_BYTES}")
    return Seal(key_id=KeyId(key_id), signature=base64.b64encode(raw).decode())


def _decoded(text: str) -> bytes:
    """Of the standard or the URL's alphabet, as DSSE allows; else one spelling for the bytes."""
    plain = text.translate(_URL_SAFE)
    try:
        raw = base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"no base64: {error}") from error
    if base64.b64encode(raw).decode() != plain:
        raise ValueError("no base64: it is not how these bytes are spelled")
    return raw
