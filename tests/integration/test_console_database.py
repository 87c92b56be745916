"""A database that does not answer is said in words, and the page works once it answers again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cloud.console.app import create_app
from cloud.console.roles import PersonRole
from tests.consoles import add_person, browser, enter, parts_in
from tests.fakes import ManualClock
from tests.pictured_alarms import raise_alarm

HTML = {"Accept": "text/html"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.mark.parametrize("path", ["/", "/cameras/north/yard/edit", "/api/alarms"])
def test_a_page_whose_table_cannot_be_read_says_so(
    path: str, tmp_path: Path, clock: ManualClock
) -> None:
    file = tmp_path / "north.yaml"
    file.write_text("{}")
    parts = parts_in(tmp_path, clock, configurations={"north": str(file)})
    raise_alarm(parts, 1, clock.now())
    client = browser(create_app(parts))
    enter(client, parts, add_person(parts, "nina", PersonRole.ADMIN))
    with sqlite3.connect(tmp_path / "index.sqlite") as aside:
        aside.execute("ALTER TABLE alarms RENAME TO aside")
    away = client.get(path, headers=HTML)
    assert away.status_code == 503
    assert "database does not answer" in away.text
    assert "no such table" not in away.text
    with sqlite3.connect(tmp_path / "index.sqlite") as aside:
        aside.execute("ALTER TABLE aside RENAME TO alarms")
    assert client.get(path, headers=HTML).status_code == 200


def test_without_accounts_nobody_is_let_in_and_everybody_is_told(
    tmp_path: Path, clock: ManualClock
) -> None:
    parts = parts_in(tmp_path, clock)
    client = browser(create_app(parts))
    token = enter(client, parts, add_person(parts, "nina", PersonRole.ADMIN))
    with sqlite3.connect(tmp_path / "accounts.sqlite") as aside:
        aside.execute("ALTER TABLE console_session RENAME TO aside")
    page = client.get("/people", headers=HTML)
    assert (page.status_code, "nina" in page.text) == (503, False)
    assert "database does not answer" in page.text
    asked = client.post(
        "/people/invite", data={"form_token": token}, headers={"Accept": "application/json"}
    )
    assert (asked.status_code, set(asked.json())) == (503, {"detail"})
