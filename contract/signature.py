"""Who said it: Ed25519 signatures over what the cloud publishes and stores.

PURE. What is signed is a statement (`contract.statement`). A signature names its key; several keys
are trusted while one replaces another. The only module that needs the package `cryptography`: what
neither signs nor checks, such as the archive's stages, does without it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from contract.statement import Distrust, KeyId, Seal

TEXT_PREFIX = "ed25519:"
"""Of a public key as a line of text: this, then the 32 bytes in base64."""

_RAW_BYTES = 32
_KEY_ID_CHARS = 16


class KeyFlaw(ValueError):
    """A key cannot be used; the text says why."""


class Signer:
    """A private key."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key_id = key_id_of(private.public_key())

    @property
    def public(self) -> Ed25519PublicKey:
        return self._private.public_key()

    def seal(self, said: bytes) -> Seal:
        """The signature of a statement."""
        signature = base64.b64encode(self._private.sign(said)).decode()
        return Seal(key_id=self.key_id, signature=signature)


class Keyring:
    """The public keys that are trusted."""

    def __init__(self, keys: Iterable[Ed25519PublicKey]) -> None:
        self._keys: Mapping[KeyId, Ed25519PublicKey] = {key_id_of(key): key for key in keys}

    @property
    def key_ids(self) -> tuple[KeyId, ...]:
        return tuple(self._keys)

    def distrust(self, said: bytes, seal: Seal | None) -> Distrust | None:
        """What is wrong with the signature of a statement; None if it is of a trusted key."""
        if seal is None:
            return Distrust.UNSIGNED
        key = self._keys.get(seal.key_id)
        if key is None:
            return Distrust.FOREIGN_KEY
        try:
            key.verify(base64.b64decode(seal.signature, validate=True), said)
        except (InvalidSignature, binascii.Error, ValueError):
            return Distrust.FORGED
        return None


def key_id_of(key: Ed25519PublicKey) -> KeyId:
    """The beginning of the key's SHA-256."""
    return KeyId(hashlib.sha256(_raw(key)).hexdigest()[:_KEY_ID_CHARS])


def new_signer() -> Signer:
    """A key that nobody has had before."""
    return Signer(Ed25519PrivateKey.generate())


def private_pem(signer: Signer) -> bytes:
    """PKCS 8, not encrypted: keep it where only the workers read."""
    return signer._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_text(key: Ed25519PublicKey) -> str:
    """`ed25519:` and the key in base64, as configurations name it."""
    return TEXT_PREFIX + base64.b64encode(_raw(key)).decode()


def read_signer(pem: bytes) -> Signer:
    """The private key in a PEM file; raises `KeyFlaw`."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFlaw(f"no private key in PEM without a password: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFlaw("not an Ed25519 key: make one with `stillwatch-cloud keygen`")
    return Signer(key)


def read_public(content: bytes) -> Ed25519PublicKey:
    """The public key in a PEM file or a line of text; raises `KeyFlaw`."""
    if b"PRIVATE KEY" in content:
        raise KeyFlaw("a private key, which belongs to the cloud alone: give the public one")
    if b"-----BEGIN" not in content:
        return _from_text(content)
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFlaw(f"no public key in PEM: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFlaw("not an Ed25519 key")
    return key


def _from_text(content: bytes) -> Ed25519PublicKey:
    try:
        text = content.decode("ascii").strip().removeprefix(TEXT_PREFIX)
        raw = base64.b64decode(text, validate=True)
    except (UnicodeDecodeError, binascii.Error) as error:
        raise KeyFlaw(f"neither PEM nor {TEXT_PREFIX}BASE64: {error}") from error
    if len(raw) != _RAW_BYTES:
        raise KeyFlaw(f"{len(raw)} bytes, where an Ed25519 key has {_RAW_BYTES}")
    return Ed25519PublicKey.from_public_bytes(raw)


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
