"""What a store need not have any more, and what is due to go, by age and class.

PURE. Retention says first, signed, how far it goes, and removes then: so what is missing because of
its age is distinguished from what somebody took away. Pictures go by the class of their verdict,
verdicts later and all alike, from the beginning of each chain on. Called by `retain` and `verify`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AwareDatetime, Field

from cloud.settings import RetentionSettings
from cloud.verdicts import sealed
from cloud.verdicts.entry import LedgerEntry
from cloud.verdicts.sealed import RecordFault, RecordRefusal
from contract.chain import START, link_sha256
from contract.ids import GatewayId
from contract.report import GatewayName, Sha256, Span, Wire

if TYPE_CHECKING:
    from contract.signature import Keyring, Signer

Class = Literal["confirmed", "refuted", "inconclusive", "audit"]

_DOMAIN = "io.stillwatch.retention.v1"


class Anchor(Wire):
    """The last link of a chain that was let go, and what was missing before it even then."""

    number: Annotated[int, Field(ge=0)]
    last: Sha256
    missing: Annotated[tuple[Span, ...], Field(max_length=64)] = ()


class Horizon(Wire):
    """How far retention has gone for one gateway."""

    horizon: Literal[1] = 1
    gateway: GatewayName
    said_at: AwareDatetime
    pictures: dict[Class, AwareDatetime] = Field(default_factory=dict)
    """Those of verdicts of the class that were decided before have gone."""
    verdicts: AwareDatetime | None = None
    """Those outside any chain that were decided before have gone."""
    chains: dict[str, Anchor] = Field(default_factory=dict)


def key_of(gateway: GatewayId) -> str:
    return f"retention/{gateway}.json"


def class_of(entry: LedgerEntry) -> Class:
    """An audit is one whatever was decided; what the edge called is never stored."""
    if entry.audit or entry.test:
        return "audit"
    return "inconclusive" if entry.decision == "unconfirmed" else entry.decision


def moved_on(
    entries: Iterable[LedgerEntry],
    gateway: GatewayId,
    before: Horizon | None,
    ages: RetentionSettings,
    now: datetime,
) -> Horizon:
    """How far retention goes now; never back behind where it was."""
    last = before or Horizon(gateway=gateway, said_at=now)
    pictures = {
        kind: _later(now - timedelta(days=days), last.pictures.get(kind))
        for kind, days in ages.pictures_days().items()
    }
    verdicts = _later(now - timedelta(days=ages.verdicts_days), last.verdicts)
    chains = dict(last.chains)
    for chain, linked in by_chain(entries).items():
        chains[chain] = _advanced(linked, chains.get(chain), verdicts)
    return Horizon(
        gateway=gateway, said_at=now, pictures=pictures, verdicts=verdicts,
        chains={chain: anchor for chain, anchor in chains.items() if anchor.number},
    )  # fmt: skip


def _later(moment: datetime, before: datetime | None) -> datetime:
    return moment if before is None else max(moment, before)


def _advanced(linked: list[LedgerEntry], anchor: Anchor | None, before: datetime) -> Anchor:
    """Over the entries at the chain's beginning that are old; gaps on the way are kept in mind."""
    here = anchor or Anchor(number=0, last=START)
    for entry in linked:
        link = entry.link
        if link is None or link.number <= here.number:
            continue
        if entry.decided_at >= before:
            break
        gap = ((here.number + 1, link.number - 1),) if link.number > here.number + 1 else ()
        here = Anchor(
            number=link.number,
            last=hash_of(entry),
            missing=(*here.missing, *unexplained(gap, linked))[-64:],
        )
    return here


def by_chain(entries: Iterable[LedgerEntry]) -> Mapping[str, list[LedgerEntry]]:
    """The entries of each chain, by number."""
    chains: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        if entry.link is not None:
            chains.setdefault(entry.link.chain, []).append(entry)
    for linked in chains.values():
        linked.sort(key=number_of)
    return chains


def number_of(entry: LedgerEntry) -> int:
    return 0 if entry.link is None else entry.link.number


def hash_of(entry: LedgerEntry) -> str:
    """What the next report of the chain names as the one before."""
    if entry.link is None:
        raise ValueError(f"{entry.report_id} is in no chain")
    return link_sha256(entry.link, entry.gateway, entry.report_id, entry.pictures)


def unexplained(gaps: Iterable[Span], linked: Iterable[LedgerEntry]) -> Iterator[Span]:
    """The parts of gaps that the gateway never said it had given up."""
    spans = {span for entry in linked if entry.link for span in entry.link.given_up}
    for first, last in gaps:
        at = first
        for start, end in sorted(spans):
            if end < at or start > last:
                continue
            if start > at:
                yield at, start - 1
            at = max(at, end + 1)
        if at <= last:
            yield at, last


def pictures_gone(entry: LedgerEntry, horizon: Horizon | None) -> bool:
    """Whether nobody may expect the entry's pictures any more."""
    limit = None if horizon is None else horizon.pictures.get(class_of(entry))
    return limit is not None and entry.decided_at < limit


def entry_gone(entry: LedgerEntry, horizon: Horizon | None) -> bool:
    """Whether nobody may expect the entry itself any more."""
    if horizon is None:
        return False
    if entry.link is None:
        return horizon.verdicts is not None and entry.decided_at < horizon.verdicts
    anchor = horizon.chains.get(entry.link.chain)
    return anchor is not None and entry.link.number <= anchor.number


def encode(horizon: Horizon, signer: Signer | None) -> bytes:
    """As it is stored."""
    return sealed.encode(_DOMAIN, horizon, signer)


def decode(stored: bytes, gateway: GatewayId, keyring: Keyring | None) -> Horizon | RecordRefusal:
    """The horizon of that gateway, or why it is none."""
    found = sealed.decode(_DOMAIN, Horizon, stored, keyring)
    if isinstance(found, Horizon) and found.gateway != gateway:
        return RecordFault.MISPLACED, f"it is of {found.gateway}"
    return found
