"""What the cloud's broker says of each gateway: presence, groups, orders, answers, health, alarms.

PURE. `take` folds one message into what is known; what cannot be read changes nothing and is
counted. Numbers of `stats` start anew when a gateway does, so what is kept of them is how much they
grew since the first that was heard. Called by `fleet_link`; read by `status` and `roll_out`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from contract import ijson
from contract.envelope import Refusal, read_envelope
from contract.topics import UpdateKind
from contract.update import digest_of, read_order
from contract.update_state import UpdateState, read_state

HealthWord = Literal["ok", "degraded", "unhealthy"]
_HEALTH: Mapping[str, HealthWord] = {
    "ok": "ok",
    "degraded": "degraded",
    "unhealthy": "unhealthy",
}
_ALARMS = ("confirmed", "unconfirmed")
"""Of those a person is notified."""

_MOST_GROUPS = 64
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NamedOrder:
    """An order by version and digest."""

    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Tally:
    """A counter that starts anew with its gateway: its last value, and how much it grew."""

    last: int | None = None
    grown: int = 0

    def at(self, value: int) -> Tally:
        """After it was heard again."""
        if self.last is None:
            return Tally(value, 0)
        return Tally(value, self.grown + (value - self.last if value >= self.last else value))


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGateway:
    """One gateway as it was last heard of."""

    presence: str | None = None
    groups: tuple[str, ...] = ()
    desired: Mapping[UpdateKind, NamedOrder] = field(default_factory=dict)
    reported: Mapping[UpdateKind, UpdateState] = field(default_factory=dict)
    rejected: Mapping[UpdateKind, UpdateState] = field(default_factory=dict)
    health: HealthWord | None = None
    problems: tuple[str, ...] = ()
    suspicions: Tally = Tally()
    alarms: Tally = Tally()
    missed: Tally = Tally()
    unreadable: int = 0

    @property
    def online(self) -> bool:
        """Whether it is there, as its own word or its last will has it."""
        return self.presence == "online"


def take(known: KnownGateway, leaf: str, payload: bytes) -> KnownGateway:
    """With a message on `<root>/<gateway>/<leaf>`."""
    try:
        return _taken(known, leaf, payload)
    except ValueError:
        return replace(known, unreadable=known.unreadable + 1)


def _taken(known: KnownGateway, leaf: str, payload: bytes) -> KnownGateway:
    match leaf.split("/"):
        case ["status"]:
            return replace(known, presence=payload.decode()[:16] or None)
        case ["info"]:
            return replace(known, groups=_groups(_mapping(payload)))
        case ["health"]:
            return _with_health(known, _mapping(payload))
        case ["stats"]:
            return _with_stats(known, _mapping(payload))
        case [("config" | "model") as kind, said]:
            return _with_update(known, "config" if kind == "config" else "model", said, payload)
    return known


def _with_update(known: KnownGateway, kind: UpdateKind, leaf: str, payload: bytes) -> KnownGateway:
    match leaf:
        case "desired":
            return replace(known, desired=_with(known.desired, kind, _named(payload, kind)))
        case "reported":
            return replace(known, reported=_with(known.reported, kind, _state(payload)))
        case "rejected":
            return replace(known, rejected=_with(known.rejected, kind, _state(payload)))
    return known


def _with(known: Mapping[UpdateKind, T], kind: UpdateKind, value: T | None) -> dict[UpdateKind, T]:
    """An emptied topic says nothing any more."""
    others = {one: found for one, found in known.items() if one != kind}
    return others if value is None else others | {kind: value}


def _named(payload: bytes, kind: UpdateKind) -> NamedOrder | None:
    """Of an order whose signature is for gateways to check."""
    if not payload:
        return None
    envelope = read_envelope(payload)
    order = envelope if isinstance(envelope, Refusal) else read_order(envelope.payload, kind)
    if isinstance(envelope, Refusal) or isinstance(order, Refusal):
        raise ValueError("no order")
    return NamedOrder(order.version, digest_of(envelope.payload))


def _state(payload: bytes) -> UpdateState | None:
    found = read_state(payload) if payload else None
    if isinstance(found, Refusal):
        raise ValueError(found.detail)
    return found


def _mapping(payload: bytes) -> Mapping[str, object]:
    found = ijson.parse(payload) if payload else {}
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _groups(facts: Mapping[str, object]) -> tuple[str, ...]:
    found = facts.get("groups", [])
    named = found if isinstance(found, list) else []
    return tuple(one for one in named[:_MOST_GROUPS] if isinstance(one, str))


def _with_health(known: KnownGateway, facts: Mapping[str, object]) -> KnownGateway:
    reasons = facts.get("reasons", [])
    listed = reasons if isinstance(reasons, list) else []
    named = [str(one.get("reason"))[:64] for one in listed[:64] if isinstance(one, dict)]
    status = facts.get("status")
    health = _HEALTH.get(status) if isinstance(status, str) else None
    return replace(known, health=health, problems=tuple(named))


def _with_stats(known: KnownGateway, facts: Mapping[str, object]) -> KnownGateway:
    cameras = _inner(facts.get("cameras"))
    audit = facts.get("audit")
    own = [audit] if isinstance(audit, dict) else []
    return replace(
        known,
        suspicions=known.suspicions.at(_sum(cameras, ("suspicions",))),
        alarms=known.alarms.at(_sum(cameras, _ALARMS)),
        missed=known.missed.at(_sum([*own, *_inner(audit)], ("missed",))),
    )


def _inner(value: object) -> list[dict[str, object]]:
    found = value.values() if isinstance(value, dict) else ()
    return [one for one in found if isinstance(one, dict)]


def _sum(sections: list[dict[str, object]], names: tuple[str, ...]) -> int:
    found = [section.get(name) for section in sections for name in names]
    return sum(one for one in found if isinstance(one, int) and one > 0)
