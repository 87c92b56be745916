"""Accounts: who may sign in, by which password or identity provider, and one-time links to begin.

SHELL (database). No account has a password that somebody else knew: whoever follows a one-time link
sets it. Called by the console's endpoints and by `command`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cloud.console.passwords import hash_of, is_password, objection
from cloud.console.roles import Person, PersonRole
from cloud.console.tables import AccountRow, InvitationRow, SessionRow
from cloud.console.tokens import kept_of, new_token
from service.clock import Clock

INVITATION_HOURS = 24.0
MAX_INVITATIONS = 1000
MAX_SITES = 100
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a one-time link stands for; without a name whoever follows it chooses one."""

    name: str | None
    role: PersonRole
    sites: frozenset[str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccountRefused:
    """Why an account was not made or changed, in words for who asked."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """An account as administrators see it."""

    person: Person
    active: bool
    provider: str | None
    created_at: datetime


class Accounts:
    """All of them, in one database."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock

    def is_empty(self) -> bool:
        """Whether nobody can sign in yet."""
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).select_from(AccountRow)) == 0

    def invite(
        self,
        name: str | None,
        role: PersonRole,
        sites: frozenset[str] = frozenset(),
        hours: float = INVITATION_HOURS,
    ) -> str:
        """A token for one use; the only place where it can be read. An earlier one for the same
        name ends; of more than `MAX_INVITATIONS` that wait the one that ends first gives way."""
        token, now = new_token(), self._clock.now()
        with Session(self._engine) as session, session.begin():
            session.execute(
                delete(InvitationRow).where(
                    (InvitationRow.expires_at <= now)
                    | (InvitationRow.name.is_not_distinct_from(name))
                )
            )
            waiting = session.scalars(
                select(InvitationRow).order_by(InvitationRow.expires_at)
            ).all()
            for old in waiting[: max(0, len(waiting) + 1 - MAX_INVITATIONS)]:
                session.delete(old)
            session.add(
                InvitationRow(
                    token=kept_of(token),
                    name=name,
                    role=role,
                    sites=_text(sites),
                    expires_at=now + timedelta(hours=hours),
                )
            )
        return token

    def invitation(self, token: str) -> Invitation | None:
        """What a token stands for, while it is good."""
        with Session(self._engine) as session:
            row = session.get(InvitationRow, kept_of(token))
            if row is None or row.expires_at <= self._clock.now():
                return None
            return Invitation(
                name=row.name,
                role=PersonRole(row.role),
                sites=_sites(row.sites),
                expires_at=row.expires_at,
            )

    def accept(self, token: str, name: str, password: str) -> Person | AccountRefused:
        """Uses a one-time link up: makes its account, or gives the one of that name a new password,
        and ends every session that it had."""
        wrong = name_objection(name) or objection(password, name)
        invited = self.invitation(token)
        if invited is None:
            return AccountRefused("this link is over, or was used: ask for another")
        if wrong is not None:
            return AccountRefused(wrong)
        if invited.name is not None and invited.name != name:
            return AccountRefused(f"this link is for {invited.name}")
        hashed = hash_of(password)
        try:
            with Session(self._engine) as session, session.begin():
                used = session.execute(
                    delete(InvitationRow).where(InvitationRow.token == kept_of(token))
                )
                if used.rowcount != 1:  # type: ignore[attr-defined]  # of a delete it has one
                    return AccountRefused("this link was used a moment ago: ask for another")
                return self._made(session, invited, name, hashed)
        except IntegrityError:
            return AccountRefused(f"the name {name} is taken")

    def _made(self, session: Session, invited: Invitation, name: str, hashed: str) -> Person:
        row = session.scalar(select(AccountRow).where(AccountRow.name == name))
        if row is not None and (invited.name is None or row.issuer is not None):
            raise IntegrityError("name", None, ValueError(name))
        if row is None:
            row = AccountRow(name=name, created_at=self._clock.now())
            session.add(row)
        row.password, row.role, row.sites = hashed, invited.role, _text(invited.sites)
        row.active = True
        session.flush()
        session.execute(delete(SessionRow).where(SessionRow.account == row.id))
        _end_first_link(session, row)
        return person_of(row)

    def check(self, name: str, password: str) -> Person | None:
        """Who has this name and password; takes as long for a name that nobody has."""
        asked = name if name_objection(name) is None else ""
        with Session(self._engine) as session:
            row = session.scalar(select(AccountRow).where(AccountRow.name == asked))
            stored = row.password if row is not None and row.active else None
            known = person_of(row) if row is not None else None
        return known if is_password(stored, password) else None

    def vouched(
        self, issuer: str, subject: str, name: str, role: PersonRole, sites: frozenset[str]
    ) -> Person | AccountRefused:
        """Whom an identity provider vouches for, with the role that it says now; an account that an
        administrator switched off stays off."""
        try:
            with Session(self._engine) as session, session.begin():
                row = session.scalar(
                    select(AccountRow).where(
                        AccountRow.issuer == issuer, AccountRow.subject == subject
                    )
                )
                if row is None:
                    row = AccountRow(
                        issuer=issuer, subject=subject, active=True, created_at=self._clock.now()
                    )
                    row.name = name
                    session.add(row)
                if not row.active:
                    return AccountRefused(f"the account {row.name} is switched off")
                row.role, row.sites = role, _text(sites)
                session.flush()
                _end_first_link(session, row)
                return person_of(row)
        except IntegrityError:
            return AccountRefused(f"the name {name} belongs to another account")

    def switch(self, account: int, *, active: bool) -> str | AccountRefused:
        """Lets an account in or keeps it out, which ends its sessions; gives its name. The last
        administrator stays."""
        with Session(self._engine) as session, session.begin():
            row = session.get(AccountRow, account)
            if row is None:
                return AccountRefused("there is no such account")
            if (
                not active
                and row.role == PersonRole.ADMIN
                and self._admins(session) == 1
                and row.active
            ):
                return AccountRefused("this is the last administrator")
            row.active = active
            if not active:
                session.execute(delete(SessionRow).where(SessionRow.account == account))
            return row.name

    def _admins(self, session: Session) -> int:
        where = (AccountRow.role == PersonRole.ADMIN, AccountRow.active)
        return session.scalar(select(func.count()).select_from(AccountRow).where(*where)) or 0

    def all(self) -> Sequence[AccountFacts]:
        """By name."""
        with Session(self._engine) as session:
            return [
                AccountFacts(
                    person=person_of(row),
                    active=row.active,
                    provider=row.issuer,
                    created_at=row.created_at,
                )
                for row in session.scalars(select(AccountRow).order_by(AccountRow.name))
            ]


