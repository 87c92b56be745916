"""A hundred kills of the brokers (`BROKER_KILLS`), now one, now the other, under load: nothing is
lost or told twice, what is retained is said again, and nothing grows.
"""

from __future__ import annotations

import random
import threading
from pathlib import Path

import psutil
import pytest

from tests.faults.cameras import cameras
from tests.faults.conftest import open_layout, scaled
from tests.faults.layout import CAMERAS, raised, until, waited
from tests.faults.roads import roads
from tests.servers import Broker
from tests.system.sites import Edge, ear

KILLS = scaled("BROKER_KILLS", 100)
WARM_UP = max(3, KILLS // 5)
"""Kills before memory is looked at: caches and pools are full by then."""
MOST_GROWTH_BYTES = 10_000_000
LOST_S = 60.0
PER_CAMERA = ("status", "health", "threat", "armed/state", "enabled/state")

pytestmark = pytest.mark.timeout(300 + 20 * KILLS)


def connected(daemon: Edge) -> bool:
    links = daemon.health().get("links", {})
    return bool(links) and all(links.values())


def size(daemon: Edge) -> tuple[int, int, int]:
    """Resident bytes, threads and descriptors of the daemon."""
    process = psutil.Process(daemon.process.pid)  # `env` has become the daemon
    return process.memory_info().rss, process.num_threads(), process.num_fds()


def restated(broker: Broker, root: str, seen: set[str]) -> bool:
    """Whether a broker that had forgotten everything has all retained topics again."""
    with ear(broker, root) as late:
        return late.wait(lambda: {topic for topic, _ in late.heard} >= seen, LOST_S)


def test_a_hundred_kills_of_brokers_leave_no_trace(tmp_path: Path) -> None:
    rng, pause = random.Random(3), threading.Event()
    with (
        open_layout(tmp_path, "broker", persistence=False) as layout,
        layout.workers(),
        roads(layout) as ways,
    ):
        config = ways.config(layout)
        with layout.edge(config) as daemon, cameras(layout) as sending:
            until(lambda: len(raised(daemon)) > 3, "suspicions")
            sizes = []
            for number in range(KILLS):
                seat = (layout.site, layout.cloud)[number % 2]
                seat.kill()
                pause.wait(rng.uniform(0.0, 0.5))
                seat.start()
                until(lambda: connected(daemon), f"reconnected after kill {number}")
                if number >= WARM_UP:
                    sizes.append(size(daemon))
            sending.stop()
            until(lambda: set(daemon.health().get("outbox", {})) <= {"done"}, "all is delivered")
            waited(lambda: ways.decided() >= raised(daemon), LOST_S)
            assert raised(daemon) - ways.decided() == set()
            assert ways.again() == {}
            _nothing_grows([*sizes, size(daemon)])
            own = {
                "status",
                "info",
                *(f"cam{n}/{what}" for n in range(CAMERAS) for what in PER_CAMERA),
            }
            everything = {f"{layout.root}/gw/{topic}" for topic in own}
            assert restated(layout.site.now, layout.root, everything)
            assert daemon.process.poll() is None


def _nothing_grows(sizes: list[tuple[int, int, int]]) -> None:
    tenth = max(1, len(sizes) // 10)
    first, last = sizes[:tenth], sizes[-tenth:]
    growth = min(rss for rss, _, _ in last) - min(rss for rss, _, _ in first)
    assert growth <= MOST_GROWTH_BYTES, [rss for rss, _, _ in sizes]
    assert last[-1][1] <= first[0][1], "threads"
    assert min(fds for _, _, fds in last) <= max(fds for _, _, fds in first), "descriptors"
