"""Signing in and out, and one-time links.

SHELL. Failures are limited per address, and per name from one address, so that nobody guesses
passwords and nobody locks somebody else out from afar. Called by `app`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from cloud.console.accounts import AccountRefused
from cloud.console.guard import ANYBODY, SignedIn, Visitor, client_address, guarded
from cloud.console.parts import (
    AccountsPart,
    AttemptsPart,
    AuditPart,
    ClockPart,
    FormsPart,
    PagesPart,
    SessionsPart,
    SettingsPart,
)
from cloud.console.passwords import TooManyPasswords
from cloud.console.roles import READERS, Person

_MOST_CHARS = 300
_PATH_CHARS = 400

Line = Annotated[str, Form(max_length=_MOST_CHARS)]
LocalPath = Annotated[str, Form(max_length=_PATH_CHARS)]


def local_path(given: str) -> str:
    """Where to go on: a path of ours, else the wall."""
    ours = given.startswith("/") and not given.startswith("//") and given.isprintable()
    return given if ours and "\\" not in given else "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailure:
    """What the page says of a sign-in that did not succeed; `name` stands in its field again."""

    status: int
    words: str
    name: str = ""


def sign_in_page(
    request: Request,
    pages: PagesPart,
    settings: SettingsPart,
    failure: SignInFailure | None = None,
    to: str = "/",
) -> Response:
    """The form, which goes on `to` a path."""
    return pages.page(
        request,
        "sign_in.html",
        None,
        status=200 if failure is None else failure.status,
        to=to,
        error=None if failure is None else failure.words,
        name="" if failure is None else failure.name,
        oidc=settings.oidc is not None,
    )


router = APIRouter(tags=["sign-in"])


@guarded(router.get, "/sign-in", ANYBODY, response_class=HTMLResponse)
def form(
    request: Request, pages: PagesPart, settings: SettingsPart, who: Visitor, to: str = "/"
) -> Response:
    """The form, or onwards for who is signed in."""
    to = local_path(to[:_PATH_CHARS])
    if who is not None:
        return RedirectResponse(to, 303)
    return sign_in_page(request, pages, settings, to=to)


@guarded(router.post, "/sign-in", ANYBODY, response_class=HTMLResponse)
def sign_in(
    request: Request,
    pages: PagesPart,
    settings: SettingsPart,
    accounts: AccountsPart,
    sessions: SessionsPart,
    forms: FormsPart,
    audit: AuditPart,
    clock: ClockPart,
    attempts: AttemptsPart,
    name: Line = "",
    password: Line = "",
    to: LocalPath = "/",
) -> Response:
    """By name and password."""
    address, now = client_address(request), clock.mono()
    wait_s = attempts.begin(name, address, now)
    try:
        person = accounts.check(name, password) if not wait_s else None
    except TooManyPasswords as error:
        attempts.not_tried(name, address)
        raise HTTPException(503, "many sign in at this moment: try again") from error
    if person is not None:
        attempts.succeeded(name, address)
        audit.add(person.name, address, "session_opened", "by password")
        return enter(request, local_path(to), person, sessions, forms)
    if wait_s:
        words = f"too many failures: try again in {wait_s / 60:.0f} minutes"
    else:
        audit.add(name, address, "sign_in_refused")
        words = "name or password is wrong"
    failed = SignInFailure(status=429 if wait_s else 401, words=words, name=name)
    response = sign_in_page(request, pages, settings, failed, to=local_path(to))
    if wait_s:
        response.headers["Retry-After"] = str(int(wait_s) + 1)
    return response


@guarded(router.post, "/sign-out", READERS)
def sign_out(
    request: Request, who: SignedIn, sessions: SessionsPart, forms: FormsPart, audit: AuditPart
) -> Response:
    """Ends the session at the server."""
    sessions.close(forms.session_of(request) or "")
    audit.add(who.name, client_address(request), "session_closed")
    response = RedirectResponse("/sign-in", 303)
    forms.end_session(response)
    return response


welcome_router = APIRouter(tags=["sign-in"])


@guarded(welcome_router.get, "/welcome/{token}", ANYBODY, response_class=HTMLResponse)
def invited(request: Request, token: str, pages: PagesPart, accounts: AccountsPart) -> Response:
    """The form behind a link; looking at it does not use it up."""
    found = accounts.invitation(token)
    status = 200 if found is not None else 410
    return pages.page(request, "welcome.html", None, status=status, invited=found, error=None)


@guarded(welcome_router.post, "/welcome/{token}", ANYBODY, response_class=HTMLResponse)
def accept(
    request: Request,
    token: str,
    pages: PagesPart,
    accounts: AccountsPart,
    sessions: SessionsPart,
    forms: FormsPart,
    audit: AuditPart,
    name: Line = "",
    password: Line = "",
    again: Line = "",
) -> Response:
    """Sets the password and signs in."""
    made: Person | AccountRefused = AccountRefused("the two passwords are not the same")
    if password == again:
        made = accounts.accept(token, name, password)
    if isinstance(made, AccountRefused):
        return pages.page(
            request,
            "welcome.html",
            None,
            status=422,
            invited=accounts.invitation(token),
            error=made.reason,
        )
    audit.add(made.name, client_address(request), "invitation_accepted", made.role)
    return enter(request, "/", made, sessions, forms)


def enter(
    request: Request, to: str, person: Person, sessions: SessionsPart, forms: FormsPart
) -> Response:
    """Opens a session, gives the browser its cookie and goes on `to` a path. A new one at each
    sign-in: the session that this browser had ends, for nobody could sign it out any more."""
    response = RedirectResponse(to, 303)
    token = sessions.open(person, instead_of=forms.session_of(request))
    forms.set_session(response, token, sessions.lasts_s)
    return response
