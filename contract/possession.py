"""The proof that somebody holds the private key of a certificate: ECDSA with SHA-256, in base64.

PURE. Used where a gateway shows who it is to a service that may stand behind a proxy.
"""

from __future__ import annotations

import base64
import binascii

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec


def prove(key: ec.EllipticCurvePrivateKey, said: bytes) -> str:
    """The proof over a statement."""
    return base64.b64encode(key.sign(said, ec.ECDSA(hashes.SHA256()))).decode()


def is_proven(certificate: x509.Certificate, said: bytes, proof: str) -> bool:
    """Whether the certificate's key signed the statement."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    try:
        key.verify(base64.b64decode(proof, validate=True), said, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
