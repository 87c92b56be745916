"""Orders from afar: a configuration or a model for chosen gateways.

PURE. `open_order` is all that a gateway asks: signatures are checked before the payload is parsed
(`contract.trust`), then whether it is for this gateway, newer than what it has, and still valid.
An order changes nothing by itself: what it says is checked like a file's by `edge/config`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from contract import ijson
from contract.envelope import Refusal, RefusalReason, read_envelope
from contract.ids import GatewayId
from contract.report import GatewayName, Sha256
from contract.shadow import ReplayLimits
from contract.topics import UpdateKind
from contract.trust import Accepted, Signed, TrustedState, Version, expired, verify
from contract.validation_errors import first_error
from contract.values import Moment, Sentence, Size, Word

ORDER_TYPES: dict[UpdateKind, str] = {
    "config": "application/vnd.stillwatch.config-order.v1+json",
    "model": "application/vnd.stillwatch.model-order.v1+json",
}
"""What an envelope's `payloadType` says of its payload."""

MAX_PATCH_CHARS = 128 * 1024
_PERCENT_STEPS = 100

GroupName = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]


class Targets(Signed):
    """For whom it is: the gateways that are named, and those in one of `groups` (without groups:
    all) up to `percent`. With nothing said it is for nobody."""

    gateways: Annotated[tuple[GatewayName, ...], Field(max_length=10_000)] = Field(
        (), description="Ids of gateways."
    )
    groups: Annotated[tuple[GroupName, ...], Field(max_length=64)] = Field(
        (), description="As `manage.groups` of the gateways has them."
    )
    percent: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="So many of a hundred, chosen by the hash of `salt` and gateway."
    )
    salt: Annotated[str, Field(max_length=64)] = Field(
        "", description="Another salt chooses others."
    )

    def include(self, gateway: GatewayId, groups: Iterable[str]) -> bool:
        """Whether it is for `gateway`, which is in `groups`."""
        if gateway in self.gateways:
            return True
        if not self.groups and self.percent is None:
            return False
        in_group = not self.groups or not set(self.groups).isdisjoint(groups)
        chosen = self.percent is None or percent_of(gateway, self.salt) < self.percent
        return in_group and chosen


class Order(Signed):
    """What every order says."""

    format: Literal[1] = Field(1, description="Version of this format.")
    version: Version = Field(description="Higher than that of any order of this kind before.")
    issued_at: Moment = Field(description="When it was written.")
    expires_at: Moment = Field(description="From then on it is not accepted.")
    issued_by: Word = Field(description="Who wrote it.")
    reason: Sentence = Field(description="Why, for an operator.")
    targets: Targets = Field(description="For which gateways.")
    replay: ReplayLimits | None = Field(
        None, description="A gateway whose recent frames, judged with it, go beyond refuses it."
    )

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.expires_at <= self.issued_at:
            raise ValueError("it expires before it is issued")
        return self


class ConfigOrder(Order):
    """A change of the configuration."""

    kind: Literal["config"] = "config"
    patch: Annotated[str, Field(max_length=MAX_PATCH_CHARS)] = Field(
        description="YAML, a JSON merge patch (RFC 7396) over the gateway's own file: null takes a "
        "key away, which is back to its default; an empty mapping is the file as it is."
    )


class ModelFile(Signed):
    """A file of a model, in the object store under `models/<sha256>`."""

    name: FileName = Field(description="In the model's folder.")
    sha256: Sha256 = Field(description="Of its bytes.")
    bytes: Size = Field(description="Its size.")


class ModelOrder(Order):
    """Another model for the edge's detector."""

    kind: Literal["model"] = "model"
    name: FileName = Field(description="Of the model.")
    manifest: Annotated[str, Field(max_length=MAX_PATCH_CHARS)] = Field(
        description="Text of its `manifest.json`."
    )
    files: Annotated[tuple[ModelFile, ...], Field(min_length=1, max_length=64)] = Field(
        description="Its other files."
    )

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [file.name for file in self.files]
        if len(set(names)) != len(names) or "manifest.json" in names:
            raise ValueError("two files have one name, or one is called manifest.json")
        return self


UpdateOrder = ConfigOrder | ModelOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedOrder:
    """An order that this gateway may obey. `again`: it had accepted the very same before."""

    order: UpdateOrder
    digest: str
    again: bool


_ORDERS: dict[UpdateKind, TypeAdapter[ConfigOrder] | TypeAdapter[ModelOrder]] = {
    "config": TypeAdapter(ConfigOrder),
    "model": TypeAdapter(ModelOrder),
}


def open_order(
    content: bytes,
    kind: UpdateKind,
    trusted: TrustedState,
    gateway: GatewayId,
    groups: Iterable[str],
    now: datetime,
) -> OpenedOrder | Refusal:
    """The order in an envelope, if `gateway` may obey it; never raises.

    An order that was accepted before is so again, even past its time: it is in force already.
    """
    envelope = read_envelope(content)
    if isinstance(envelope, Refusal):
        return envelope
    if envelope.payload_type != ORDER_TYPES[kind]:
        return Refusal(RefusalReason.WRONG_KIND, f"{envelope.payload_type} is no order of {kind}")
    order = verify(envelope, trusted.root, kind) or read_order(envelope.payload, kind)
    if isinstance(order, Refusal):
        return order
    if not order.targets.include(gateway, groups):
        return Refusal(RefusalReason.NOT_FOR_US, f"{gateway} is not among its targets")
    digest = digest_of(envelope.payload)
    again = trusted.accepted(kind) == Accepted(version=order.version, digest=digest)
    stale = None if again else _stale(order, trusted, now)
    return stale or OpenedOrder(order=order, digest=digest, again=again)


def read_order(payload: bytes, kind: UpdateKind) -> UpdateOrder | Refusal:
    """What an order's payload says, whoever signed it."""
    try:
        ijson.parse(payload)
        return _ORDERS[kind].validate_json(payload)
    except ValidationError as error:
        return Refusal(RefusalReason.INVALID, first_error(error))
    except ValueError as error:
        return Refusal(RefusalReason.INVALID, f"the payload is no JSON: {error}")


def digest_of(payload: bytes) -> str:
    """What `reported` names an order by."""
    return hashlib.sha256(payload).hexdigest()


def percent_of(gateway: GatewayId, salt: str) -> int:
    """0 to 99, evenly over gateways: a roll-out over N percent has those below N."""
    digest = hashlib.sha256(salt.encode("utf-8", "surrogatepass") + b"\0" + gateway.encode())
    return int.from_bytes(digest.digest()[:8], "big") * _PERCENT_STEPS >> 64


def _stale(order: UpdateOrder, trusted: TrustedState, now: datetime) -> Refusal | None:
    accepted = trusted.accepted(order.kind)
    if accepted is not None and order.version <= accepted.version:
        what = "with another content" if order.version == accepted.version else "or newer"
        detail = f"version {order.version}, and {accepted.version} {what} was accepted"
        return Refusal(RefusalReason.REPLAYED, detail)
    if now >= order.expires_at:
        return Refusal(RefusalReason.EXPIRED, f"it expired at {order.expires_at.isoformat()}")
    return expired(trusted.root, now)
