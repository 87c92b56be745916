"""Is the evidence what it was? Finds what was removed, altered or slipped in, and says which.

SHELL (reads the object store). Each picture is held against the hash in its verdict, each verdict
against its signature, and the verdicts of a gateway against its chain: a number that is missing, is
there twice, or does not name the one before. What retention or the gateway itself says to have gone
is no finding. What was cut off at the end shows against the heads of an earlier check, which the
auditor keeps. Called by `python -m cloud verify-evidence`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cloud.verdicts.entry import LedgerEntry, NamedPicture
from cloud.verdicts.horizon import Anchor, by_chain, hash_of, number_of, pictures_gone, unexplained
from cloud.verdicts.stock import Stock, named_by
from contract.chain import START
from contract.keys import trial_key
from contract.report import Span
from contract.statement import Distrust
from objectstore.store import NotFound, ObjectStore, TooLarge


class FindingKind(StrEnum):
    """What was found; the word for what somebody did."""

    PICTURE_REMOVED = "picture_removed"
    PICTURE_ALTERED = "picture_altered"
    PICTURE_INSERTED = "picture_inserted"
    """No verdict names it, and it is older than any report that may still wait for one."""
    VERDICT_REMOVED = "verdict_removed"
    VERDICT_ALTERED = "verdict_altered"
    VERDICT_INSERTED = "verdict_inserted"
    UNDECIDED = "undecided"
    """No finding: it lacks a verdict, but is young enough to wait for one."""


@dataclass(frozen=True, slots=True)
class IntegrityFinding:
    """One thing that is not as it was; `what` is a key, or a place in a chain."""

    kind: FindingKind
    what: str
    detail: str


Heads = Mapping[str, tuple[int, str]]
"""By chain: the number of the newest verdict and the hash of its link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrityCheck:
    """How to look: `quick` goes by the sizes that the store lists and reads no picture; what is
    younger than `grace` may still wait for its verdict."""

    now: datetime
    grace: timedelta
    quick: bool = False


def findings(
    stock: Stock, store: ObjectStore, heads: Heads, check: IntegrityCheck
) -> Iterator[IntegrityFinding]:
    """Everything that is not as it was with one gateway's evidence; raises what the store does."""
    for key, (reason, words) in stock.refused.items():
        kind = (
            FindingKind.VERDICT_ALTERED
            if reason is Distrust.FORGED
            else FindingKind.VERDICT_INSERTED
        )
        yield IntegrityFinding(kind, key, f"{reason}: {words}")
    yield from _in_pictures(stock, store, check)
    chains = by_chain(stock.verdicts.values())
    for chain in sorted({*chains, *heads}):
        anchor = stock.horizon.chains.get(chain) if stock.horizon else None
        yield from _in_chain(chain, chains.get(chain, []), anchor, heads.get(chain), check)


def heads_of(stock: Stock, before: Heads) -> dict[str, tuple[int, str]]:
    """What the next check shall find again."""
    heads = dict(before)
    for chain, linked in by_chain(stock.verdicts.values()).items():
        newest = linked[-1]
        if number_of(newest) >= heads.get(chain, (0, ""))[0]:
            heads[chain] = number_of(newest), hash_of(newest)
    return heads


def _in_pictures(
    stock: Stock, store: ObjectStore, check: IntegrityCheck
) -> Iterator[IntegrityFinding]:
    seen: set[str] = set()
    for key, entry in stock.verdicts.items():
        gone = pictures_gone(entry, stock.horizon)
        for picture in entry.pictures:
            if picture.key in seen:
                continue
            if not (gone and picture.key not in stock.pictures):
                seen.add(picture.key)
                yield from _in_picture(picture, key, stock, store, check)
    named = named_by(stock.verdicts.values())
    for key, listed in stock.pictures.items():
        if key not in named and key != trial_key(stock.gateway):
            old = check.now - listed.modified_at > check.grace
            kind = FindingKind.PICTURE_INSERTED if old else FindingKind.UNDECIDED
            yield IntegrityFinding(kind, key, "no verdict names it")


