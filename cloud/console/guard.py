"""Who may use which endpoint: said once, enforced and written into the OpenAPI file from the same.

SHELL. Every route is made by `guarded`; `unguarded` finds those that were not, and `create_app`
refuses to start with one. Called by the rooms with endpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, TypeVar

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.routing import APIRoute

from cloud.console.forms import FIELD, HEADER
from cloud.console.parts import forms_of, sessions_of
from cloud.console.roles import Person, PersonRole
from cloud.console.sessions import OpenSession

ROLES_KEY = "x-roles"
ANYBODY = "anybody"
SIGNED_LINK = "signed-link"
"""In place of roles: what needs no sign-in, and what a signed address lets in."""

_CHANGES_NOTHING = {"GET", "HEAD"}
Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


class NotSignedIn(Exception):
    """The endpoint is for people who are signed in."""


def open_session(request: Request) -> OpenSession | None:
    """The request's session, looked up once."""
    if not hasattr(request.state, "open_session"):
        token = forms_of(request).session_of(request)
        request.state.open_session = sessions_of(request).find(token) if token else None
    found: OpenSession | None = request.state.open_session
    return found


def _visitor(request: Request) -> Person | None:
    found = open_session(request)
    return None if found is None else found.person


def _signed_in(who: Annotated[Person | None, Depends(_visitor)]) -> Person:
    if who is None:
        raise NotSignedIn
    return who


Visitor = Annotated[Person | None, Depends(_visitor)]
"""Whoever it is, or nobody."""
SignedIn = Annotated[Person, Depends(_signed_in)]
"""Who is signed in, with one of the endpoint's roles."""


def guarded(
    method: Callable[..., Callable[[Endpoint], Endpoint]],
    path: str,
    roles: frozenset[PersonRole] | str,
    **more: object,
) -> Callable[[Endpoint], Endpoint]:
    """`router.get` or another, for `roles` alone, or ANYBODY, or a SIGNED_LINK."""
    guards = [Depends(_ours)]
    if not isinstance(roles, str):
        guards.insert(0, Depends(_one_of(roles)))
    named = [roles] if isinstance(roles, str) else sorted(roles)
    return method(path, dependencies=guards, openapi_extra={ROLES_KEY: named}, **more)


def unguarded(app: FastAPI) -> Iterator[str]:
    """Paths of routes that say nobody's roles."""
    for route in app.routes:
        if isinstance(route, APIRoute) and ROLES_KEY not in (route.openapi_extra or {}):
            yield route.path


def client_address(request: Request) -> str:
    """Where a request comes from; behind a trusted proxy the server has put in who it is for."""
    return request.client.host if request.client is not None else "unknown"


def _one_of(roles: frozenset[PersonRole]) -> Callable[[Person], None]:
    def check(who: SignedIn) -> None:
        if not who.may(roles):
            raise HTTPException(403, f"this is for {', '.join(sorted(roles))}; you are {who.role}")

    return check


async def _ours(request: Request) -> None:
    """A request that changes something comes from a page of ours."""
    if request.method in _CHANGES_NOTHING:
        return
    given: object = request.headers.get(HEADER)
    if given is None:
        form: Mapping[str, object] = await request.form()
        given = form.get(FIELD)
    if not isinstance(given, str) or not forms_of(request).is_ours(request, given):
        raise HTTPException(
            403,
            "this form is not from a page of the console, or from before a "
            "sign-in: load the page again",
        )
