"""Signing in by an identity provider: real HTTP, real signed tokens, and what must not hold."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey

from cloud.console.app import create_app
from cloud.console.openid import AT_ONCE, OpenIdProvider, OpenIdTrip, ProviderAway
from cloud.console.parts import ConsoleParts
from cloud.console.roles import PersonRole
from cloud.console.settings import OidcSettings
from tests.consoles import add_person, browser, parts_in
from tests.fakes import ManualClock
from tests.openid_provider import CLIENT, SECRET, OpenIdPeople, openid_provider

HTML = {"Accept": "text/html"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def people(clock: ManualClock) -> Iterator[OpenIdPeople]:
    ada = {"sub": "1234", "preferred_username": "ada", "groups": ["guards", "other"]}
    with openid_provider(clock, **ada, sites=["mill"]) as found:
        yield found


@pytest.fixture
def parts(tmp_path: Path, clock: ManualClock, people: OpenIdPeople) -> ConsoleParts:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    oidc = {
        "issuer": people.url,
        "client_id": CLIENT,
        "client_secret_file": str(secret),
        "roles": {"guards": "operator", "heads": "admin", "fitters": "installer"},
        "sites_claim": "sites",
    }
    return parts_in(tmp_path, clock, oidc=oidc)


@pytest.fixture
def app(parts: ConsoleParts) -> FastAPI:
    return create_app(parts)


def at_the_provider(client: TestClient, to: str = "/shift") -> str:
    """Goes there as a browser would, and comes back with this address."""
    away = client.get("/oidc/begin", params={"to": to})
    assert away.status_code == 303, away.text
    back = httpx.get(away.headers["location"])
    assert back.status_code == 302
    return "/oidc/callback?" + back.headers["location"].split("?")[1]


def test_who_the_provider_vouches_for_is_in_with_the_role_and_sites_of_the_groups(
    app: FastAPI, parts: ConsoleParts
) -> None:
    client = browser(app)
    answer = client.get(at_the_provider(client))
    assert (answer.status_code, answer.headers["location"]) == (303, "/shift")
    assert client.get("/shift", headers=HTML).status_code == 200
    assert client.get("/people", headers=HTML).status_code == 403
    (ada,) = parts.accounts.all()
    assert ada.person.role is PersonRole.OPERATOR
    assert ada.person.sites == {"mill"}


def test_the_role_is_taken_anew_at_each_sign_in(
    app: FastAPI, parts: ConsoleParts, people: OpenIdPeople
) -> None:
    first = browser(app)
    first.get(at_the_provider(first))
    people.person["groups"] = ["guards", "heads"]
    second = browser(app)
    second.get(at_the_provider(second))
    (ada,) = parts.accounts.all()
    assert ada.person.role is PersonRole.ADMIN


@pytest.mark.parametrize(
    "faults",
    [
        {"iss": "http://elsewhere"},
        {"aud": "another"},
        {"nonce": "of another sign-in"},
        {"exp": 1},
        {"iat": 4_000_000_000, "nbf": 4_000_000_000},
        {"groups": ["nobody"]},
        {"groups": None},
        {"sites": []},
        {"preferred_username": "<script>"},
        {"sub": None},
    ],
    ids=lambda faults: next(iter(faults)),
)
def test_a_token_that_does_not_hold_lets_nobody_in(
    app: FastAPI, parts: ConsoleParts, people: OpenIdPeople, faults: dict[str, object]
) -> None:
    people.faults = faults
    client = browser(app)
    answer = client.get(at_the_provider(client), headers=HTML)
    assert answer.status_code == 400
    assert client.get("/shift", headers=HTML).status_code == 303
    assert parts.accounts.is_empty()
    assert parts.audit.newest()[0].what == "sign_in_refused"


def test_a_token_signed_by_another_key_lets_nobody_in(
    app: FastAPI, parts: ConsoleParts, people: OpenIdPeople
) -> None:
    people.signing = RSAKey.generate_key(2048)
    client = browser(app)
    assert client.get(at_the_provider(client), headers=HTML).status_code == 400
    assert parts.accounts.is_empty()


def test_a_new_key_of_the_provider_is_fetched(app: FastAPI, people: OpenIdPeople) -> None:
    first = browser(app)
    assert first.get(at_the_provider(first)).status_code == 303
    people.key = RSAKey.generate_key(2048, auto_kid=True)
    second = browser(app)
    assert second.get(at_the_provider(second)).status_code == 303


def test_an_answer_that_was_meant_for_another_browser_or_comes_late_or_twice_is_refused(
    app: FastAPI, clock: ManualClock
) -> None:
    mine, other = browser(app), browser(app)
    back = at_the_provider(mine)
    assert other.get(back, headers=HTML).status_code == 400
    assert mine.get(back).status_code == 303
    assert mine.get(back, headers=HTML).status_code == 400
    late = browser(app)
    back = at_the_provider(late)
    clock.advance(601)
    assert late.get(back, headers=HTML).status_code == 400


def test_a_local_account_of_the_same_name_is_not_taken_over(
    app: FastAPI, parts: ConsoleParts
) -> None:
    add_person(parts, "ada", PersonRole.ADMIN)
    client = browser(app)
    assert client.get(at_the_provider(client), headers=HTML).status_code == 400
    (ada,) = parts.accounts.all()
    assert ada.provider is None


def test_an_account_that_is_switched_off_stays_off(app: FastAPI, parts: ConsoleParts) -> None:
    first = browser(app)
    first.get(at_the_provider(first))
    (ada,) = parts.accounts.all()
    parts.accounts.switch(ada.person.account, active=False)
    assert first.get("/shift", headers=HTML).status_code == 303
    again = browser(app)
    assert again.get(at_the_provider(again), headers=HTML).status_code == 400


def test_a_provider_that_is_away_is_said_and_local_accounts_go_on(
    tmp_path: Path, clock: ManualClock
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    oidc = {
        "issuer": "http://127.0.0.1:9",
        "client_id": CLIENT,
        "client_secret_file": str(tmp_path / "secret"),
        "roles": {},
    }
    client = browser(create_app(parts_in(tmp_path, clock, oidc=oidc)))
    assert client.get("/oidc/begin", headers=HTML).status_code == 503
    assert "Sign in with your organisation" in client.get("/sign-in").text


def test_a_provider_that_hangs_holds_few_threads_of_those_that_serve_pages(
    tmp_path: Path, clock: ManualClock
) -> None:
    ends: queue.Queue[str] = queue.Queue()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = OidcSettings(
            issuer=f"http://127.0.0.1:{silent.getsockname()[1]}",
            client_id=CLIENT,
            client_secret_file=tmp_path / "secret",
            roles={},
        )
        provider = OpenIdProvider(settings, "http://127.0.0.1/oidc/callback", clock)

        def begin() -> None:
            try:
                provider.begin(OpenIdTrip(state="s", nonce="n", verifier="v"))
            except ProviderAway as error:
                ends.put(str(error))

        threads = [threading.Thread(target=begin) for _ in range(AT_ONCE + 1)]
        for thread in threads:
            thread.start()
        assert "wait for it already" in ends.get(timeout=8)
    for thread in threads:
        thread.join(60)
    assert not any("already" in ends.get(timeout=1) for _ in range(AT_ONCE))
