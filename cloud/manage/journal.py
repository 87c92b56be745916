"""The record of a roll-out: what was decided, when and why, signed, one object after the other.

SHELL. Each entry has a number, claimed by a conditional put, so of two that run the same roll-out
one is told and ends. A roll-out that was killed goes on from its last entry. An entry that no
trusted key signed stops it. Called by `roll_out`, read by the verb `history`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from cloud.confirm.offline import CannotRun
from cloud.keys import Keys
from cloud.manage.history import CONTENT_TYPE, History
from cloud.manage.rings import Limits
from cloud.verdicts import sealed
from contract.report import GatewayName, Sha256, Wire
from contract.topics import UpdateKind
from contract.values import Moment, Sentences, Word
from objectstore.store import NotFound

_DOMAIN = "io.stillwatch.roll-out.v1"
_MAX_BYTES = 16_000_000

RollOutStep = Literal["planned", "started", "advanced", "stopped", "resumed", "completed"]
Names = Annotated[tuple[GatewayName, ...], Field(max_length=200_000)]


class RollOutEntry(Wire):
    """One step. `planned` has rings and limits; `started` whose ring it is: its `members`, of them
    those `absent` and `unwell` then, and which version had been ordered of each before."""

    entry: Literal[1] = 1
    kind: UpdateKind
    version: int
    digest: Sha256
    number: int
    step: RollOutStep
    at: Moment
    by: Word
    ring: int = 0
    reasons: Sentences = ()
    rings: Annotated[tuple[Word, ...], Field(max_length=64)] = ()
    limits: Limits = Limits()
    members: Names = ()
    absent: Names = ()
    unwell: Names = ()
    before: dict[GatewayName, int] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Journal:
    """The entries of one order's roll-out."""

    history: History
    kind: UpdateKind
    version: int
    keys: Keys

    def read(self) -> list[RollOutEntry]:
        """All there are, in order; raises `CannotRun` for one that is none or not trusted."""
        return list(self._entries())

    def append(self, entry: RollOutEntry) -> None:
        """Claims its number; raises `CannotRun` if another run was faster."""
        body = sealed.encode(_DOMAIN, entry, self.keys.signer)
        key = self._key(entry.number)
        put = self.history.store.put_if_absent(key, body, CONTENT_TYPE)
        # a store that took it and whose answer was lost says that it exists
        if put == "exists" and self.history.store.get(key, _MAX_BYTES) != body:
            raise CannotRun(
                f"another run of this roll-out has written step {entry.number}: leave it to that "
                "one, or begin again when it has ended"
            )

    def _entries(self) -> Iterator[RollOutEntry]:
        number = 1
        while True:
            key = self._key(number)
            try:
                stored = self.history.store.get(key, _MAX_BYTES)
            except NotFound:
                return
            found = sealed.decode(_DOMAIN, RollOutEntry, stored, self.keys.keyring)
            if not isinstance(found, RollOutEntry):
                raise CannotRun(f"{key}: {found[0]}: {found[1]}")
            if (found.kind, found.version, found.number) != (self.kind, self.version, number):
                raise CannotRun(f"{key} is of another roll-out")
            yield found
            number += 1

    def _key(self, number: int) -> str:
        return f"updates/{self.kind}/{self.version}/roll-out/{number}.json"


def entry_in_words(entry: RollOutEntry, rings: Sequence[str]) -> str:
    """A line for a person."""
    at = entry.at.isoformat(timespec="seconds")
    name = f" ring {entry.ring} of {len(rings)} ({rings[entry.ring - 1]})" if entry.ring else ""
    who = f" {len(entry.members)} gateways" if entry.step == "started" else ""
    away = f", {len(entry.absent)} away" if entry.absent else ""
    plan = f" {', '.join(entry.rings)}" if entry.step == "planned" else ""
    why = f": {'; '.join(entry.reasons)}" if entry.reasons else ""
    return f"{at}{name} {entry.step}{plan}{who}{away}{why}"
