"""The daemon's command line and process as the tests of its life hold them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from edge.config.schema import OutboxConfig as Settings
from edge.deliver.outbox import open_outbox
from service.clock import SystemClock
from tests.processes import child, until
from tests.system.sites import CHECKOUT, Edge

PATIENCE_S = 120.0


class Supervisor:
    """systemd's end of the notify socket."""

    def __init__(self, path: Path) -> None:
        self.told: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self.environ = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "1500000"}
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            self.told.append(self._socket.recv(4096).decode())

    def count(self, message: str) -> int:
        return sum(one.startswith(message) for one in self.told)


def wait(daemon: Edge, reached: Callable[[], bool]) -> None:
    """Until `reached`, while the daemon runs."""
    until(reached, daemon.process, daemon.log)


def logged(daemon: Edge, event: str, count: int = 1, **fields: object) -> list[dict[str, Any]]:
    """The events of that name with these fields, once there are `count`: what is said over MQTT or
    counted may be heard a moment before it is logged."""

    def found() -> list[dict[str, Any]]:
        events = daemon.events(event)
        return [one for one in events if fields.items() <= one.items()]

    wait(daemon, lambda: len(found()) >= count)
    return found()


def end(daemon: Edge) -> int:
    """SIGTERM, and the exit status."""
    daemon.process.terminate()
    return daemon.process.wait(PATIENCE_S)


@contextmanager
def unready(folder: Path, config: Mapping[str, Any], *command: str) -> Iterator[Edge]:
    """A daemon that may have no broker yet, or another program in its place."""
    file, log = folder / "edge.yaml", folder / "edge.log"
    file.write_text(yaml.safe_dump(dict(config)))
    run = command or (sys.executable, "-m", "edge", "run", "--config", str(file))
    with child(["env", f"PYTHONPATH={CHECKOUT}", *run], log) as process:
        port = config["runtime"]["metrics_port"]
        yield Edge(process=process, port=port, log=log, config=file)


def cli(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """One call of the command line, to its end."""
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", "edge", *map(str, arguments)]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def kept(folder: Path) -> int:
    """How many suspicions wait in the outbox that a daemon left."""
    outbox = open_outbox(Settings(path=folder / "outbox"), SystemClock(), lambda _: None)
    try:
        entries = outbox.depth().entries
        return sum(entries.get(state, 0) for state in ("pending", "stored", "reported"))
    finally:
        outbox.close()
