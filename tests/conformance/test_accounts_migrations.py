"""The accounts' tables are made, adopted, kept and refused alike in SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DatabaseError

from cloud.console.accounts import Accounts
from cloud.console.audit_log import AuditLog
from cloud.console.roles import Person, PersonRole
from cloud.console.tables import AccountsError, AccountTables, console_key, open_tables
from cloud.index.address import database_address
from cloud.index.database import open_index
from tests import databases
from tests.consoles import PASSWORD
from tests.fakes import ManualClock


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = open_tables(url)
    yield engine
    engine.dispose()


def made(engine: Engine) -> Person:
    accounts = Accounts(engine, ManualClock())
    person = accounts.accept(accounts.invite("ada", PersonRole.ADMIN), "ada", PASSWORD)
    assert isinstance(person, Person)
    AuditLog(engine, ManualClock()).add("ada", "-", "signed_in", "")
    return person


def test_the_steps_make_what_the_tables_say(engine: Engine) -> None:
    databases.check_tables(engine, AccountTables.metadata)


def test_many_consoles_may_start_at_once_and_have_one_key(url: str) -> None:
    expected = {table.name for table in AccountTables.metadata.sorted_tables}
    found = databases.tables_opened_at_once(lambda: open_tables(url))
    assert all(expected <= one for one in found)
    engines = [open_tables(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(console_key, engines))
    assert len(set(keys)) == 1
    for engine in engines:
        engine.dispose()


def test_what_was_made_before_there_were_steps_is_taken_over_whole(url: str) -> None:
    before = create_engine(database_address(url))
    AccountTables.metadata.create_all(before)
    person, key = made(before), console_key(before)
    waiting = Accounts(before, ManualClock()).invite("ben", PersonRole.VIEWER)
    before.dispose()
    for _ in range(2):
        engine = open_tables(url)
        databases.check_tables(engine, AccountTables.metadata)
        accounts = Accounts(engine, ManualClock())
        assert accounts.check("ada", PASSWORD) == person
        assert accounts.invitation(waiting) is not None
        assert console_key(engine) == key
        assert [one.what for one in AuditLog(engine, ManualClock()).newest()] == ["signed_in"]
        with engine.begin() as connection, pytest.raises(DatabaseError, match="append-only"):
            connection.execute(text("DELETE FROM console_audit"))
        engine.dispose()


def test_tables_of_which_some_are_missing_are_completed(url: str) -> None:
    before = create_engine(database_address(url))
    AccountTables.metadata.create_all(before)
    person = made(before)
    with before.begin() as connection:
        connection.execute(text("DROP TABLE console_key"))
    before.dispose()
    engine = open_tables(url)
    assert Accounts(engine, ManualClock()).check("ada", PASSWORD) == person
    assert console_key(engine) == console_key(engine)
    engine.dispose()


def test_accounts_and_index_may_share_a_database(url: str) -> None:
    for _ in range(2):
        engines = [open_index(url), open_tables(url)]
        for engine in engines:
            engine.dispose()


def test_accounts_of_a_newer_program_are_left_alone(url: str) -> None:
    engine = open_tables(url)
    made(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE console_version SET version_num = '9999'"))
    with pytest.raises(AccountsError, match=r"are of a newer program .*use that"):
        open_tables(url)
    with engine.connect() as connection:
        there = connection.scalar(text("SELECT count(*) FROM console_account"))
    assert there == 1
    engine.dispose()
