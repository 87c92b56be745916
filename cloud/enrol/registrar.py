"""Decides on requests for certificates: a token's first one, and renewals.

SHELL, by way of the authority's folder. Nothing is looked up or signed before the request is
well-formed and signed by its own key. A gateway that asks again with the same key and token gets
another certificate, so a lost answer locks nobody out; for this the token counts as used only once
the certificate is signed. Called by `service`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from cloud.enrol.authority import Authority
from cloud.enrol.store_signer import StoreSigner
from cloud.enrol.tokens import Token, Tokens
from contract.enrolment import (
    EnrolmentAnswer,
    EnrolmentRefusal,
    EnrolmentRefused,
    EnrolmentRequest,
    RenewalRequest,
    renewal_statement,
)
from contract.ids import GatewayId, is_name
from contract.keys import is_model_key
from contract.possession import is_proven
from contract.store_access import SIGNED_HEADERS, StoreAddress, StoreRequest, store_statement
from objectstore.store import PermanentStoreError, check_key

RENEW_AFTER = 2 / 3
"""Of a certificate's days: a third is left for a cloud that is away."""

MOST_ASKEW = timedelta(minutes=10)
"""Between the service's clock and that of a gateway whose request is signed."""

Granted = TypeVar("Granted", EnrolmentAnswer, StoreAddress)

_CURVES = ("secp256r1", "secp384r1")


