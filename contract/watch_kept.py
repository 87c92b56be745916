"""The cloud's word that it keeps an entry of a gateway's proof of watch, on `watch/kept`.

PURE. Signed like a verdict where the cloud has a key, so that nobody can keep a gateway from
sending what the cloud lacks. Written by `cloud.serve.watch_keeper`, read by `edge.watch_proof`.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from contract import ijson
from contract.envelope import Refusal, RefusalReason
from contract.report import GatewayName, Sha256, Wire
from contract.signature import Keyring, Signer
from contract.statement import seal_in, statement
from contract.validation_errors import first_error
from contract.values import Word

_DOMAIN = "io.stillwatch.watch-kept.v1"
_KEY_ID, _SIGNATURE = "signaturekey", "signature"


class WatchKept(Wire):
    """An entry lies in the cloud's store."""

    format: Literal[1] = Field(1, description="Version of this message.")
    gateway: GatewayName = Field(description="Whose entry.")
    key: Word = Field(description="By which it is signed, as the entry names it.")
    number: Annotated[int, Field(ge=1, lt=2**53)] = Field(description="Of the entry.")
    sha256: Sha256 = Field(description="Of the entry's payload.")


def write_kept(kept: WatchKept, signer: Signer | None) -> bytes:
    """As it is published; signed if there is a key."""
    values: dict[str, object] = kept.model_dump(mode="json")
    if signer is not None:
        seal = signer.seal(statement(_DOMAIN, (), values))
        values |= {_KEY_ID: seal.key_id, _SIGNATURE: seal.signature}
    return json.dumps(values).encode()


def read_kept(payload: bytes, keyring: Keyring | None) -> WatchKept | Refusal:
    """What the cloud said, or why it is not believed; never raises. Without keys, whoever said
    it."""
    try:
        values = ijson.parse(payload)
        kept = WatchKept.model_validate(values)
    except ValidationError as error:
        return Refusal(RefusalReason.INVALID, first_error(error))
    except ValueError as error:
        return Refusal(RefusalReason.MALFORMED, str(error))
    if keyring is None:
        return kept
    seal = seal_in(values, _KEY_ID, _SIGNATURE) if isinstance(values, dict) else None
    distrust = keyring.distrust(statement(_DOMAIN, (), kept.model_dump(mode="json")), seal)
    if distrust is None:
        return kept
    return Refusal(RefusalReason(distrust.value), f"number {kept.number} of {kept.gateway}")
