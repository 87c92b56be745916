"""Whether a gateway's proof of watch holds: signatures, chain, holes, forks, sums and clocks.

PURE. `check` takes envelopes by the name under which each lies, in any order, and gives the entries
that can be believed, and a finding with its place for each thing that does not hold. What was
removed at the end shows only against the time until which there should be entries. Called by
`fleet proof`, and by tests of the edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from contract.chain import START
from contract.envelope import Refusal
from contract.ids import GatewayId
from contract.watch import SealedEntry, WatchEntry, read_sealed

_JUMP_S = 5.0
"""A clock that is disciplined is not set by more within an hour."""


class WatchFault(StrEnum):
    """What does not hold."""

    UNREADABLE = "unreadable"
    """Damaged, edited, or signed by another key than it names."""
    OTHER_GATEWAY = "other_gateway"
    KEY_CHANGED = "key_changed"
    UNVOUCHED = "unvouched"
    """The gateway's certificate does not stand behind the key."""
    HOLE = "hole"
    FORK = "fork"
    """Two entries with one number."""
    BROKEN = "broken"
    """It does not name the entry before it."""
    UNBALANCED = "unbalanced"
    CLOCK = "clock"
    SILENCE = "silence"
    """No entry until the time asked about, nor a later one."""


@dataclass(frozen=True, slots=True)
class WatchFinding:
    """One thing that does not hold: where, in words, and when if that is known."""

    fault: WatchFault
    place: str
    detail: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchQuestion:
    """What is asked of a gateway's entries. `keys`: those that are known to be its, as entries name
    them; none: its first is believed. `flaw_of` says why an entry is not vouched for, None if it
    is; given, it counts instead of `keys`. `begin` and `until` bound the time; `grace` is how long
    after the last entry the next may take to come."""

    gateway: GatewayId
    keys: tuple[str, ...] = ()
    flaw_of: Callable[[WatchEntry], str | None] | None = None
    begin: datetime | None = None
    until: datetime | None = None
    grace: timedelta = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class CheckedWatch:
    """What can be believed, in order, and what does not hold."""

    entries: tuple[WatchEntry, ...]
    findings: tuple[WatchFinding, ...]


@dataclass(slots=True)
class _Sorted:
    """Envelopes by key, then in order of their numbers; and what is none of this gateway."""

    chains: dict[str, list[SealedEntry]] = field(default_factory=dict)
    findings: list[WatchFinding] = field(default_factory=list)


def check(found: Mapping[str, bytes], question: WatchQuestion) -> CheckedWatch:
    """Everything that does not hold, and what does; never raises."""
    sorted_ = _sort(found, question)
    findings = sorted_.findings
    chains = sorted(sorted_.chains.values(), key=lambda chain: chain[0].entry.begins)
    known = question.keys or tuple(chain[0].entry.key for chain in chains[:1])
    entries: list[WatchEntry] = []
    for chain in chains:
        findings += _distrust([one.entry for one in chain], known, question)
        findings += _in_chain(chain, question)
        entries += [one.entry for one in chain if _within(one.entry, question)]
    entries.sort(key=lambda entry: (entry.begins, entry.number))
    findings += _silence([one.entry for chain in chains for one in chain], known, question)
    return CheckedWatch(tuple(entries), tuple(findings))


def _sort(found: Mapping[str, bytes], question: WatchQuestion) -> _Sorted:
    sorted_, seen = _Sorted(), set[str]()
    for name, content in found.items():
        sealed = read_sealed(content)
        if isinstance(sealed, Refusal):
            words = f"{sealed.reason}: {sealed.detail}"
            sorted_.findings.append(WatchFinding(WatchFault.UNREADABLE, name, words))
        elif sealed.entry.gateway != question.gateway:
            words = f"an entry of {sealed.entry.gateway}"
            sorted_.findings.append(WatchFinding(WatchFault.OTHER_GATEWAY, name, words))
        elif sealed.sha256 not in seen:
            seen.add(sealed.sha256)
            sorted_.chains.setdefault(sealed.entry.key, []).append(sealed)
    for chain in sorted_.chains.values():
        chain.sort(key=lambda one: (one.entry.number, one.sha256))
    return sorted_


def _within(entry: WatchEntry, question: WatchQuestion) -> bool:
    after = question.begin is None or entry.ends > question.begin
    return after and (question.until is None or entry.begins < question.until)


def _distrust(
    chain: list[WatchEntry], known: Iterable[str], question: WatchQuestion
) -> Iterator[WatchFinding]:
    if question.flaw_of is None:
        if chain[0].key not in known:
            words = f"signed by {chain[0].key}, which is not known to be this gateway's"
            yield WatchFinding(WatchFault.KEY_CHANGED, _place(chain[0]), words, chain[0].begins)
        return
    for entry in chain:
        flaw = question.flaw_of(entry) if _within(entry, question) else None
        if flaw is not None:
            yield WatchFinding(WatchFault.UNVOUCHED, _place(entry), flaw, entry.begins)


