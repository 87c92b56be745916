"""Sessions: who is signed in, kept at the server, so that they can be ended there.

SHELL (database). The browser has a cookie by chance, the database its hash. Called by `guard`,
`sign_in` and `live`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from cloud.console.accounts import person_of
from cloud.console.roles import Person
from cloud.console.tables import AccountRow, SessionRow
from cloud.console.tokens import kept_of, new_token
from service.clock import Clock


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Who is signed in, and until when."""

    person: Person
    expires_at: datetime


class Sessions:
    """All of them; each ends `hours` after its sign-in."""

    def __init__(self, engine: Engine, clock: Clock, hours: float) -> None:
        self._engine, self._clock = engine, clock
        self._lasts = timedelta(hours=hours)

    @property
    def lasts_s(self) -> int:
        """How long one lasts."""
        return int(self._lasts.total_seconds())

    def open(self, person: Person, *, instead_of: str | None = None) -> str:
        """The new session's cookie. The one whose cookie the browser had ends, and sessions that
        are over are removed meanwhile."""
        token, now = new_token(), self._clock.now()
        over = SessionRow.expires_at <= now
        if instead_of is not None:
            over |= SessionRow.token == kept_of(instead_of)
        with Session(self._engine) as session, session.begin():
            session.execute(delete(SessionRow).where(over))
            session.add(
                SessionRow(
                    token=kept_of(token),
                    account=person.account,
                    created_at=now,
                    expires_at=now + self._lasts,
                )
            )
        return token

    def find(self, token: str) -> OpenSession | None:
        """The session of a cookie; None if it is over, or its account is switched off."""
        query = (
            select(AccountRow, SessionRow.expires_at)
            .join(SessionRow, SessionRow.account == AccountRow.id)
            .where(SessionRow.token == kept_of(token), AccountRow.active)
        )
        with Session(self._engine) as session:
            found = session.execute(query).first()
            if found is None or found[1] <= self._clock.now():
                return None
            return OpenSession(person_of(found[0]), found[1])

    def close(self, token: str) -> None:
        """Ends one."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(SessionRow).where(SessionRow.token == kept_of(token)))
