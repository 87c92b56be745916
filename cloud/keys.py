"""The cloud's keys as files: made once, read at start.

SHELL. A private key is made for its owner's eyes and refused where everybody may read it; public
keys are what gateways and auditors get. Called by `__main__` and `serve`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud.settings import Settings, SettingsError
from contract.signature import (
    KeyFlaw,
    Keyring,
    Signer,
    new_signer,
    private_pem,
    public_text,
    read_public,
    read_signer,
)

MAX_KEY_BYTES = 16_384
_OTHERS_READ = 0o004
_CONTAINER_SECRETS = Path("/run/secrets")
"""What a container's runtime mounts here only that container sees; some give it mode 0444."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a worker signs with and whose signatures it accepts; None: signs nothing, needs none."""

    signer: Signer | None = None
    keyring: Keyring | None = None


def open_keys(settings: Settings) -> Keys:
    """The configured keys; a worker trusts its own. Raises `SettingsError`."""
    signer = None if settings.signing_key is None else open_signer(settings.signing_key)
    trusted = [] if signer is None else [signer.public]
    trusted += [_public(file) for file in settings.trusted_keys]
    return Keys(signer=signer, keyring=Keyring(trusted) if trusted else None)


def open_signer(file: Path) -> Signer:
    """The private key in `file`; raises `SettingsError`."""
    content = _read(file)
    if file.stat().st_mode & _OTHERS_READ and not file.is_relative_to(_CONTAINER_SECRETS):
        raise SettingsError(f"signing key {file} may be read by everybody: chmod 0600 {file}")
    try:
        return read_signer(content)
    except KeyFlaw as error:
        raise SettingsError(f"signing key {file}: {error}") from error


def make_keys(file: Path) -> str:
    """Makes `file` and `file.pub`; returns the public key in words. Never overwrites either."""
    signer = new_signer()
    text = public_text(signer.public)
    _write(file, private_pem(signer), 0o600)
    _write(public_file(file), f"{text}\n".encode(), 0o644)
    return text


def public_file(file: Path) -> Path:
    """Where `make_keys` puts the public one."""
    return file.with_name(f"{file.name}.pub")


def _public(file: Path) -> Ed25519PublicKey:
    try:
        return read_public(_read(file))
    except KeyFlaw as error:
        raise SettingsError(f"trusted key {file}: {error}") from error


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_KEY_BYTES)
    except OSError as error:
        raise SettingsError(f"key {file} cannot be read: {error.strerror}") from error


def _write(file: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except FileExistsError as error:
        raise SettingsError(f"{file} is there already, and a key is not overwritten") from error
    except OSError as error:
        raise SettingsError(f"key {file} cannot be written: {error.strerror}") from error
