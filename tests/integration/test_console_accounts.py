"""Accounts, sessions, one-time links and the audit log, on a real database."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DatabaseError

from cloud.console.accounts import AccountRefused
from cloud.console.app import create_app
from cloud.console.command import first_link
from cloud.console.parts import ConsoleParts
from cloud.console.roles import Person, PersonRole
from cloud.console.tables import AccountsError, open_tables
from tests.consoles import PASSWORD, add_person, browser, enter, form_token, parts_in
from tests.databases import PostgreSql
from tests.fakes import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def parts(tmp_path: Path, clock: ManualClock) -> ConsoleParts:
    return parts_in(tmp_path, clock)


def test_the_first_start_gives_one_link_for_an_administrator_and_then_none(
    parts: ConsoleParts,
) -> None:
    first = first_link(parts.accounts, "http://c")
    second = first_link(parts.accounts, "http://c")
    assert first is not None
    assert second is not None
    tokens = [link.rsplit("/", 1)[1] for link in (first, second)]
    assert parts.accounts.invitation(tokens[0]) is None  # of an earlier start
    made = parts.accounts.accept(tokens[1], "ada", PASSWORD)
    assert isinstance(made, Person)
    assert made.role is PersonRole.ADMIN
    assert first_link(parts.accounts, "http://c") is None


def test_the_link_for_the_first_administrator_ends_when_one_was_made_otherwise(
    parts: ConsoleParts,
) -> None:
    def waiting() -> str:
        return parts.accounts.invite(None, PersonRole.ADMIN)

    link = waiting()
    add_person(parts, "vera", PersonRole.VIEWER)
    parts.accounts.vouched("http://id", "1", "olga", PersonRole.OPERATOR, frozenset())
    assert parts.accounts.invitation(link) is not None  # nobody administers yet
    add_person(parts, "ada", PersonRole.ADMIN)
    assert isinstance(parts.accounts.accept(link, "eve", PASSWORD), AccountRefused)
    link = waiting()
    parts.accounts.vouched("http://id", "2", "ben", PersonRole.ADMIN, frozenset())
    assert isinstance(parts.accounts.accept(link, "eve", PASSWORD), AccountRefused)
    assert [one.person.name for one in parts.accounts.all()] == ["ada", "ben", "olga", "vera"]


def test_a_link_is_good_once_and_for_a_day(parts: ConsoleParts, clock: ManualClock) -> None:
    used = parts.accounts.invite("ada", PersonRole.VIEWER)
    assert isinstance(parts.accounts.accept(used, "ada", PASSWORD), Person)
    assert isinstance(parts.accounts.accept(used, "ada", PASSWORD), AccountRefused)
    late = parts.accounts.invite("ben", PersonRole.VIEWER)
    clock.advance(24 * 3600)
    assert parts.accounts.invitation(late) is None
    assert isinstance(parts.accounts.accept(late, "ben", PASSWORD), AccountRefused)


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ada", "short"),
        ("ada", "aaaaaaaaaaaaaaaaaa"),
        ("ada", "ada and the others"),
        ("", PASSWORD),
        ("a b", PASSWORD),
        ("<b>", PASSWORD),
        ("ben", PASSWORD),
        ("ada", "x y z w v" * 100),
    ],
)
def test_a_link_that_is_used_wrongly_stays_good(
    parts: ConsoleParts, name: str, password: str
) -> None:
    token = parts.accounts.invite("ada", PersonRole.VIEWER)
    assert isinstance(parts.accounts.accept(token, name, password), AccountRefused)
    assert parts.accounts.invitation(token) is not None


def test_a_name_that_is_taken_is_refused_to_who_may_choose(parts: ConsoleParts) -> None:
    add_person(parts, "ada", PersonRole.ADMIN)
    token = parts.accounts.invite(None, PersonRole.ADMIN)
    refused = parts.accounts.accept(token, "ada", "another long password")
    assert refused == AccountRefused("the name ada is taken")
    assert parts.accounts.check("ada", PASSWORD) is not None


def test_a_password_is_stored_as_an_argon2_hash_alone(parts: ConsoleParts, tmp_path: Path) -> None:
    add_person(parts, "ada", PersonRole.VIEWER, "north")
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert PASSWORD.encode() not in stored
    assert b"$argon2id$" in stored
    assert parts.accounts.check("ada", PASSWORD) == Person(
        account=1, name="ada", role=PersonRole.VIEWER, sites=frozenset({"north"})
    )
    assert parts.accounts.check("ada", "wrong password!") is None
    assert parts.accounts.check("nobody", PASSWORD) is None


def test_a_session_is_found_until_its_time_is_over(parts: ConsoleParts, clock: ManualClock) -> None:
    ada = add_person(parts, "ada", PersonRole.VIEWER)
    cookie = parts.sessions.open(ada)
    clock.advance(12 * 3600 - 1)
    found = parts.sessions.find(cookie)
    assert found is not None
    assert found.person == ada
    assert found.expires_at == clock.now() + timedelta(seconds=1)
    clock.advance(1)
    assert parts.sessions.find(cookie) is None


def test_the_database_holds_no_cookie(parts: ConsoleParts, tmp_path: Path) -> None:
    cookie = parts.sessions.open(add_person(parts, "ada", PersonRole.VIEWER))
    assert cookie.encode() not in b"".join(
        file.read_bytes() for file in tmp_path.iterdir() if file.is_file()
    )


def test_a_new_password_and_a_switched_off_account_end_all_sessions(parts: ConsoleParts) -> None:
    add_person(parts, "root", PersonRole.ADMIN)
    ada = add_person(parts, "ada", PersonRole.VIEWER)
    before = parts.sessions.open(ada)
    add_person(parts, "ada", PersonRole.OPERATOR)
    assert parts.sessions.find(before) is None
    cookie = parts.sessions.open(ada)
    found = parts.sessions.find(cookie)
    assert found is not None
    assert found.person.role is PersonRole.OPERATOR
    assert parts.accounts.switch(ada.account, active=False) == "ada"
    assert parts.sessions.find(cookie) is None
    assert parts.accounts.check("ada", PASSWORD) is None


def test_the_last_administrator_cannot_be_switched_off(parts: ConsoleParts) -> None:
    ada = add_person(parts, "ada", PersonRole.ADMIN)
    assert isinstance(parts.accounts.switch(ada.account, active=False), AccountRefused)
    ben = add_person(parts, "ben", PersonRole.ADMIN)
    assert parts.accounts.switch(ben.account, active=False) == "ben"
    assert isinstance(parts.accounts.switch(ada.account, active=False), AccountRefused)


@pytest.mark.parametrize(
    "statement", ["UPDATE console_audit SET who = 'x'", "DELETE FROM console_audit"]
)
def test_nothing_in_the_audit_log_is_changed_or_removed(
    parts: ConsoleParts, tmp_path: Path, statement: str
) -> None:
    parts.audit.add("ada", "10.0.0.1", "session_opened", "by password")
    engine = create_engine(f"sqlite:///{tmp_path}/accounts.sqlite")
    with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    (entry,) = parts.audit.newest()
    assert (entry.who, entry.address, entry.what) == ("ada", "10.0.0.1", "session_opened")


def test_an_entry_without_a_database_is_an_error_and_no_silence(tmp_path: Path) -> None:
    (tmp_path / "accounts.sqlite").write_bytes(b"this is no database, but a letter to somebody")
    with pytest.raises(Exception, match="accounts"):
        parts_in(tmp_path, ManualClock())


def test_what_postgresql_cannot_hold_is_refused_or_replaced(
    tmp_path: Path, clock: ManualClock, postgresql: PostgreSql
) -> None:
    parts = parts_in(tmp_path, clock, accounts=postgresql.new_database())
    client = browser(create_app(parts))
    said = {"form_token": form_token(client.get("/sign-in").text), "password": PASSWORD}
    assert client.post("/sign-in", data={**said, "name": "a\0da"}).status_code == 401
    token = enter(client, parts, add_person(parts, "ada", PersonRole.ADMIN))
    invited = {"form_token": token, "role": "viewer", "name": "ben", "sites": "mi\0ll"}
    assert client.post("/people/invite", data=invited).status_code == 422
    handed = {"form_token": token, "to": "b\0b"}
    assert client.post("/shift/hand-over", data=handed).status_code == 200
    assert {one.who for one in parts.audit.newest()} == {"a\ufffdda", "ada"}


def test_a_password_file_of_the_accounts_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match=r"accounts: password file .*/absent cannot be read"):
        open_tables("postgresql://stillwatch@127.0.0.1:1/x", tmp_path / "absent")


def test_an_address_of_no_database_is_refused_without_a_word_of_a_password() -> None:
    with pytest.raises(AccountsError, match="'mysql'") as raised:
        open_tables("mysql://ada:hidden@127.0.0.1/x")
    assert "hidden" not in str(raised.value)