def _is_trusted(entry: WatchEntry, known: Iterable[str], question: WatchQuestion) -> bool:
    if question.flaw_of is None:
        return entry.key in known
    return question.flaw_of(entry) is None


def _in_chain(chain: list[SealedEntry], question: WatchQuestion) -> Iterator[WatchFinding]:
    """What lies in the time asked about, each entry against the one before it."""
    first = chain[0].entry
    asked_before = question.begin is None or first.begins > question.begin
    if first.number > 1 and asked_before:
        yield _hole(0, first)
    elif first.number == 1 and first.previous != START:
        yield WatchFinding(
            WatchFault.BROKEN, _place(first), "the first names one before it", first.begins
        )
    for one in chain:
        if _within(one.entry, question):
            yield from _of_one(one.entry)
    there = {(one.entry.number, one.sha256) for one in chain}
    for before, after in pairwise(chain):
        if _within(after.entry, question) or _spans(before.entry, after.entry, question):
            follows = (after.entry.number - 1, after.entry.previous) in there
            yield from _between(before.entry, after.entry, follows=follows)


def _spans(before: WatchEntry, after: WatchEntry, question: WatchQuestion) -> bool:
    """Whether what is asked about lies between the two, or they share a number."""
    begun = question.begin is None or after.begins > question.begin
    return begun and (question.until is None or before.ends < question.until)


def _of_one(entry: WatchEntry) -> Iterator[WatchFinding]:
    for camera, by in entry.unbalanced().items():
        words = f"camera {camera}: {abs(by)} frames {'without an outcome' if by > 0 else 'too few'}"
        yield WatchFinding(WatchFault.UNBALANCED, _place(entry), words, entry.begins)
    shown_s = (entry.ends - entry.begins).total_seconds()
    was_set = entry.ends_synchronised and not entry.begins_synchronised
    if shown_s < 0 or (abs(shown_s - entry.elapsed_s) > _JUMP_S and not was_set):
        words = f"its clock went on by {shown_s:.0f} s in {entry.elapsed_s:.0f} s"
        yield WatchFinding(WatchFault.CLOCK, _place(entry), words, entry.begins)


def _between(old: WatchEntry, new: WatchEntry, *, follows: bool) -> Iterator[WatchFinding]:
    """`follows`: it names one that is there; after a fork that may be either."""
    if new.number == old.number:
        words = "there are two with this number, both signed by the gateway's key"
        yield WatchFinding(WatchFault.FORK, _place(new), words, new.begins)
        return
    if new.number > old.number + 1:
        yield _hole(old.number, new)
        return
    if not follows:
        words = f"it does not follow number {old.number} as that lies here"
        yield WatchFinding(WatchFault.BROKEN, _place(new), words, new.begins)
    yield from _clocks(old, new)
    waiting = sum(one.waiting_after for one in old.cameras.values())
    taken_up = sum(one.waiting_before for one in new.cameras.values())
    if new.run == old.run and waiting != taken_up:
        words = f"number {old.number} leaves {waiting} frames, this one takes up {taken_up}"
        yield WatchFinding(WatchFault.UNBALANCED, _place(new), words, new.begins)


def _clocks(old: WatchEntry, new: WatchEntry) -> Iterator[WatchFinding]:
    """Within a run the next entry begins where the one before it ended."""
    between_s = (new.begins - old.ends).total_seconds()
    was_set = new.begins_synchronised and not old.ends_synchronised
    if (between_s < -_JUMP_S and not was_set) or (new.run == old.run and between_s > _JUMP_S):
        words = f"it begins {between_s:+.0f} s from the end of number {old.number}"
        yield WatchFinding(WatchFault.CLOCK, _place(new), words, new.begins)


def _hole(last: int, entry: WatchEntry) -> WatchFinding:
    first, final = last + 1, entry.number - 1
    numbers = f"number {first} is" if first == final else f"numbers {first} to {final} are"
    return WatchFinding(WatchFault.HOLE, _place(entry), f"{numbers} missing", entry.begins)


def _silence(
    entries: list[WatchEntry], known: Iterable[str], question: WatchQuestion
) -> Iterator[WatchFinding]:
    """By entries that are the gateway's: one that somebody made for it breaks no silence."""
    if question.until is None:
        return
    trusted = (entry.ends for entry in entries if _is_trusted(entry, known, question))
    last = max(trusted, default=None)
    if last is None:
        yield WatchFinding(WatchFault.SILENCE, question.gateway, "there is no entry at all")
    elif last + question.grace < question.until:
        words = f"nothing after {last:%Y-%m-%d %H:%M:%SZ}"
        yield WatchFinding(WatchFault.SILENCE, question.gateway, words, last)


def _place(entry: WatchEntry) -> str:
    return f"number {entry.number}"
