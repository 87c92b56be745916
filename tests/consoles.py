"""Consoles for tests: one on databases of its own, people with accounts, a browser's requests."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cloud.console.app import open_parts
from cloud.console.fleet_book import FleetBook
from cloud.console.parts import ConsoleParts
from cloud.console.roles import Person, PersonRole
from cloud.console.settings import ConsoleSettings
from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore
from cloud.index.database import open_index
from cloud.keys import Keys
from contract.topics import DEFAULT_ROOT
from objectstore.open import open_store
from service.clock import Clock
from tests.processes import HOST, accepts, child, free_port, until

PASSWORD = "a long walk by the sea"  # noqa: S105, of nobody
ADDRESS = "http://127.0.0.1"


def parts_in(
    folder: Path, clock: Clock, index: str | None = None, **settings: object
) -> ConsoleParts:
    """A console's parts with an object store in `folder`, and databases there or at an address."""
    own = {"accounts": f"sqlite:///{folder}/accounts.sqlite"} | settings
    alarm_index = AlarmIndex(open_index(index or f"sqlite:///{folder}/index.sqlite"), clock)
    store = open_store(f"dir:{folder}/store")
    alarms = AlarmStore(store, Keys())
    return open_parts(
        ConsoleSettings.model_validate(own),
        alarm_index,
        alarms,
        store,
        FleetBook(DEFAULT_ROOT, clock),
        clock,
    )


def add_person(parts: ConsoleParts, name: str, role: PersonRole, *sites: str) -> Person:
    """Somebody who followed a one-time link and chose `PASSWORD`."""
    token = parts.accounts.invite(name, role, frozenset(sites))
    made = parts.accounts.accept(token, name, PASSWORD)
    assert isinstance(made, Person), made
    return made


def browser(app: FastAPI) -> TestClient:
    """With cookies of its own; follows no redirect, and a defect is an answer of 500."""
    return TestClient(app, base_url=ADDRESS, follow_redirects=False, raise_server_exceptions=False)


def form_token(page: str) -> str:
    """What the forms of a page carry."""
    found = re.search(r'data-form-token="([0-9a-f]{64})"', page)
    assert found is not None, page
    return found[1]


def sign_in(client: TestClient, name: str, password: str = PASSWORD) -> str:
    """Signs the client in; gives the token of its forms."""
    token = form_token(client.get("/sign-in").text)
    answer = client.post("/sign-in", data={"name": name, "password": password, "form_token": token})
    assert answer.status_code == 303, answer.text
    return form_token(client.get("/nowhere", headers={"Accept": "text/html"}).text)


def enter(client: TestClient, parts: ConsoleParts, person: Person) -> str:
    """The same without a password, which takes its time."""
    client.cookies[parts.forms.session_cookie] = parts.sessions.open(person)
    return form_token(client.get("/nowhere", headers={"Accept": "text/html"}).text)


@contextmanager
def serving(app: FastAPI, port: int | None = None) -> Iterator[str]:
    """The application on a loopback port, as browsers reach it."""
    chosen = free_port() if port is None else port
    config = uvicorn.Config(
        app, host=HOST, port=chosen, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="console", daemon=True)
    thread.start()
    never = threading.Event()
    while not server.started:
        assert thread.is_alive()
        never.wait(0.02)
    try:
        yield f"http://{HOST}:{chosen}"
    finally:
        server.should_exit = True
        thread.join(20)


@contextmanager
def console_process(folder: Path, port: int, *flags: str) -> Iterator[None]:
    """A process that serves pages; its broker is away."""
    log = folder / "console.log"
    known = {
        "listen": f"{HOST}:{port}",
        "accounts": f"sqlite:///{folder}/accounts.sqlite",
        "store": f"dir:{folder}/store",
        "broker": f"mqtt://{HOST}:1",
    }
    given = [word for name, value in known.items() for word in (f"--{name}", value)]
    settings = folder / "settings.yaml"
    settings.write_text(f"index: {{url: 'sqlite:///{folder}/index.sqlite'}}\n")
    command = [sys.executable, "-m", "cloud", "console", "serve", "--settings", str(settings)]
    with child([*command, *given, *flags], log) as process:
        until(lambda: accepts(port), process, log)
        yield
