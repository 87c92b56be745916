"""How a gateway without credentials of its own reaches the object store: each request is signed.

PURE. It posts what it is about to do, with a proof that it has the key of its certificate; the
service answers with an address that is good for that very request and some minutes. Headers are
part of the signature, so nothing else can be done with it. JSON over HTTPS, as in
`contract.enrolment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from contract.enrolment import Pem, Proof
from contract.report import Wire
from contract.statement import statement
from contract.values import Moment, Word

SIGN_PATH = "/v1/sign"

SIGNED_HEADERS = (
    *("content-length", "content-md5", "content-type", "if-none-match"),
    *("x-amz-checksum-sha256", "x-amz-sdk-checksum-algorithm"),
)
"""What a request may say to the store, in lower case; `host` is always signed."""

_DOMAIN = "io.stillwatch.store-access.v1"

Method = Literal["GET", "HEAD", "PUT"]


class StoreRequest(Wire):
    """One request to the store."""

    version: Literal[1] = Field(1, description="Version of this message.")
    certificate: Pem = Field(description="The gateway's, in PEM.")
    at: Moment = Field(description="When it was asked, by the gateway's clock.")
    method: Method = Field(description="Of HTTP.")
    key: Word = Field(description="Of the object: below `evidence/<gateway>/`, or a model to read.")
    headers: Annotated[dict[str, Word], Field(max_length=len(SIGNED_HEADERS))] = Field(
        default_factory=dict, description=f"Of {', '.join(SIGNED_HEADERS)}."
    )
    proof: Proof = Field("", description="Signature by the certificate's key over all the rest.")


class StoreAddress(Wire):
    """Granted."""

    version: Literal[1] = Field(1, description="Version of this message.")
    url: Annotated[str, Field(max_length=8192)] = Field(description="Where to send it.")


def store_statement(asked: StoreRequest) -> bytes:
    """What the proof is over."""
    headers: Mapping[str, str] = asked.headers
    return statement(
        _DOMAIN,
        (asked.method, asked.key, asked.at.isoformat(), asked.certificate),
        {name: headers[name] for name in sorted(headers)},
    )
