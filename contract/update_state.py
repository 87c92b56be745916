"""What a gateway says of an order from afar, on `reported` and `rejected`.

PURE. Strict writer, tolerant reader, like every message. Written by the gateway, read by the
operator's commands, which go by `outcome`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, ValidationError

from contract import ijson
from contract.envelope import Refusal, RefusalReason
from contract.report import Sha256, Wire
from contract.shadow import ShadowResult
from contract.topics import UpdateKind
from contract.validation_errors import first_error
from contract.values import Moment, Sentences, Word


class OrderOutcome(StrEnum):
    """How an order ended; any other state is one on the way."""

    APPLIED = "applied"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled_back"


class Effective(Wire):
    """What a gateway runs with."""

    version: int | None = Field(None, description="Of the order; none: the gateway's own file.")
    digest: Word | None = Field(None, description="SHA-256 of the configuration or model.")


class UpdateState(Wire):
    """What a gateway says of an order, on `reported` and `rejected`."""

    format: Literal[1] = Field(1, description="Version of this message.")
    kind: UpdateKind = Field(description="Of the order.")
    version: int | None = Field(None, description="Of the order, if it could be read.")
    digest: Sha256 | None = Field(
        None, description="SHA-256 of the envelope's payload, if there was an envelope."
    )
    state: Word = Field(
        description="`applied`, `rejected` and `rolled_back` are final, others on the way."
    )
    refusal: Word | None = Field(None, description="In one word, why it was not accepted.")
    reasons: Sentences = Field((), description="Why, in words.")
    at: Moment = Field(description="When, by the gateway's clock.")
    shadow: ShadowResult | None = Field(
        None, description="What it would have changed of recent frames, once that is known."
    )
    effective: Effective = Field(Effective(), description="What the gateway runs with now.")

    @property
    def outcome(self) -> OrderOutcome | None:
        """How it ended; None while it is on the way."""
        return OrderOutcome(self.state) if self.state in set(OrderOutcome) else None


def read_state(payload: bytes) -> UpdateState | Refusal:
    """What a gateway reported; never raises."""
    try:
        return UpdateState.model_validate(ijson.parse(payload))
    except ValidationError as error:
        return Refusal(RefusalReason.INVALID, first_error(error))
    except ValueError as error:
        return Refusal(RefusalReason.MALFORMED, str(error))
