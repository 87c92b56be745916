"""Who may use what: every endpoint with every role, as the OpenAPI file has it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cloud.console.app import create_app
from cloud.console.guard import ANYBODY, ROLES_KEY, SIGNED_LINK
from cloud.console.parts import ConsoleParts
from cloud.console.roles import PersonRole
from tests.consoles import add_person, browser, enter, parts_in
from tests.fakes import ManualClock

VALUES = {"account": "99", "state": "off", "until_s": "1", "camera": "yard", "gateway": "gw"}
REFUSED = {401, 403}
ENDLESS = "/live"
"""Whoever may have it has it until he leaves: the browser's tests do."""


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> ConsoleParts:
    return parts_in(tmp_path_factory.mktemp("console"), ManualClock())


@pytest.fixture(scope="module")
def app(parts: ConsoleParts) -> FastAPI:
    return create_app(parts)


def endpoints(app: FastAPI) -> Iterator[tuple[str, str, list[str]]]:
    """Method, path with values filled in, and the roles that the file states."""
    for path, methods in app.openapi()["paths"].items():
        filled = re.sub(r"\{(\w+)\}", lambda found: VALUES.get(found[1], "x"), path)
        for method, said in methods.items():
            yield method.upper(), filled, said[ROLES_KEY]


def ask(client: TestClient, method: str, path: str, token: str) -> int:
    headers = {"X-Form-Token": token, "Accept": "application/json"}
    return int(client.request(method, path, headers=headers).status_code)


def test_the_file_states_the_roles_of_every_endpoint(app: FastAPI) -> None:
    found = list(endpoints(app))
    assert len(found) > 8
    known = {*map(str, PersonRole), ANYBODY, SIGNED_LINK}
    assert all(roles and set(roles) <= known for _, _, roles in found)


@pytest.mark.parametrize("role", list(PersonRole))
def test_a_role_gets_in_where_the_file_says_so_and_nowhere_else(
    app: FastAPI, parts: ConsoleParts, role: PersonRole
) -> None:
    client = browser(app)
    person = add_person(parts, f"{role}-1", role)
    for method, path, roles in endpoints(app):
        if path == ENDLESS and role in roles:
            continue
        client.cookies.clear()
        token = enter(client, parts, person)
        got = ask(client, method, path, token)
        allowed = role in roles or ANYBODY in roles
        if SIGNED_LINK not in roles and (method, path) != ("POST", "/sign-in"):
            assert (got not in REFUSED) is allowed, (method, path, role, got)
        assert got < 500, (method, path, got)


def test_nobody_gets_in_without_a_sign_in_but_where_the_file_says_anybody(app: FastAPI) -> None:
    for method, path, roles in endpoints(app):
        got = ask(browser(app), method, path, "")
        if ANYBODY in roles and method == "GET":
            assert got not in REFUSED, (method, path)
        else:
            assert got in REFUSED, (method, path, got)
