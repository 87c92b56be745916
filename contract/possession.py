"""Certificates as a stranger sends them, and the proof that he holds the private key of one.

PURE. The proof is ECDSA with SHA-256, in base64. Used where a gateway shows who it is to a service
that may stand behind a proxy.
"""

from __future__ import annotations

import base64
import binascii

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

UNREADABLE = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)
"""What `cryptography` raises for a certificate, or a request for one, that is damaged or hostile:
at once, or when a part of it is first asked for."""


def read_certificate(pem: bytes) -> x509.Certificate:
    """A certificate whose name, days and key can be asked for later; raises `ValueError`."""
    try:
        found = x509.load_pem_x509_certificate(pem)
        _ = found.subject, found.not_valid_before_utc, found.not_valid_after_utc
        found.public_key()
    except UNREADABLE as error:
        raise ValueError(f"no usable certificate: {error}") from error
    return found


def prove(key: ec.EllipticCurvePrivateKey, said: bytes) -> str:
    """The proof over a statement."""
    return base64.b64encode(key.sign(said, ec.ECDSA(hashes.SHA256()))).decode()


def is_proven(certificate: x509.Certificate, said: bytes, proof: str) -> bool:
    """Whether the key of a certificate, as of `read_certificate`, signed the statement."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(base64.b64decode(proof, validate=True), said, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
