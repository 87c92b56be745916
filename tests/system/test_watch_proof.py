"""The proof of watch of a real gateway over real brokers: kept, whole, and found out when not."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cloud.serve.watch_keeper import WatchKeeper
from contract.topics import shared_watches
from contract.watch import SealedEntry, WatchEntry, read_sealed
from objectstore.store_dir import DirectoryStore
from service.link import Link, Subscription
from tests import servers
from tests.integration.warm_worker import WarmWorker
from tests.links import fail
from tests.links import settings as connection
from tests.processes import until
from tests.servers import Broker
from tests.system.daemons import end, unready, wait
from tests.system.sites import CHECKOUT, WALKERS, Ear, Edge, clip, ear, edge, settings, uplink

pytestmark = pytest.mark.slow

EVERY_S = 2.0
KILLS = 6


@contextmanager
def keeping(broker: Broker, store: Path, root: str) -> Iterator[WatchKeeper]:
    """What a worker does with entries."""
    stopping = threading.Event()

    def say(topic: str, payload: bytes) -> None:
        link.publish(topic, payload)

    def hear(topic: str, payload: bytes, _retained: bool, ack: Callable[[], None]) -> None:
        assert keeper.receive(topic, payload, ack)

    keeper = WatchKeeper(root, DirectoryStore(store), say, None, stopping)
    link = Link(
        replace(connection(broker, f"{root}-keeper"), manual_ack=True),
        on_fatal=fail,
        on_message=hear,
        subscriptions=(Subscription(filter=shared_watches(root)),),
    )
    keeper.start()
    link.start()
    try:
        yield keeper
    finally:
        stopping.set()
        link.stop(5.0)


def entries(store: Path) -> list[WatchEntry]:
    """What is kept of the gateway, in order."""
    found = [read_sealed(file.read_bytes()) for file in store.rglob("watch/gw/*/*.json")]
    kept = [one.entry for one in found if isinstance(one, SealedEntry)]
    assert len(kept) == len(found)
    return sorted(kept, key=lambda entry: entry.number)


def proof(*more: str, until: datetime | None = None) -> tuple[int, dict[str, Any]]:
    """Exit status, and what `fleet proof --json` says."""
    moment = (until or datetime.now(UTC)).isoformat()
    command = [sys.executable, "-m", "cloud", "fleet", "proof", "gw", "--json", "--until", moment]
    ran = subprocess.run(
        [*command, "--grace-s", "60", *more],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout)


def configured(site: Broker, cloud: Broker, root: str, folder: Path) -> dict[str, Any]:
    config = settings(site, root, folder, uplink=uplink(cloud))
    return config | {"watch": {"every_s": EVERY_S}, "cameras": {"yard": {}, "shed": {}}}


def waiting(site: Ear) -> int | None:
    """Entries that the cloud has not, as `stats` says."""
    said = [json.loads(one) for one in site.on("gw/stats")]
    return said[-1]["watch"]["waiting"] if said else None


def all_kept(daemon: Edge, store: Path) -> bool:
    """Whether every entry that this run closed is in the cloud; `stats` may be of before."""
    closed = {one["number"] for one in daemon.events("watch_closed")}
    return len(closed) >= 2 and closed <= {entry.number for entry in entries(store)}


def test_every_frame_is_in_the_account_that_the_cloud_keeps(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = configured(site_broker, cloud_broker, root, tmp_path)
    pictures = clip(WALKERS, begin_s=0, seconds=1)
    store = tmp_path / "cloud"
    with ear(site_broker, root) as site, keeping(cloud_broker, store, root):
        with edge(tmp_path, config) as daemon:
            assert site.wait(lambda: site.on("gw/info") != [])
            key = json.loads(site.on("gw/info")[-1])["watch_key"]
            for picture in (*pictures, b"no picture"):
                site.publish(f"{root}-cameras/yard/image", picture)
            wait(daemon, lambda: daemon.settled("yard", len(pictures) + 1))
            wait(daemon, lambda: len(daemon.events("watch_closed")) >= 4)
            assert end(daemon) == 0
        with edge(tmp_path, config) as daemon:  # says what the first one could not any more
            wait(daemon, lambda: any(one.run != entries(store)[0].run for one in entries(store)))
            assert end(daemon) == 0
        assert site.on("gw/watch")
    kept = entries(store)
    assert {"stopped", "period"} <= {one.closed for one in kept}
    received = [one.cameras["yard"].received for one in kept if "yard" in one.cameras]  # type: ignore[index]  # a plain name
    assert sum(received) == len(pictures) + 1
    assert all(not one.unbalanced() and "shed" in one.cameras for one in kept)
    status, said = proof("--store", f"dir:{store}", "--key", key)
    assert (status, said["findings"]) == (0, [])
    assert said["keys"] == [key]
    assert len(said["stops"]) == 1
    sorted(store.rglob("watch/gw/*/*.json"))[1].unlink()
    status, said = proof("--store", f"dir:{store}", "--key", key)
    assert (status, [one["fault"] for one in said["findings"]]) == (1, ["hole"])


def test_a_worker_keeps_them_at_the_one_broker_of_site_and_cloud(
    mosquitto: Broker, cloud: WarmWorker, tmp_path: Path, root: str
) -> None:
    store = tmp_path / "cloud"
    config = settings(mosquitto, root, tmp_path) | {"watch": {"every_s": EVERY_S}}
    with cloud.serving(tmp_path / "worker", mosquitto, f"dir:{store}", root) as worker:
        with edge(tmp_path, config) as daemon:
            wait(daemon, lambda: len(daemon.events("watch_closed")) >= 3)
            wait(daemon, lambda: all_kept(daemon, store))
            assert end(daemon) == 0
        with ear(mosquitto, root) as site:
            site.publish(f"{root}/gw/watch", b"no entry")
            said = 'stillwatch_cloud_watch_entries_total{outcome="malformed"} 1.0'
            until(lambda: said in worker.get("/metrics")[1], worker.process, worker.log)
    status, said_of_it = proof("--store", f"dir:{store}")
    assert (status, said_of_it["findings"]) == (0, [])
    assert said_of_it["entries"] >= 3


def reached(daemon: Edge, event: str) -> bool:
    return bool(daemon.events(event))


def test_killed_again_and_again_it_writes_one_chain(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path, root: str
) -> None:
    config = configured(site_broker, cloud_broker, root, tmp_path)
    rng, store, pause = random.Random(root), tmp_path / "cloud", threading.Event()
    with keeping(cloud_broker, store, root):
        for number in range(KILLS):
            # a run that is killed at once has no entry, so every second one gets as far as one
            until_then = "watch_closed" if number % 2 else "daemon_ready"
            with unready(tmp_path, config) as daemon:
                wait(daemon, partial(reached, daemon, until_then))
                pause.wait(rng.uniform(0.0, 3 * EVERY_S))
                daemon.process.send_signal(signal.SIGKILL)
                daemon.process.wait()
        with edge(tmp_path, config) as daemon:
            wait(daemon, lambda: all_kept(daemon, store))
    kept = entries(store)
    assert [one.number for one in kept] == list(range(1, len(kept) + 1))
    assert "interrupted" in {one.closed for one in kept}
    runs = len({one.run for one in kept})  # one that was killed at once has no entry
    assert runs > 2
    status, said = proof("--store", f"dir:{store}")
    assert (status, said["findings"]) == (0, [])
    assert len(said["stops"]) == runs - 1


def test_while_the_clouds_broker_is_away_no_entry_is_lost(
    site_broker: Broker, tmp_path: Path, root: str
) -> None:
    folder, store = tmp_path / "cloud-broker", tmp_path / "cloud"
    folder.mkdir()
    with servers.mosquitto(folder) as away:
        pass
    config = configured(site_broker, away, root, tmp_path)
    with ear(site_broker, root) as site, unready(tmp_path, config) as daemon:
        wait(daemon, lambda: (waiting(site) or 0) >= 5)
        with servers.mosquitto(folder, port=away.port) as back, keeping(back, store, root):
            wait(daemon, lambda: len(entries(store)) >= 6)
            assert entries(store)[0].number == 1
    assert proof("--store", f"dir:{store}")[1]["findings"] == []
