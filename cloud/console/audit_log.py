"""The audit log: who did what in the console, when, from which address.

SHELL (database, which lets nobody change or remove an entry). Called by whatever endpoint has an
effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from cloud.console.tables import AuditRow
from service.clock import Clock
from service.redact import redacted

PAGE = 100
_MOST_CHARS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One act."""

    number: int
    at: datetime
    who: str
    address: str
    what: str
    detail: str


class AuditLog:
    """`add`, and read; nothing else."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def add(self, who: str, address: str, what: str, detail: str = "") -> None:
        """`what` is a noun and a past verb, as an event's name is."""
        with Session(self._engine) as session, session.begin():
            session.add(
                AuditRow(
                    at=self._clock.now(),
                    who=_kept(who)[:64],
                    address=_kept(address)[:64],
                    what=what,
                    detail=_kept(redacted(detail))[:_MOST_CHARS],
                )
            )

    def newest(self, before: int | None = None) -> Sequence[AuditEntry]:
        """`PAGE` entries, newest first, of those before the number `before`."""
        query = select(AuditRow).order_by(AuditRow.id.desc()).limit(PAGE)
        if before is not None:
            query = query.where(AuditRow.id < before)
        with Session(self._engine) as session:
            return [
                AuditEntry(
                    number=row.id,
                    at=row.at,
                    who=row.who,
                    address=row.address,
                    what=row.what,
                    detail=row.detail,
                )
                for row in session.scalars(query)
            ]


def _kept(words: str) -> str:
    """PostgreSQL's texts hold no NUL."""
    return words.replace("\x00", "\ufffd")
