"""Requests to a gateway and its answers, as Zigbee2MQTT has them: `request/<verb>`, answered on
`response/<verb>` with the request's `transaction`.

PURE. Whoever may publish on the topic may ask: a broker's rules decide that, and nothing in the
message does. `by` is a claim, for the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contract.validation_errors import first_error

MAX_REQUEST_BYTES = 4096
MAX_ANSWER_BYTES = 120_000
"""The shipped cloud broker takes packets of 128 KiB."""
MAX_DATA_BYTES = MAX_ANSWER_BYTES - 3 * MAX_REQUEST_BYTES
"""Of the data of an answer: beside it stands the request's `transaction`, in JSON at most three
times as long."""


class Asked(BaseModel):
    """What every request may carry; an empty payload carries nothing. Unknown fields are
    ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    transaction: str | int | None = Field(None)
    by: str | None = Field(None, max_length=64)


class RemoteRequest(Asked):
    """Of a camera or a report, where the verb is about one."""

    camera: str | None = Field(None, max_length=64)
    report_id: str | None = Field(None, max_length=512)
    width_px: int | None = Field(None, ge=160, le=1920)


Kind = TypeVar("Kind", bound=Asked)


def read_request(kind: type[Kind], payload: bytes, *, retained: bool) -> Kind:
    """Raises `ValueError` with what is wrong."""
    if retained:
        raise ValueError("a retained request: publish it without the retain flag")
    if len(payload) > MAX_REQUEST_BYTES:
        raise ValueError(f"{len(payload)} bytes, over {MAX_REQUEST_BYTES}")
    if not payload.strip():
        return kind()
    try:
        return kind.model_validate_json(payload)
    except ValidationError as error:
        raise ValueError(first_error(error)) from error


def answer(asked: Asked, data: Mapping[str, object], error: str | None = None) -> bytes:
    """`data`, and what went wrong if anything did."""
    facts: dict[str, object] = {"data": dict(data), "status": "ok"}
    if error is not None:
        facts |= {"status": "error", "error": error}
    if asked.transaction is not None:
        facts["transaction"] = asked.transaction
    return json.dumps(facts).encode()
