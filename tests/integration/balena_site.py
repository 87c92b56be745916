"""The site's broker of the balena device, started by its own script."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.link import Link, LinkSettings
from service.outcomes import Delivered, Refused
from tests.links import PATIENCE_S, Inbox, running
from tests.processes import HOST, accepts, binary, child, free_port, until

START = Path(__file__).resolve().parents[2] / "balena" / "mosquitto" / "start"
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
GATE, YARD = "of the gate", "of the yard"
CAMERAS = {"MQTT_CAMERA_1": f"gate:{GATE}", "MQTT_CAMERA_2": f"yard:{YARD}"}
HOUSE = {"MQTT_READER_1": "house:reads", "MQTT_OPERATOR_1": "desk:arms"}


@dataclass(frozen=True, slots=True)
class Site:
    """A running broker of a balena device."""

    edge_port: int
    bridge_port: int
    camera_port: int
    tls_port: int
    folder: Path
    log: Path

    def settings(self, user: str | None, password: str = "", client_id: str = "") -> LinkSettings:
        """A connection of a camera, of the site's systems, or (no user) of the edge."""
        file = self.folder / f"{user}.password"
        file.write_text(password)
        return LinkSettings(
            name="test",
            host=HOST,
            port=self.camera_port if user else self.edge_port,
            client_id=client_id or f"test-{user}",
            username=user,
            password_file=file if user else None,
            reconnect_max_s=1,
        )


def _assigned(
    folder: str, ports: tuple[int, int, int, int], variables: dict[str, str]
) -> list[str]:
    mosquitto = Path(binary("mosquitto", "apt-get install mosquitto"))
    edge_port, bridge_port, camera_port, tls_port = map(str, ports)
    environ = {
        "PATH": f"{mosquitto.parent}:{os.environ['PATH']}",
        "STILLWATCH_RUN": folder,
        "STILLWATCH_DATA": folder,
        "STILLWATCH_EDGE_PORT": edge_port,
        "STILLWATCH_BRIDGE_PORT": bridge_port,
        "STILLWATCH_CAMERA_PORT": camera_port,
        "STILLWATCH_TLS_PORT": tls_port,
        **variables,
    }
    user = NOBODY if os.geteuid() == 0 else []
    assigned = [f"{name}={value}" for name, value in environ.items()]
    start = Path(folder, "start")  # a checkout may be its owner's alone
    start.write_bytes(START.read_bytes())
    start.chmod(0o644)
    return [*user, "env", "-i", *assigned, "sh", str(start)]


@contextmanager
def site(**variables: str) -> Iterator[Site]:
    """balena/mosquitto/start, with its folders and ports elsewhere, and like there not as root."""
    ports = free_port(), free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory() as place:
        folder, log = Path(place), Path(place) / "log"
        folder.chmod(0o777)
        with child(_assigned(place, ports, variables), log) as process:
            until(lambda: accepts(ports[0]), process, log)
            yield Site(*ports, folder, log)


def refused(**variables: str) -> str:
    """What it says of variables that it cannot use; with exit 78."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        command = _assigned(place, (1, 2, 3, 4), variables)
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
        assert done.returncode == 78, done.stderr
        return done.stderr


@contextmanager
def joined(settings: LinkSettings, inbox: Inbox | None = None, *filters: str) -> Iterator[Link]:
    with running(settings, inbox, filters) as link:
        assert link.wait_ready(PATIENCE_S)
        yield link


def sent(link: Link, topic: str, payload: bytes = b"x") -> bool:
    """Whether the broker took it; anything but a clear answer fails."""
    outcome = link.publish(topic, payload).wait(PATIENCE_S)
    assert isinstance(outcome, Delivered | Refused), outcome
    if isinstance(outcome, Refused):
        assert "Not authorized" in outcome.reason
    return isinstance(outcome, Delivered)
