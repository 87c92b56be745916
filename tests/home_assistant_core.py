"""A whole Home Assistant as a process: set up by its own web interface, connected to a broker.

From the environment that `make home-assistant` makes. It is a new installation each time: a person
is made, who gives it the broker's address and is then asked for what it shows. It opens a port on
the loopback interface, looks for nothing else on the network, and keeps all in the test's folder.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.home_assistant import PYTHON
from tests.processes import HOST, accepts, child, free_port, until
from tests.servers import Broker

PATIENCE_S = 120.0
PERSON = {"name": "Test", "username": "test", "password": "of the test", "language": "en"}


def has_whole() -> bool:
    """Whether its web interface, without which it does not start, is there too."""
    return any(PYTHON.parents[1].glob("lib/*/site-packages/hass_frontend"))


needs_whole = pytest.mark.skipif(
    not has_whole(), reason="no environment with a whole Home Assistant here: make home-assistant"
)


@dataclass
class Home:
    """A running Home Assistant, asked by its REST interface."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]
    token: str = ""

    def state(self, entity: str) -> str | None:
        """What the entity shows; None if there is none."""
        return None if (found := self.entity(entity)) is None else str(found["state"])

    def entity(self, entity: str) -> dict[str, Any] | None:
        """With its attributes."""
        answer = self._asked("GET", f"/api/states/{entity}")
        found: dict[str, Any] | None = None if answer.status_code == 404 else answer.json()
        return found

    def entities(self) -> list[str]:
        return [one["entity_id"] for one in self._ask("GET", "/api/states")]

    def call(self, domain: str, service: str, entity: str) -> None:
        """As somebody who presses it."""
        self._ask("POST", f"/api/services/{domain}/{service}", {"entity_id": entity})

    def wait(self, reached: Callable[[], bool], what: str) -> None:
        never = threading.Event()
        for _ in range(int(PATIENCE_S / 0.2)):
            if reached():
                return
            never.wait(0.2)
        pytest.fail(f"{what}; it has {self.entities()}\n{self.log.read_text()[-3000:]}")

    def shows(self, entity: str, state: str | None) -> None:
        self.wait(lambda: self.state(entity) == state, f"{entity} is not {state}")

    def set_up(self, broker: Broker) -> None:
        """The first person, and the broker."""
        client = f"{self.url}/"
        made = self._ask("POST", "/api/onboarding/users", {"client_id": client} | PERSON)
        grant = {"grant_type": "authorization_code", "code": made["auth_code"]}
        form = grant | {"client_id": client}
        granted = httpx.post(f"{self.url}/auth/token", data=form, timeout=60)
        self.token = granted.raise_for_status().json()["access_token"]
        flow = self._ask("POST", "/api/config/config_entries/flow", {"handler": "mqtt"})
        answer = {"broker": broker.host, "port": broker.port}
        done = self._ask("POST", f"/api/config/config_entries/flow/{flow['flow_id']}", answer)
        assert done["type"] == "create_entry", done

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        return self._asked(method, path, body).raise_for_status().json()

    def _asked(self, method: str, path: str, body: object = None) -> httpx.Response:
        head = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return httpx.request(method, self.url + path, json=body, headers=head, timeout=60)


@contextmanager
def home_assistant(folder: Path, broker: Broker) -> Iterator[Home]:
    """It is up, and connected to the broker."""
    port = free_port()
    folder.mkdir()
    settings = f"http: {{server_host: {HOST}, server_port: {port}}}\n"
    (folder / "configuration.yaml").write_text(settings)
    log = folder / "said.log"
    command = [str(PYTHON), "-W", "ignore", "-m", "homeassistant", "-c", str(folder), "--skip-pip"]
    with child(command, log) as process:
        until(lambda: accepts(port), process, log)
        home = Home(f"http://{HOST}:{port}", log, process)
        home.set_up(broker)
        yield home
