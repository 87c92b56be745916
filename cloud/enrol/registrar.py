"""Decides on requests for certificates: a token's first one, and renewals.

SHELL, by way of the authority's folder. Nothing is looked up or signed before the request has been
read and checked (`requests`). A gateway that asks again with the same key and token gets
another certificate, so a lost answer locks nobody out; for this the token counts as used only once
the certificate is signed. Called by `service`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cloud.enrol.authority import Authority
from cloud.enrol.requests import (
    RequestRefused,
    WantedCertificate,
    check_proof,
    read_enrolment,
    read_renewal,
    read_store_request,
)
from cloud.enrol.store_signer import StoreSigner
from cloud.enrol.tokens import Token, Tokens
from contract.enrolment import (
    EnrolmentAnswer,
    EnrolmentRefusal,
    EnrolmentRefused,
    renewal_statement,
)
from contract.ids import GatewayId
from contract.keys import is_model_key
from contract.store_access import SIGNED_HEADERS, StoreAddress, StoreRequest, store_statement
from objectstore.store import PermanentStoreError, check_key

RENEW_AFTER = 2 / 3
"""Of a certificate's days: a third is left for a cloud that is away."""

MOST_ASKEW = timedelta(minutes=10)
"""Between the service's clock and that of a gateway whose request is signed."""

Granted = TypeVar("Granted", EnrolmentAnswer, StoreAddress)


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
        except RequestRefused as refused:
            now = self._now() if refused.reason is EnrolmentRefused.WRONG_CLOCK else None
            return EnrolmentRefusal(reason=refused.reason, detail=refused.detail, now=now)

    def _enrol(self, body: bytes) -> EnrolmentAnswer:
        text, wanted = read_enrolment(body)
        name = wanted.name
        with self._authority.locked():
            token = self._tokens.find(text)
            if token is None:
                raise RequestRefused(
                    EnrolmentRefused.UNKNOWN_TOKEN, "no such token: make one with `enrol token`"
                )
            if not token.fits(name):
                raise RequestRefused(
                    EnrolmentRefused.WRONG_NAME,
                    f"the token is for {token.names}, not for {name}: set `gateway.id`",
                )
            again = wanted.use_sha256 in token.used_by
            if not again and self._now() >= token.expires_at:
                raise RequestRefused(
                    EnrolmentRefused.EXPIRED_TOKEN, f"the token ended at {token.expires_at:%FT%TZ}"
                )
            if not again and not token.left:
                raise RequestRefused(
                    EnrolmentRefused.USED_TOKEN, "another device used the token: make a new one"
                )
            self._clear_name(wanted, token, again=again)
            answer = self._sign(wanted)
            self._tokens.use(token, wanted.use_sha256)
            return answer

    def _clear_name(self, wanted: WantedCertificate, token: Token, *, again: bool) -> None:
        """A name is one device's, which is known by its key; `again`: it used this token before."""
        name = wanted.name
        listed = [one for one in self._authority.issued() if one.name == name]
        good = [one for one in listed if one.good(self._now())]
        revoked = token.for_many and any(one.revoked_at is not None for one in listed)
        if listed and not good and (again or revoked):
            raise RequestRefused(
                EnrolmentRefused.REVOKED,
                f"{name} was revoked or is over: make a new token for this name alone",
            )
        others = [one for one in good if not self._authority.is_of(one, wanted.key)]
        if others and token.replace and not again:
            self._authority.revoke(name)
        elif others:
            raise RequestRefused(
                EnrolmentRefused.NAME_TAKEN,
                f"another device has a certificate for {name}: revoke it, or make the token with "
                "--replace",
            )

    def _renew(self, body: bytes) -> EnrolmentAnswer:
        certificate, wanted, proof = read_renewal(body)
        with self._authority.locked():
            holder = self._holder(certificate)
            if wanted.name != holder:
                raise RequestRefused(
                    EnrolmentRefused.WRONG_NAME,
                    f"the certificate is {holder}'s, not {wanted.name}'s",
                )
            said = renewal_statement(wanted.request.public_bytes(Encoding.DER))
            check_proof(certificate, said, proof)
            return self._sign(wanted)

    def _store_address(self, body: bytes) -> StoreAddress:
        asked, certificate = read_store_request(body)
        if self._signer is None:
            raise RequestRefused(
                EnrolmentRefused.NOT_OFFERED,
                "the service signs for no store: `enrol serve --store`",
            )
        check_proof(certificate, store_statement(asked), asked.proof)
        holder = self._holder(certificate)
        if abs(self._now() - asked.at) > MOST_ASKEW:
            raise RequestRefused(EnrolmentRefused.WRONG_CLOCK, f"it says {asked.at:%FT%TZ}")
        _check_rights(holder, asked)
        return StoreAddress(url=self._signer.address(asked.method, asked.key, asked.headers))

    def _holder(self, certificate: x509.Certificate) -> str:
        """The gateway that a good certificate of ours is for."""
        issued = self._authority.knows(certificate)
        if issued is None:
            raise RequestRefused(
                EnrolmentRefused.FOREIGN_CERTIFICATE, "it is not of this authority: enrol anew"
            )
        if issued.revoked_at is not None:
            raise RequestRefused(EnrolmentRefused.REVOKED, f"{issued.name} was revoked")
        if not issued.good(self._now()):
            raise RequestRefused(
                EnrolmentRefused.EXPIRED,
                f"the certificate ended at {issued.ends_at:%FT%TZ}: enrol with a new token",
            )
        return issued.name

    def _sign(self, wanted: WantedCertificate) -> EnrolmentAnswer:
        pem = self._authority.sign(wanted.name, wanted.request, self._days)
        certificate = x509.load_pem_x509_certificate(pem)
        return EnrolmentAnswer(
            gateway=GatewayId(wanted.name),
            certificate=pem.decode(),
            renew_after=self._now() + timedelta(days=self._days * RENEW_AFTER),
            expires_at=certificate.not_valid_after_utc,
        )


def _check_rights(holder: str, asked: StoreRequest) -> None:
    """That a gateway may do this in the store; raises `RequestRefused`."""
    own = asked.key.startswith(f"evidence/{holder}/") and _is_key(asked.key)
    if not own and not (asked.method != "PUT" and is_model_key(asked.key)):
        raise RequestRefused(
            EnrolmentRefused.WRONG_KEY,
            f"{holder} may reach evidence/{holder}/, read models/, and no more",
        )
    if not asked.headers.keys() <= set(SIGNED_HEADERS):
        raise RequestRefused(EnrolmentRefused.BAD_REQUEST, f"only {', '.join(SIGNED_HEADERS)}")


def _is_key(key: str) -> bool:
    try:
        check_key(key)
    except PermanentStoreError:
        return False
    return True
