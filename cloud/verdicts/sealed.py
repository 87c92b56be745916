"""Records in the store that carry their signature beside their own fields.

PURE. The signature is over everything else in the record, unknown fields included. Called by what
writes and reads entries and horizons.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from contract import ijson
from contract.report import Wire
from contract.statement import Distrust, seal_in, statement
from contract.validation_errors import first_error

if TYPE_CHECKING:
    from contract.signature import Keyring, Signer

KEY_ID, SIGNATURE = "signaturekey", "signature"


class RecordFault(StrEnum):
    """Why what lies there is no record of ours; beside the reasons of `Distrust`."""

    MALFORMED = "malformed"
    MISPLACED = "misplaced"
    """It is one, but of another report or gateway."""


RecordRefusal = tuple[RecordFault | Distrust, str]
"""Why, and the same in words."""

Record = TypeVar("Record", bound=Wire)


def encode(domain: str, record: Wire, signer: Signer | None) -> bytes:
    """As it is stored; signed if there is a key."""
    values: dict[str, object] = record.model_dump(mode="json")
    if signer is not None:
        seal = signer.seal(statement(domain, (), values))
        values |= {KEY_ID: seal.key_id, SIGNATURE: seal.signature}
    return json.dumps(values, indent=2, allow_nan=False).encode()


def decode(
    domain: str, kind: type[Record], stored: bytes, keyring: Keyring | None
) -> Record | RecordRefusal:
    """The record, or why it is none; without keys any signature will do, and none."""
    try:
        values = ijson.parse(stored)
        record = kind.model_validate(values)
    except ValidationError as error:
        return RecordFault.MALFORMED, first_error(error)
    except ValueError as error:
        return RecordFault.MALFORMED, f"no JSON: {error}"
    if keyring is not None and isinstance(values, dict):
        return _distrust(domain, values, keyring) or record
    return record


def _distrust(domain: str, values: Mapping[str, object], keyring: Keyring) -> RecordRefusal | None:
    said = {name: value for name, value in values.items() if name not in {KEY_ID, SIGNATURE}}
    seal = seal_in(values, KEY_ID, SIGNATURE)
    try:
        reason = keyring.distrust(statement(domain, (), said), seal)
    except ValueError:
        reason = Distrust.FORGED
    if reason is None:
        return None
    return reason, "no signature" if seal is None else f"signed with {seal.key_id[:64]!r}"
