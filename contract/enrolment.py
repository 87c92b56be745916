"""How a gateway gets its certificate: what it posts to the enrolment service, and the answers.

PURE. A gateway makes its own key, which never leaves it, and posts a request for a certificate
(PKCS 10) whose common name is its `gateway.id`. The first time a token vouches for it; later its
present certificate does, with a signature by the key of that certificate over the new request
(`renewal_statement`). Bodies are JSON over HTTPS.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from contract.report import GatewayName, Wire
from contract.values import Moment, Sentence

ENROL_PATH = "/v1/enrol"
RENEW_PATH = "/v1/renew"
LONGEST_BODY = 32_768
"""Bytes of a request or an answer; a certificate has about 800."""

LONGEST_TOKEN = 256
"""Characters; ours have 41."""

Pem = Annotated[str, Field(max_length=8192)]

Proof = Annotated[str, Field(max_length=1024)]

_RENEWAL = b"io.stillwatch.renewal.v1 "


class EnrolmentRequest(Wire):
    """The first certificate."""

    version: Literal[1] = Field(1, description="Version of this message.")
    token: Annotated[str, Field(max_length=LONGEST_TOKEN)] = Field(
        description="Who may enrol, and as what."
    )
    request: Pem = Field(description="PKCS 10 in PEM, signed by the key it is for.")


class RenewalRequest(Wire):
    """Another certificate instead of one that is still good."""

    version: Literal[1] = Field(1, description="Version of this message.")
    certificate: Pem = Field(description="The present one.")
    request: Pem = Field(description="PKCS 10 in PEM, for the same name; the key may be another.")
    proof: Proof = Field(
        description="Signature (ECDSA with SHA-256, in base64) by the present certificate's key."
    )


class EnrolmentAnswer(Wire):
    """Granted."""

    version: Literal[1] = Field(1, description="Version of this message.")
    gateway: GatewayName = Field(description="The certificate's name.")
    certificate: Pem = Field(description="For the gateway, in PEM.")
    renew_after: Moment = Field(description="When to ask for the next one.")
    expires_at: Moment = Field(description="When this one ends.")


class EnrolmentRefused(StrEnum):
    """Why there is no certificate."""

    MALFORMED = "malformed"
    BAD_REQUEST = "bad_request"
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105, a reason
    EXPIRED_TOKEN = "expired_token"  # noqa: S105, a reason
    USED_TOKEN = "used_token"  # noqa: S105, a reason
    WRONG_NAME = "wrong_name"
    NAME_TAKEN = "name_taken"
    FOREIGN_CERTIFICATE = "foreign_certificate"
    REVOKED = "revoked"
    EXPIRED = "expired"
    FORGED = "forged"
    WRONG_KEY = "wrong_key"
    WRONG_CLOCK = "wrong_clock"
    NOT_OFFERED = "not_offered"


class EnrolmentRefusal(Wire):
    """Refused; the sentence says what to do."""

    version: Literal[1] = Field(1, description="Version of this message.")
    reason: EnrolmentRefused = Field(description="In one word.")
    detail: Sentence = Field(description="In a sentence.")
    now: Moment | None = Field(None, description="The service's time, where the asker's is wrong.")


def renewal_statement(request_der: bytes) -> bytes:
    """What the present key signs: that this very request is its own."""
    return _RENEWAL + hashlib.sha256(request_der).hexdigest().encode()