def _in_picture(
    picture: NamedPicture, verdict: str, stock: Stock, store: ObjectStore, check: IntegrityCheck
) -> Iterator[IntegrityFinding]:
    listed = stock.pictures.get(picture.key)
    if listed is None:
        yield IntegrityFinding(FindingKind.PICTURE_REMOVED, picture.key, f"named by {verdict}")
    elif listed.bytes != picture.bytes:
        detail = f"{listed.bytes} bytes, {verdict} says {picture.bytes}"
        yield IntegrityFinding(FindingKind.PICTURE_ALTERED, picture.key, detail)
    elif not check.quick:
        fault = _read_fault(picture, store)
        if fault is not None:
            kind, detail = fault
            yield IntegrityFinding(kind, picture.key, f"{detail}, named by {verdict}")


def _read_fault(picture: NamedPicture, store: ObjectStore) -> tuple[FindingKind, str] | None:
    """What is wrong with its bytes; read twice, so that one bad transfer accuses nobody."""
    found = ""
    for _ in range(2):
        try:
            found = hashlib.sha256(store.get(picture.key, picture.bytes)).hexdigest()
        except NotFound:
            return FindingKind.PICTURE_REMOVED, "it went while we looked"
        except TooLarge:
            return FindingKind.PICTURE_ALTERED, "it grew while we looked"
        if found == picture.sha256:
            return None
    return FindingKind.PICTURE_ALTERED, f"sha256 {found[:12]}.. is not {picture.sha256[:12]}.."


def _in_chain(
    chain: str,
    linked: list[LedgerEntry],
    anchor: Anchor | None,
    head: tuple[int, str] | None,
    check: IntegrityCheck,
) -> Iterator[IntegrityFinding]:
    base = anchor or Anchor(number=0, last=START)
    for span in base.missing:
        yield _missing(chain, span, "missing already when retention went over it")
    number, last = base.number, base.last
    for entry in linked:
        link = entry.link
        if link is None or link.number <= base.number:
            continue  # retention has said that it goes, and has not come to it yet
        if link.number == number:
            if hash_of(entry) != last:
                detail = f"number {number} of chain {chain} is there twice"
                yield IntegrityFinding(FindingKind.VERDICT_INSERTED, entry.report_id, detail)
            continue
        if link.number == number + 1 and link.previous != last:
            detail = f"number {link.number} of chain {chain} does not follow what lies before it"
            yield IntegrityFinding(FindingKind.VERDICT_ALTERED, entry.report_id, detail)
        elif link.number > number + 1:
            old = check.now - entry.decided_at > check.grace
            kind = FindingKind.VERDICT_REMOVED if old else FindingKind.UNDECIDED
            for span in unexplained(((number + 1, link.number - 1),), linked):
                yield _missing(chain, span, f"before {entry.report_id}", kind)
        number, last = link.number, hash_of(entry)
    yield from _against_head(chain, linked, base, number, head)


def _against_head(
    chain: str,
    linked: Iterable[LedgerEntry],
    base: Anchor,
    number: int,
    head: tuple[int, str] | None,
) -> Iterator[IntegrityFinding]:
    """What an earlier check saw is still there, or retention let it go."""
    if head is None or head[0] <= base.number:
        return
    if head[0] > number:
        yield _missing(chain, (number + 1, head[0]), "an earlier check saw it")
        return
    there = [entry for entry in linked if number_of(entry) == head[0]]
    if there and hash_of(there[0]) != head[1]:
        detail = f"number {head[0]} of chain {chain} was another at an earlier check"
        yield IntegrityFinding(FindingKind.VERDICT_ALTERED, there[0].report_id, detail)


def _missing(
    chain: str, span: Span, detail: str, kind: FindingKind = FindingKind.VERDICT_REMOVED
) -> IntegrityFinding:
    first, last = span
    numbers = f"number {first}" if first == last else f"numbers {first} to {last}"
    return IntegrityFinding(kind, f"{numbers} of chain {chain}", detail)
