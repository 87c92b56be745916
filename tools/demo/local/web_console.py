"""The console of a local run: its settings, and the link by which its first person comes in.

SHELL (reads the console's log). Called by `run`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from pathlib import Path

import yaml

from tools.demo.local.config import HOST, Folders, LocalBroker, free_port, held_port

USUAL_PORT = 8484
SITE = "home"
STEPS = ("Look at the camera's newest picture", "Call whoever lives there")
_LINK = re.compile(r"http://\S+/welcome/[\w-]+")


def console_port() -> socket.socket:
    """The usual one, so that a browser's page goes on with the next run, or another; held until the
    socket is closed, so that of two runs that begin at once each has its own."""
    held = held_port(USUAL_PORT)
    while held is None:
        held = held_port(free_port())
    return held


def console_settings(broker: LocalBroker, folders: Folders, gateway: str, port: int) -> str:
    """As YAML; all that it keeps lies in the run's folder."""
    text: str = yaml.safe_dump(
        {
            "broker": f"mqtt://{broker.host}:{broker.port}",
            "store": f"dir:{folders.store}",
            "signing_key": str(folders.cloud_key),
            "index": {"url": f"sqlite:///{folders.run}/index.sqlite"},
            "console": {
                "listen": f"{HOST}:{port}",
                "accounts": f"sqlite:///{folders.run}/accounts.sqlite",
                "configurations": {gateway: str(folders.run / "edge.yaml")},
                "sites": {SITE: {"gateways": [gateway], "steps": list(STEPS)}},
            },
        },
        sort_keys=False,
    )
    return text


def link_reader(log: Path) -> Callable[[], str | None]:
    """None until the console has said where it is; then the one-time link, or nothing if the folder
    of an earlier run has accounts."""

    def read() -> str | None:
        said = log.read_text(encoding="utf-8", errors="replace")
        links = _LINK.findall(said)
        return links[-1] if links else "" if "console: http" in said else None

    return read