class _Refused(Exception):
    """A decision."""

    def __init__(self, reason: EnrolmentRefused, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


class Registrar:
    """Answers every body with a certificate or a refusal; raises `AuthorityError` only."""

    def __init__(
        self,
        authority: Authority,
        days: float,
        now: Callable[[], datetime],
        signer: StoreSigner | None = None,
    ) -> None:
        """`signer`: of a store that gateways without credentials may use."""
        self._authority, self._days, self._now, self._signer = authority, days, now, signer
        self._tokens = Tokens(authority.folder)

    def enrol(self, body: bytes) -> EnrolmentAnswer | EnrolmentRefusal:
        """The first certificate of a gateway, by a token."""
        return self._answer(self._enrol, body)

    def renew(self, body: bytes) -> EnrolmentAnswer | EnrolmentRefusal:
        """The next one of a gateway, by the present one."""
        return self._answer(self._renew, body)

    def sign(self, body: bytes) -> StoreAddress | EnrolmentRefusal:
        """The address of one request to the store, below the gateway's own prefix."""
        return self._answer(self._store_address, body)

    def _answer(
        self, decide: Callable[[bytes], Granted], body: bytes
    ) -> Granted | EnrolmentRefusal:
        try:
            return decide(body)
        except _Refused as refused:
            now = self._now() if refused.reason is EnrolmentRefused.WRONG_CLOCK else None
            return EnrolmentRefusal(reason=refused.reason, detail=refused.detail, now=now)

    def _enrol(self, body: bytes) -> EnrolmentAnswer:
        try:
            asked = EnrolmentRequest.model_validate_json(body)
        except (ValidationError, ValueError) as error:
            raise _malformed(error) from error
        request, name = _request(asked.request)
        use = _use_sha256(name, request)
        with self._authority.locked():
            token = self._tokens.find(asked.token)
            if token is None:
                raise _Refused(
                    EnrolmentRefused.UNKNOWN_TOKEN, "no such token: make one with `enrol token`"
                )
            if not token.fits(name):
                raise _Refused(
                    EnrolmentRefused.WRONG_NAME,
                    f"the token is for {token.names}, not for {name}: set `gateway.id`",
                )
            again = use in token.used_by
            if not again and self._now() >= token.expires_at:
                raise _Refused(
                    EnrolmentRefused.EXPIRED_TOKEN, f"the token ended at {token.expires_at:%FT%TZ}"
                )
            if not again and not token.left:
                raise _Refused(
                    EnrolmentRefused.USED_TOKEN, "another device used the token: make a new one"
                )
            self._clear_name(name, request, token, again=again)
            answer = self._sign(name, request)
            self._tokens.use(token, use)
            return answer

    def _clear_name(
        self, name: str, request: x509.CertificateSigningRequest, token: Token, *, again: bool
    ) -> None:
        """A name is one device's, which is known by its key; `again`: it used this token before."""
        listed = [one for one in self._authority.issued() if one.name == name]
        good = [one for one in listed if one.good(self._now())]
        revoked = token.for_many and any(one.revoked_at is not None for one in listed)
        if listed and not good and (again or revoked):
            raise _Refused(
                EnrolmentRefused.REVOKED,
                f"{name} was revoked or is over: make a new token for this name alone",
            )
        key = request.public_key()
        others = [one for one in good if not self._authority.is_of(one, key)]
        if others and token.replace and not again:
            self._authority.revoke(name)
        elif others:
            raise _Refused(
                EnrolmentRefused.NAME_TAKEN,
                f"another device has a certificate for {name}: revoke it, or make the token with "
                "--replace",
            )

    def _renew(self, body: bytes) -> EnrolmentAnswer:
        try:
            asked = RenewalRequest.model_validate_json(body)
            certificate = x509.load_pem_x509_certificate(asked.certificate.encode())
        except (ValidationError, ValueError) as error:
            raise _malformed(error) from error
        request, name = _request(asked.request)
        with self._authority.locked():
            holder = self._holder(certificate)
            if name != holder:
                raise _Refused(
                    EnrolmentRefused.WRONG_NAME, f"the certificate is {holder}'s, not {name}'s"
                )
            said = renewal_statement(request.public_bytes(Encoding.DER))
            _check_proof(certificate, said, asked.proof)
            return self._sign(name, request)

    def _store_address(self, body: bytes) -> StoreAddress:
        try:
            asked = StoreRequest.model_validate_json(body)
            certificate = x509.load_pem_x509_certificate(asked.certificate.encode())
        except (ValidationError, ValueError) as error:
            raise _malformed(error) from error
        if self._signer is None:
            raise _Refused(
                EnrolmentRefused.NOT_OFFERED,
                "the service signs for no store: `enrol serve --store`",
            )
        _check_proof(certificate, store_statement(asked), asked.proof)
        holder = self._holder(certificate)
        if abs(self._now() - asked.at) > MOST_ASKEW:
            raise _Refused(EnrolmentRefused.WRONG_CLOCK, f"it says {asked.at:%FT%TZ}")
        own = asked.key.startswith(f"evidence/{holder}/") and _is_key(asked.key)
        if not own and not (asked.method != "PUT" and is_model_key(asked.key)):
            raise _Refused(
                EnrolmentRefused.WRONG_KEY,
                f"{holder} may reach evidence/{holder}/, read models/, and no more",
            )
        if not asked.headers.keys() <= set(SIGNED_HEADERS):
            raise _Refused(EnrolmentRefused.BAD_REQUEST, f"only {', '.join(SIGNED_HEADERS)}")
        return StoreAddress(url=self._signer.address(asked.method, asked.key, asked.headers))

    def _holder(self, certificate: x509.Certificate) -> str:
        """The gateway that a good certificate of ours is for."""
        issued = self._authority.knows(certificate)
        if issued is None:
            raise _Refused(
                EnrolmentRefused.FOREIGN_CERTIFICATE, "it is not of this authority: enrol anew"
            )
        if issued.revoked_at is not None:
            raise _Refused(EnrolmentRefused.REVOKED, f"{issued.name} was revoked")
        if not issued.good(self._now()):
            raise _Refused(
                EnrolmentRefused.EXPIRED,
                f"the certificate ended at {issued.ends_at:%FT%TZ}: enrol with a new token",
            )
        return issued.name

    def _sign(self, name: str, request: x509.CertificateSigningRequest) -> EnrolmentAnswer:
        pem = self._authority.sign(name, request, self._days)
        certificate = x509.load_pem_x509_certificate(pem)
        return EnrolmentAnswer(
            gateway=GatewayId(name),
            certificate=pem.decode(),
            renew_after=self._now() + timedelta(days=self._days * RENEW_AFTER),
            expires_at=certificate.not_valid_after_utc,
        )


def _request(pem: str) -> tuple[x509.CertificateSigningRequest, str]:
    """A request that its own key signed, and the gateway's name in it."""
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        key = request.public_key()
        signed = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _Refused(EnrolmentRefused.BAD_REQUEST, f"no usable PKCS 10: {error}") from error
    if not (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES):
        raise _Refused(
            EnrolmentRefused.BAD_REQUEST, f"the key must be of a curve of {', '.join(_CURVES)}"
        )
    if not signed:
        raise _Refused(EnrolmentRefused.FORGED, "the request is not signed by its own key")
    name = str(names[0].value) if len(names) == 1 else ""
    if not is_name(name):
        raise _Refused(
            EnrolmentRefused.BAD_REQUEST, "the common name must be a gateway's id: a-z 0-9 _ -"
        )
    return request, name


def _check_proof(certificate: x509.Certificate, said: bytes, proof: str) -> None:
    if not is_proven(certificate, said, proof):
        raise _Refused(EnrolmentRefused.FORGED, "the proof is not by the certificate's key")


def _is_key(key: str) -> bool:
    try:
        check_key(key)
    except PermanentStoreError:
        return False
    return True


def _use_sha256(name: str, request: x509.CertificateSigningRequest) -> str:
    """Of a name by a key: with a key that used a token no second name is had for nothing."""
    der = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(name.encode() + b"\0" + der).hexdigest()


def _malformed(error: Exception) -> _Refused:
    return _Refused(EnrolmentRefused.MALFORMED, f"not a request of this service: {error}"[:500])
