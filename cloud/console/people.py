"""The administrator's pages: accounts, invitations, the audit log.

SHELL. Called by `app`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from cloud.console.accounts import AccountRefused, name_objection, sites_named
from cloud.console.guard import SignedIn, client_address, guarded
from cloud.console.parts import AccountsPart, AuditPart, PagesPart, SettingsPart
from cloud.console.roles import ADMINS, MEANING, Person, PersonRole

_NUMBERS = 2**31 - 1
Number = Annotated[int, Query(ge=1, le=_NUMBERS)]
AccountNumber = Annotated[int, Path(ge=1, le=_NUMBERS)]


class AccountSwitch(StrEnum):
    """What an administrator may turn an account to."""

    ON = "on"
    OFF = "off"


router = APIRouter(tags=["accounts"])


def shown(
    request: Request,
    pages: PagesPart,
    accounts: AccountsPart,
    who: Person,
    *,
    status: int = 200,
    link: str | None = None,
    error: str | None = None,
) -> Response:
    return pages.page(
        request,
        "people.html",
        who,
        status=status,
        accounts=accounts.all(),
        meanings=MEANING,
        link=link,
        error=error,
    )


@guarded(router.get, "/people", ADMINS, response_class=HTMLResponse)
def people(request: Request, who: SignedIn, pages: PagesPart, accounts: AccountsPart) -> Response:
    """Who has an account, and the form that invites somebody."""
    return shown(request, pages, accounts, who)


@guarded(router.post, "/people/invite", ADMINS, response_class=HTMLResponse)
def invite(
    request: Request,
    who: SignedIn,
    pages: PagesPart,
    accounts: AccountsPart,
    audit: AuditPart,
    settings: SettingsPart,
    role: Annotated[PersonRole, Form()],
    name: Annotated[str, Form(max_length=64)] = "",
    sites: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """A one-time link, shown this once."""
    wrong = name_objection(name)
    named = sites_named(sites) if wrong is None else AccountRefused(wrong)
    if isinstance(named, AccountRefused):
        return shown(request, pages, accounts, who, status=422, error=named.reason)
    token = accounts.invite(name, role, named)
    audit.add(
        who.name,
        client_address(request),
        "invitation_made",
        f"{name} as {role}, sites: {', '.join(sorted(named)) or 'all'}",
    )
    return shown(request, pages, accounts, who, link=f"{settings.url}/welcome/{token}")


@guarded(router.post, "/people/{account}/{state}", ADMINS, response_class=HTMLResponse)
def switch(
    request: Request,
    account: AccountNumber,
    state: AccountSwitch,
    who: SignedIn,
    pages: PagesPart,
    accounts: AccountsPart,
    audit: AuditPart,
) -> Response:
    """Switches an account off, which signs it out, or on again."""
    done = accounts.switch(account, active=state is AccountSwitch.ON)
    if isinstance(done, AccountRefused):
        return shown(request, pages, accounts, who, status=409, error=done.reason)
    audit.add(who.name, client_address(request), f"account_switched_{state}", done)
    return RedirectResponse("/people", 303)


@guarded(router.get, "/audit", ADMINS, response_class=HTMLResponse)
def audit_log(
    request: Request,
    who: SignedIn,
    pages: PagesPart,
    audit: AuditPart,
    before: Number | None = None,
) -> Response:
    """Who did what, newest first."""
    return pages.page(request, "audit.html", who, entries=audit.newest(before))
