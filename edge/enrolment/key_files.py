"""The gateway's key and certificate on disk, beside the outbox.

SHELL. The key is made here and leaves this machine never; both files are for our eyes only and
written whole. Called by `enroller`; `daemon.connections` hands the paths to the uplink.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from contract.enrolment import renewal_statement
from contract.possession import prove, read_certificate
from edge.storage.files import aside, write_whole
from edge.storage.state_files import StateFile

FOLDER = StateFile.IDENTITY
OURS = 0o600
"""Rights of all files here."""

_RENEW_AT = 2 / 3
"""Of a certificate's life: the last third is for a service that is away."""


class KeyFiles:
    """`key` and `certificate` may not be there yet."""

    def __init__(self, state: Path) -> None:
        """`state`: the folder of the gateway's durable state."""
        self.key = state / FOLDER / "gateway.key"
        self.certificate = state / FOLDER / "gateway.crt"
        self._token_sha256 = state / FOLDER / "token.sha256"

    def open_key(self) -> ec.EllipticCurvePrivateKey:
        """The key, made if there is none or what is there is none; raises `OSError`."""
        found = None
        with suppress(FileNotFoundError, ValueError, TypeError, UnsupportedAlgorithm):
            found = load_pem_private_key(self.key.read_bytes(), password=None)
        if isinstance(found, ec.EllipticCurvePrivateKey):
            return found
        if self.key.exists():
            self.key.replace(aside(self.key, 1))
        made = ec.generate_private_key(ec.SECP256R1())
        text = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_whole(self.key, text, OURS)
        return made

    def open_certificate(self) -> x509.Certificate | None:
        """The present certificate; None if there is none, it is damaged, or not of this key."""
        try:
            found = read_certificate(self.certificate.read_bytes())
            fits = found.public_key() == self.open_key().public_key()
        except (OSError, ValueError):
            return None
        return found if fits else None

    def keep(self, certificate_pem: str) -> None:
        """Raises `OSError`; `ValueError` if it is not of our key."""
        certificate = read_certificate(certificate_pem.encode())
        if certificate.public_key() != self.open_key().public_key():
            raise ValueError("the certificate is of another key")
        write_whole(self.certificate, certificate_pem, OURS)

    def is_new(self, token: str) -> bool:
        """Whether `token` is one that got us no certificate yet."""
        try:
            return bool(token) and self._token_sha256.read_text() != _hash(token)
        except (OSError, UnicodeDecodeError):
            return bool(token)

    def used(self, token: str) -> None:
        """Raises `OSError`."""
        write_whole(self._token_sha256, _hash(token), OURS)


def request_for(key: ec.EllipticCurvePrivateKey, gateway: str) -> x509.CertificateSigningRequest:
    """PKCS 10 with the gateway's id as common name."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, gateway)])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())


def pem(request: x509.CertificateSigningRequest | x509.Certificate) -> str:
    return request.public_bytes(Encoding.PEM).decode()


def proof_of(key: ec.EllipticCurvePrivateKey, request: x509.CertificateSigningRequest) -> str:
    """That whoever holds the present certificate asks for this (contract.enrolment)."""
    return prove(key, renewal_statement(request.public_bytes(Encoding.DER)))


def name_of(certificate: x509.Certificate) -> str:
    """The gateway that it is for."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def renew_at(certificate: x509.Certificate) -> datetime:
    """When the next one should be asked for."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin + _RENEW_AT * (end - begin)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
