"""Signing in as a browser does: cookies, forms, limits, headers."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from cloud.console.app import create_app
from cloud.console.parts import ConsoleParts
from cloud.console.roles import PersonRole
from cloud.console.sign_in import local_path
from cloud.console.sign_in_attempts import FAILURES_PER_ADDRESS, FAILURES_PER_NAME, WINDOW_S
from tests.consoles import PASSWORD, add_person, browser, form_token, parts_in, sign_in
from tests.fakes import ManualClock

HTML = {"Accept": "text/html"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def parts(tmp_path: Path, clock: ManualClock) -> ConsoleParts:
    return parts_in(tmp_path, clock)


@pytest.fixture
def app(parts: ConsoleParts) -> FastAPI:
    add_person(parts, "ada", PersonRole.ADMIN)
    return create_app(parts)


def test_who_is_not_signed_in_is_asked_to_and_comes_back_where_he_was(app: FastAPI) -> None:
    client = browser(app)
    asked = client.get("/audit?before=7", headers=HTML)
    assert asked.status_code == 303
    page = client.get(asked.headers["location"]).text
    assert 'value="/audit?before=7"' in page
    answer = client.post(
        "/sign-in",
        data={
            "name": "ada",
            "password": PASSWORD,
            "form_token": form_token(page),
            "to": "/audit?before=7",
        },
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/audit?before=7")
    assert client.get("/audit", headers=HTML).status_code == 200


def test_a_session_cookie_is_for_no_script_no_other_site_and_new_at_each_sign_in(
    app: FastAPI,
) -> None:
    client = browser(app)
    sign_in(client, "ada")
    first = client.cookies["stillwatch_session"]
    client.cookies.delete("stillwatch_session")
    page = client.get("/sign-in").text
    answer = client.post(
        "/sign-in", data={"name": "ada", "password": PASSWORD, "form_token": form_token(page)}
    )
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert client.cookies["stillwatch_session"] != first


def test_over_tls_cookies_are_secure_and_of_this_host_alone(
    tmp_path: Path, clock: ManualClock
) -> None:
    parts = parts_in(tmp_path, clock, public_url="https://127.0.0.1")
    answer = browser(create_app(parts)).get("/sign-in")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie
    assert "max-age" in answer.headers["strict-transport-security"]


def test_signing_out_ends_the_session_at_the_server(app: FastAPI) -> None:
    client = browser(app)
    token = sign_in(client, "ada")
    cookie = client.cookies["stillwatch_session"]
    assert client.post("/sign-out", data={"form_token": token}).status_code == 303
    again = browser(app)
    again.cookies["stillwatch_session"] = cookie
    assert again.get("/people", headers=HTML).status_code == 303


def test_a_second_sign_in_in_a_browser_ends_its_first_session_and_no_other(
    app: FastAPI, parts: ConsoleParts
) -> None:
    client, elsewhere = browser(app), browser(app)
    token = sign_in(client, "ada")
    sign_in(elsewhere, "ada")
    first = client.cookies["stillwatch_session"]
    said = {"name": "ada", "password": PASSWORD, "form_token": token}
    assert client.post("/sign-in", data=said).status_code == 303
    second = client.cookies["stillwatch_session"]
    assert second != first
    assert parts.sessions.find(first) is None
    assert parts.sessions.find(second) is not None
    assert parts.sessions.find(elsewhere.cookies["stillwatch_session"]) is not None


def test_a_form_from_elsewhere_is_refused(app: FastAPI) -> None:
    client = browser(app)
    token = sign_in(client, "ada")
    other = browser(app)
    theirs = form_token(other.get("/sign-in").text)
    for given in ({}, {"form_token": ""}, {"form_token": theirs}, {"form_token": "é" * 64}):
        refused = client.post(
            "/people/invite", data={"name": "eve", "role": "admin", **given}, headers=HTML
        )
        assert refused.status_code == 403, given
    good = client.post("/people/invite", data={"name": "eve", "role": "admin", "form_token": token})
    assert good.status_code == 200


def test_after_some_failures_a_name_waits_at_that_address(
    app: FastAPI, clock: ManualClock, parts: ConsoleParts
) -> None:
    client = browser(app)
    token = form_token(client.get("/sign-in").text)

    def attempt(password: str) -> int:
        data = {"name": "ada", "password": password, "form_token": token}
        return int(client.post("/sign-in", data=data).status_code)

    assert [attempt("wrong") for _ in range(FAILURES_PER_NAME)] == [401] * FAILURES_PER_NAME
    assert attempt(PASSWORD) == 429
    clock.advance(WINDOW_S)
    assert attempt(PASSWORD) == 303
    refused = [one for one in parts.audit.newest() if one.what == "sign_in_refused"]
    assert len(refused) == FAILURES_PER_NAME


def test_an_address_that_tries_many_names_waits_too(app: FastAPI) -> None:
    client = browser(app)
    token = form_token(client.get("/sign-in").text)
    codes = [
        client.post(
            "/sign-in", data={"name": f"n{number}", "password": "x" * 300, "form_token": token}
        ).status_code
        for number in range(FAILURES_PER_ADDRESS + 1)
    ]
    assert codes == [401] * FAILURES_PER_ADDRESS + [429]


@pytest.mark.parametrize("path", ["/sign-in", "/nowhere", "/static/console.css", "/healthz"])
def test_every_answer_says_what_browsers_may_do_with_it(app: FastAPI, path: str) -> None:
    answer = browser(app).get(path, headers=HTML)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_have_no_script_or_style_within(app: FastAPI) -> None:
    client = browser(app)
    sign_in(client, "ada")
    for path in ("/people", "/audit", "/sign-in", "/nowhere"):
        text = client.get(path, headers=HTML).text
        assert "style=" not in text
        assert "<style" not in text
        assert " onclick" not in text
        assert text.count("<script") == text.count('<script src="/static/')


def test_a_name_of_another_host_is_not_answered(app: FastAPI) -> None:
    assert browser(app).get("/sign-in", headers={"Host": "evil.example"}).status_code == 400


def test_a_body_that_is_too_long_or_of_unknown_length_is_not_read(app: FastAPI) -> None:
    client = browser(app)
    assert client.post("/sign-in", content=b"x" * 300_000).status_code == 413
    assert client.post("/sign-in", content=iter([b"name=a"])).status_code == 411


@pytest.mark.parametrize(
    ("given", "to"),
    [
        ("/fleet?a=1", "/fleet?a=1"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
    ],
)
def test_after_a_sign_in_one_goes_to_a_page_of_ours(given: str, to: str) -> None:
    assert local_path(given) == to


def test_names_and_errors_are_escaped(app: FastAPI) -> None:
    client = browser(app)
    token = form_token(client.get("/sign-in").text)
    answer = client.post(
        "/sign-in", data={"name": "<script>x</script>", "password": "p", "form_token": token}
    )
    assert "<script>x" not in answer.text


@pytest.mark.parametrize("sites", [",", " ", ", ,"])
def test_signs_that_name_no_site_invite_nobody_to_all_of_them(
    app: FastAPI, parts: ConsoleParts, sites: str
) -> None:
    admin = browser(app)
    data = {"name": "ben", "role": "admin", "form_token": sign_in(admin, "ada"), "sites": sites}
    refused = admin.post("/people/invite", data=data)
    assert refused.status_code == 422
    assert "names no site" in refused.text
    assert 'id="link"' not in refused.text
    assert "invitation_made" not in {one.what for one in parts.audit.newest()}


def test_an_invited_person_sets_a_password_and_is_in(app: FastAPI) -> None:
    admin = browser(app)
    token = sign_in(admin, "ada")
    page = admin.post(
        "/people/invite",
        data={"name": "ben", "role": "operator", "sites": "north, south", "form_token": token},
    ).text
    path = page.split('id="link">')[1].split("<")[0].split(":8484")[1]
    guest = browser(app)
    welcome = guest.get(path).text
    data = {"name": "ben", "password": PASSWORD, "again": PASSWORD}
    wrong = guest.post(path, data=data | {"again": "other", "form_token": form_token(welcome)})
    assert wrong.status_code == 422
    done = guest.post(path, data=data | {"form_token": form_token(welcome)})
    assert done.status_code == 303
    assert guest.get("/people", headers=HTML).status_code == 403
    assert guest.get(path).status_code == 410