def _end_first_link(session: Session, made: AccountRow) -> None:
    """Links without a name are for the first administrator: over as soon as there is one."""
    if made.role == PersonRole.ADMIN:
        session.execute(delete(InvitationRow).where(InvitationRow.name.is_(None)))


def name_objection(name: str) -> str | None:
    """Why nobody can be called so, in words; None if somebody can."""
    if _NAME.fullmatch(name):
        return None
    return "a name has 1 to 64 of the signs A-Z a-z 0-9 . _ @ + - and begins with a letter or digit"


def sites_named(text: str) -> frozenset[str] | AccountRefused:
    """The sites that somebody wrote, with blanks or commas between; none if nothing was written,
    which stands for all. Signs between which no site stands are a slip and must not mean all."""
    named = frozenset(text.replace(",", " ").split())
    if text and not named:
        return AccountRefused(f"{text!r} names no site: name one, or leave it out for all")
    if len(named) > MAX_SITES:
        return AccountRefused(f"{len(named)} sites: at most {MAX_SITES}, or none for all")
    if not text.isprintable():
        return AccountRefused("a site's name has no control characters")
    return named


def person_of(row: AccountRow) -> Person:
    """Of the row, without what is secret."""
    return Person(account=row.id, name=row.name, role=PersonRole(row.role), sites=_sites(row.sites))


def _text(sites: frozenset[str]) -> str:
    return ",".join(sorted(sites))


def _sites(text: str) -> frozenset[str]:
    return frozenset(one for one in text.split(",") if one)
