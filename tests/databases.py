"""A real PostgreSQL for tests, and fresh databases in it and in SQLite.

The server runs on a free loopback port in a folder of its own, as a user who is not root, for it
refuses root. Where it is not installed the test is skipped with what to install.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, MetaData, inspect

from tests.processes import HOST, child, free_port, until

USER = "stillwatch"


@dataclass(frozen=True, slots=True)
class PostgreSql:
    """A running server that asks nobody for a password."""

    port: int

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"test_{secrets.token_hex(8)}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self._address(name)

    def new_database_of(self, owner: str, guest: str) -> tuple[str, str]:
        """The addresses of an empty database for its owner, and for who may only make tables in it;
        neither is superuser."""
        mine = self.new_database()
        name = mine.rsplit("/", 1)[1]
        with psycopg.connect(mine, autocommit=True) as connection:
            for statement in (
                f"CREATE ROLE {owner} LOGIN",
                f"CREATE ROLE {guest} LOGIN",
                f"ALTER DATABASE {name} OWNER TO {owner}",
                f"GRANT CREATE ON SCHEMA public TO {owner}, {guest}",
            ):
                connection.execute(statement.encode())
        return self._address(name, owner), self._address(name, guest)

    def _address(self, name: str, user: str = USER) -> str:
        return f"postgresql://{user}@{HOST}:{self.port}/{name}"


def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of the kind that the fixture is called for: `sqlite` or
    `postgresql`."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/{secrets.token_hex(4)}.sqlite"
    server: PostgreSql = request.getfixturevalue("postgresql")
    return server.new_database()


def tables_opened_at_once(opened: Callable[[], Engine], many: int = 6) -> list[set[str]]:
    """What each of `many` finds that open one database in the same moment."""
    begin = threading.Barrier(many)

    def tables(_: int) -> set[str]:
        begin.wait(30)
        engine = opened()
        found = set(inspect(engine).get_table_names())
        engine.dispose()
        return found

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(tables, range(many)))


def check_tables(engine: Engine, tables: MetaData) -> None:
    """The migrations made the columns and indexes that `tables` say."""
    there = inspect(engine)
    for table in tables.sorted_tables:
        columns = {one["name"]: one["nullable"] for one in there.get_columns(table.name)}
        assert columns == {one.name: bool(one.nullable) for one in table.columns}
        found = (
            one for one in there.get_indexes(table.name) if not one.get("duplicates_constraint")
        )
        indexes = {one["name"]: one["column_names"] for one in found}
        indexes.pop("alarms_by_words", None)  # PostgreSQL's own kind
        assert indexes == {
            one.name: [column.name for column in one.columns] for one in table.indexes
        }


@contextmanager
def postgresql() -> Iterator[PostgreSql]:
    """A server with empty data; its folder goes with it."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="stillwatch-postgresql-"))
    user = _somebody()
    if user is not None:
        shutil.chown(folder, user)
    try:
        with _started(programs[-1].parent, folder, user) as server:
            yield server
    finally:
        shutil.rmtree(folder)


@contextmanager
def _started(programs: Path, folder: Path, user: str | None) -> Iterator[PostgreSql]:
    data, log, port = folder / "data", folder / "log", free_port()
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", USER, "--auth=trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=folder,
        user=user,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    said = {"listen_addresses": HOST, "unix_socket_directories": "", "fsync": "off"}
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port)]
    for name, value in said.items():
        command += ["-c", f"{name}={value}"]
    with child(command, log, user=user) as process:
        until(lambda: _answers(port), process, log)
        yield PostgreSql(port)


def _answers(port: int) -> bool:
    """It listens a moment before it lets anybody in."""
    try:
        psycopg.connect(f"postgresql://{USER}@{HOST}:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _somebody() -> str | None:
    """Who is not root; None: we are not."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
