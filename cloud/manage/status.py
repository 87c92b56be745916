"""Who has which version, who refused it and why, who is silent.

PURE. Called by the verb `status`, and by `roll_out`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from cloud.manage.gateways import KnownGateway, NamedOrder
from contract.ids import GatewayId
from contract.shadow import ShadowResult
from contract.topics import UpdateKind
from contract.update_state import OrderOutcome, UpdateState

OrderAnswer = Literal[
    "none", "waiting", "silent", "under_way", "applied", "rejected", "rolled_back"
]
"""`none`: nothing was ordered; `waiting`: online and has not answered; `silent`: not there."""

REFUSED: tuple[OrderAnswer, ...] = ("rejected", "rolled_back")
_ANSWERS: Mapping[OrderOutcome | None, OrderAnswer] = {
    OrderOutcome.APPLIED: "applied",
    OrderOutcome.REJECTED: "rejected",
    OrderOutcome.ROLLED_BACK: "rolled_back",
    None: "under_way",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One gateway: what was ordered last, what it runs with, what it answered, and why."""

    gateway: str
    desired: int | None
    running: int | None
    answer: OrderAnswer
    why: str


def answer_to(known: KnownGateway, kind: UpdateKind, order: NamedOrder) -> tuple[OrderAnswer, str]:
    """What a gateway has said of this very order."""
    for state in (known.rejected.get(kind), known.reported.get(kind)):
        if state is not None and _is_about(state, order):
            return _ANSWERS[state.outcome], _words(state)
    return ("waiting", "") if known.online else ("silent", f"it is {known.presence or 'unknown'}")


def replayed_by(known: KnownGateway, kind: UpdateKind, order: NamedOrder) -> ShadowResult | None:
    """What a gateway's recent frames say of this very order, once it has said so."""
    for state in (known.rejected.get(kind), known.reported.get(kind)):
        if state is not None and _is_about(state, order) and state.shadow is not None:
            return state.shadow
    return None


def rows(gateways: Mapping[GatewayId, KnownGateway], kind: UpdateKind) -> list[Row]:
    """Of every gateway, in the order of their names."""
    return [_row(name, known, kind) for name, known in sorted(gateways.items())]


def table(found: Sequence[Row]) -> Iterator[str]:
    """Lines for a person."""
    cells = [("GATEWAY", "ORDERED", "RUNNING", "ANSWER", "WHY")]
    cells += [
        (one.gateway, _shown(one.desired), _shown(one.running), one.answer, one.why)
        for one in found
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    for line in cells:
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        yield "  ".join([*padded, line[4]]).rstrip()


def as_json(row: Row) -> dict[str, object]:
    """For programs."""
    return asdict(row)


def _row(name: GatewayId, known: KnownGateway, kind: UpdateKind) -> Row:
    desired = known.desired.get(kind)
    answer, why = _unnamed(known, kind) if desired is None else answer_to(known, kind, desired)
    return Row(
        gateway=name,
        desired=None if desired is None else desired.version,
        running=_running(known, kind),
        answer=answer,
        why=why,
    )


def _unnamed(known: KnownGateway, kind: UpdateKind) -> tuple[OrderAnswer, str]:
    """Nothing was ordered, or something that nobody can read, which a gateway may have refused."""
    rejected = known.rejected.get(kind)
    return ("none", "") if rejected is None else ("rejected", _words(rejected))


def _running(known: KnownGateway, kind: UpdateKind) -> int | None:
    states = [known.reported.get(kind), known.rejected.get(kind)]
    said = [one for one in states if one is not None]
    return max(said, key=lambda one: one.at).effective.version if said else None


def _is_about(state: UpdateState, order: NamedOrder) -> bool:
    if state.digest is not None:
        return state.digest == order.digest
    return state.version == order.version


def _words(state: UpdateState) -> str:
    word = state.refusal or ("" if state.outcome is not None else state.state)
    return ": ".join(
        [*([word] if word else []), *(["; ".join(state.reasons)] * bool(state.reasons))]
    )


def _shown(version: int | None) -> str:
    return "-" if version is None else str(version)
