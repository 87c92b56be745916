"""SIGKILL of what stands around the daemon, under load, some times each (`SERVER_KILLS`, 4): the
worker, either broker (one that remembers, one that forgets), and the object store.

Counted on the wire, for no ear hears what a broker took just before it was killed: of each
suspicion the site's broker acknowledges a decision once.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.cameras import cameras
from tests.faults.conftest import open_layout, scaled
from tests.faults.layout import Layout, raised, until, waited
from tests.faults.roads import roads
from tests.system.sites import Edge

KILLS = scaled("SERVER_KILLS", 4)
LOST_S = 60.0

pytestmark = pytest.mark.timeout(300 + 60 * KILLS)


class Worker:
    """A worker that can be killed and followed by another."""

    def __init__(self, layout: Layout, stack: ExitStack) -> None:
        self._layout, self._stack = layout, stack
        self.start()

    def start(self) -> None:
        (self._now,) = self._stack.enter_context(self._layout.workers())

    def kill(self) -> None:
        self._now.process.kill()
        self._now.process.wait()


def victim(
    name: str, layout: Layout, worker: Worker
) -> tuple[Callable[[], None], Callable[[], None]]:
    """How to kill it, and how to start it again."""
    match name:
        case "worker":
            return worker.kill, worker.start
        case "site":
            return layout.site.kill, layout.site.start
        case "cloud":
            return layout.cloud.kill, layout.cloud.start
        case _:
            return layout.store.kill, layout.store.start


def settle(daemon: Edge, enough: Callable[[], bool]) -> None:
    """Waits until nothing is on its way any more."""
    until(lambda: daemon.health().get("status") == "ok", "healthy again")
    until(lambda: set(daemon.health().get("outbox", {})) <= {"done"}, "all is delivered")
    waited(enough, LOST_S)


@pytest.mark.parametrize(
    ("name", "remembers"),
    [
        ("worker", True),
        ("site", True),
        ("site", False),
        ("cloud", True),
        ("cloud", False),
        ("store", True),
    ],
)
def test_a_killed_server_costs_nothing_and_doubles_nothing(
    tmp_path: Path, name: str, remembers: bool
) -> None:
    rng = random.Random(f"{name} {remembers}")
    pause = threading.Event()
    with (
        open_layout(tmp_path, "kill", persistence=remembers) as layout,
        ExitStack() as stack,
        roads(layout) as ways,
    ):
        kill, start = victim(name, layout, Worker(layout, stack))
        with layout.edge(ways.config(layout)) as daemon, cameras(layout, pause_s=0.3) as sending:
            until(lambda: len(raised(daemon)) > 2, "suspicions")
            for _ in range(KILLS):
                kill()
                pause.wait(rng.uniform(0.0, 3.0))
                start()
                before = len(raised(daemon))
                until(lambda: len(raised(daemon)) > before + 1, "suspicions again")  # noqa: B023
                pause.wait(rng.uniform(0.0, 2.0))
            sending.stop()
            settle(daemon, lambda: ways.decided() >= raised(daemon))
            assert raised(daemon) - ways.decided() == set()
            assert ways.again() == {}
            assert daemon.events("suspicion_lost") == []
            assert daemon.process.poll() is None
