"""Reads what strangers post to the service, and refuses what is no request.

PURE. No bytes make it raise anything but `RequestRefused`. What passed is well-formed, and a
request for a certificate is signed by its own key; `registrar`, who calls, decides on granting it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from pydantic import BaseModel

from contract.enrolment import EnrolmentRefused, EnrolmentRequest, RenewalRequest
from contract.ids import is_name
from contract.possession import UNREADABLE, is_proven, read_certificate
from contract.store_access import StoreRequest

Message = TypeVar("Message", bound=BaseModel)

_CURVES = ("secp256r1", "secp384r1")
_MOST_WORDS = 500


class RequestRefused(Exception):
    """A decision; `detail` says what to do."""

    def __init__(self, reason: EnrolmentRefused, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCertificate:
    """A certificate that is asked for: the gateway's id, and the request with its key."""

    name: str
    request: x509.CertificateSigningRequest
    key: ec.EllipticCurvePublicKey

    @property
    def use_sha256(self) -> str:
        """Of a name by a key: with a key that used a token no second name is had for nothing."""
        der = self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(self.name.encode() + b"\0" + der).hexdigest()


def read_enrolment(body: bytes) -> tuple[str, WantedCertificate]:
    """The token's text, and what is wanted by it; raises `RequestRefused`, like all that follow."""
    asked = _message(body, EnrolmentRequest)
    return asked.token, _wanted(asked.request)


def read_renewal(body: bytes) -> tuple[x509.Certificate, WantedCertificate, str]:
    """The present certificate, what is wanted in its place, and the proof, not checked yet."""
    asked = _message(body, RenewalRequest)
    return _certificate(asked.certificate), _wanted(asked.request), asked.proof


def read_store_request(body: bytes) -> tuple[StoreRequest, x509.Certificate]:
    """The request, its proof not checked yet, and the certificate in it."""
    asked = _message(body, StoreRequest)
    return asked, _certificate(asked.certificate)


def check_proof(certificate: x509.Certificate, said: bytes, proof: str) -> None:
    """That the certificate's key signed what is `said`."""
    if not is_proven(certificate, said, proof):
        raise RequestRefused(EnrolmentRefused.FORGED, "the proof is not by the certificate's key")


def _message(body: bytes, kind: type[Message]) -> Message:
    try:
        return kind.model_validate_json(body)
    except ValueError as error:
        raise _malformed(error) from error


def _certificate(pem: str) -> x509.Certificate:
    try:
        return read_certificate(pem.encode())
    except ValueError as error:
        raise _malformed(error) from error


def _malformed(error: ValueError) -> RequestRefused:
    detail = f"not a request of this service: {error}"[:_MOST_WORDS]
    return RequestRefused(EnrolmentRefused.MALFORMED, detail)


def _wanted(pem: str) -> WantedCertificate:
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        key = request.public_key()
        signed = request.is_signature_valid
    except UNREADABLE as error:
        raise RequestRefused(EnrolmentRefused.BAD_REQUEST, f"no usable PKCS 10: {error}") from error
    if not (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES):
        raise RequestRefused(
            EnrolmentRefused.BAD_REQUEST, f"the key must be of a curve of {', '.join(_CURVES)}"
        )
    if not signed:
        raise RequestRefused(EnrolmentRefused.FORGED, "the request is not signed by its own key")
    name = str(names[0].value) if len(names) == 1 else ""
    if not is_name(name):
        raise RequestRefused(
            EnrolmentRefused.BAD_REQUEST, "the common name must be a gateway's id: a-z 0-9 _ -"
        )
    return WantedCertificate(name=name, request=request, key=key)
