"""Files of the operator: envelopes that are signed one after the other, keys, patches.

SHELL. An envelope holds no secret; it is written whole or not at all. Raises `CannotRun`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud.confirm.offline import CannotRun
from cloud.keys import open_signer
from contract.envelope import (
    MAX_ENVELOPE_BYTES,
    Envelope,
    Refusal,
    add_signature,
    read_envelope,
    write_envelope,
)
from contract.signature import KeyFlaw, Signer, read_public


def read_file(file: Path) -> bytes:
    """Its bytes, of at most as many as an envelope may have and one more."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_ENVELOPE_BYTES + 1)
    except OSError as error:
        raise CannotRun(f"{file} cannot be read: {error.strerror}") from error


def read_signed(file: Path) -> Envelope:
    """The envelope in it, whoever signed it."""
    found = read_envelope(read_file(file))
    if isinstance(found, Refusal):
        raise CannotRun(f"{file}: {found.reason}: {found.detail}")
    return found


def write_signed(file: Path, envelope: Envelope) -> None:
    """In place of what was there."""
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        partial.write_bytes(write_envelope(envelope) + b"\n")
        partial.replace(file)
    except OSError as error:
        raise CannotRun(f"{file} cannot be written: {error.strerror}") from error


def sign_file(file: Path, keys: Sequence[Path]) -> Envelope:
    """Adds the signatures of `keys` to it."""
    envelope = read_signed(file)
    for signer in signers(keys):
        envelope = add_signature(envelope, signer)
    write_signed(file, envelope)
    return envelope


def signers(keys: Sequence[Path]) -> list[Signer]:
    """The private keys; raises `SettingsError` for one that cannot be used."""
    return [open_signer(key) for key in keys]


def public_key(file: Path) -> Ed25519PublicKey:
    """The public key in a file that `keygen` made."""
    try:
        return read_public(read_file(file))
    except KeyFlaw as error:
        raise CannotRun(f"{file}: {error}") from error
