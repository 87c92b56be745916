"""The way to the identity provider and back.

SHELL. What must come back is kept in the browser, in a cookie that is signed and soon over, so that
nobody is brought back into another's sign-in. Called by `app`.
"""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from cloud.console.accounts import AccountRefused
from cloud.console.guard import ANYBODY, client_address, guarded
from cloud.console.openid import (
    NotVouched,
    OpenIdProvider,
    OpenIdTrip,
    ProviderAway,
    VouchedPerson,
)
from cloud.console.parts import (
    AccountsPart,
    AuditPart,
    ClockPart,
    FormsPart,
    PagesPart,
    ProviderPart,
    SessionsPart,
    SettingsPart,
)
from cloud.console.roles import Person
from cloud.console.sign_in import SignInFailure, enter, local_path, sign_in_page
from cloud.console.tokens import new_token
from service.events import Event, log

TRIP_S = 600
CALLBACK = "/oidc/callback"
_MOST_CHARS = 4000
ProviderAnswer = Annotated[str, Query(max_length=_MOST_CHARS)]


router = APIRouter(tags=["sign-in"])


@guarded(router.get, "/oidc/begin", ANYBODY, response_class=RedirectResponse)
def begin(
    provider: ProviderPart, forms: FormsPart, clock: ClockPart, to: ProviderAnswer = "/"
) -> Response:
    """To the provider."""
    trip = OpenIdTrip(state=new_token(), nonce=new_token(), verifier=new_token())
    try:
        response = RedirectResponse(provider.begin(trip), 303)
    except ProviderAway as error:
        raise _away(error) from error
    until_s = int(clock.now().timestamp()) + TRIP_S
    kept = [trip.state, trip.nonce, trip.verifier, local_path(to[:400]), until_s]
    forms.set_trip(response, json.dumps(kept), TRIP_S)
    return response


@guarded(router.get, CALLBACK, ANYBODY, response_class=HTMLResponse)
def callback(
    request: Request,
    provider: ProviderPart,
    forms: FormsPart,
    pages: PagesPart,
    accounts: AccountsPart,
    sessions: SessionsPart,
    settings: SettingsPart,
    audit: AuditPart,
    clock: ClockPart,
    code: ProviderAnswer = "",
    state: ProviderAnswer = "",
    error: ProviderAnswer = "",
) -> Response:
    """Back from the provider."""
    trip, to = _read(forms.trip_of(request), clock.now().timestamp())
    if error:
        found: VouchedPerson | NotVouched = NotVouched(f"the provider refused: {error[:200]}")
    elif trip is None or trip.state != state or not code:
        found = NotVouched("this sign-in began elsewhere or too long ago: begin again")
    else:
        found = _ended(provider, trip, code)
    address = client_address(request)
    person = _account_of(found, accounts, settings)
    if isinstance(person, NotVouched | AccountRefused):
        audit.add("-", address, "sign_in_refused", person.reason)
        failure = SignInFailure(status=400, words=person.reason)
        response = sign_in_page(request, pages, settings, failure)
    else:
        audit.add(person.name, address, "session_opened", "by identity provider")
        response = enter(request, to, person, sessions, forms)
    forms.end_trip(response)
    return response


def _account_of(
    found: VouchedPerson | NotVouched, accounts: AccountsPart, settings: SettingsPart
) -> Person | NotVouched | AccountRefused:
    if isinstance(found, NotVouched) or settings.oidc is None:
        return found if isinstance(found, NotVouched) else NotVouched("no provider is configured")
    issuer = settings.oidc.issuer
    return accounts.vouched(issuer, found.subject, found.name, found.role, found.sites)


def _ended(provider: OpenIdProvider, trip: OpenIdTrip, code: str) -> VouchedPerson | NotVouched:
    try:
        return provider.end(trip, code)
    except ProviderAway as error:
        raise _away(error) from error


def _away(error: ProviderAway) -> HTTPException:
    log(Event.IDENTITY_PROVIDER_AWAY, reason=str(error)[:400])
    return HTTPException(503, "the identity provider does not answer: try again, or by password")


def _read(kept: str | None, now_s: float) -> tuple[OpenIdTrip | None, str]:
    """A cookie whose signature was checked, so its shape is ours."""
    if kept is None:
        return None, "/"
    state, nonce, verifier, to, until_s = json.loads(kept)
    if now_s >= until_s:
        return None, "/"
    return OpenIdTrip(state=state, nonce=nonce, verifier=verifier), to
