"""An index is opened, made, brought up to date and refused alike in SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text

from cloud.index.address import database_address
from cloud.index.alarm_index import AlarmIndex
from cloud.index.database import MIGRATIONS, IndexUnusable, open_index, writing
from cloud.index.queries import AlarmFilter
from cloud.index.schema import Base
from cloud.migrations import configured
from contract.ids import GatewayId
from tests import databases
from tests.alarms import received, report_of
from tests.fakes import ManualClock


def test_many_may_open_a_new_index_at_once(url: str) -> None:
    found = databases.tables_opened_at_once(lambda: open_index(url))
    assert all({"alarms", "alarm_records"} <= one for one in found)


def test_the_migrations_make_what_the_tables_say(engine: Engine) -> None:
    databases.check_tables(engine, Base.metadata)


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_an_older_index_is_brought_up_to_date_with_its_alarms(url: str, revision: str) -> None:
    engine = open_index(url)
    wanted = AlarmFilter(words=("yard",), work=frozenset({"open"}))
    report = report_of(1, camera="yard")
    first = AlarmIndex(engine, ManualClock()).add(report.report_id, [received(report)])
    with writing(engine) as connection:
        command.downgrade(configured(connection, MIGRATIONS), revision)
    engine.dispose()
    for _ in range(2):
        engine = open_index(url)
        index = AlarmIndex(engine, ManualClock())
        found = index.page(wanted).alarms
        assert [replace(one, edge_score=0.0) for one in found] == [
            replace(one, edge_score=0.0) for one in (first,) if one
        ]
        assert index.gateways() == {GatewayId("north")}
        databases.check_tables(engine, Base.metadata)
        engine.dispose()


def test_an_index_of_a_newer_program_is_left_alone(url: str) -> None:
    engine = open_index(url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(IndexUnusable, match="newer program"):
        open_index(url)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://somewhere/index", "use sqlite"),
        ("no address", "no address of a database"),
        ("postgresql://ann:secret@127.0.0.1:1/index", "cannot be opened"),
        ("sqlite:////proc/nowhere/index.sqlite", "cannot be opened"),
    ],
)
def test_an_index_that_cannot_be_opened_says_why_and_no_secret(address: str, words: str) -> None:
    with pytest.raises(IndexUnusable, match=words) as raised:
        open_index(address)
    assert "secret" not in str(raised.value)


def test_the_index_of_words_needs_no_superuser_and_is_made_up_for(
    postgresql: databases.PostgreSql,
) -> None:
    owned, lent = postgresql.new_database_of("landlord", "lodger")
    report = report_of(1, camera="yard")
    for made in (False, True, True):
        engine = open_index(lent)  # makes the tables, so they are its own
        index = AlarmIndex(engine, ManualClock())
        index.add(report.report_id, [received(report)])
        assert len(index.page(AlarmFilter(words=("yar",))).alarms) == 1
        with engine.connect() as connection:
            there = connection.scalar(text("SELECT to_regclass('alarms_by_words')"))
        assert (there is not None) == made
        engine.dispose()
        landlord = create_engine(database_address(owned))
        with landlord.begin() as connection:
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
        landlord.dispose()
