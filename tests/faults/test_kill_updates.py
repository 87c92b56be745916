"""The gateway is killed at any call by which an update is kept: the next start has the old or the
new configuration, and goes on to the new one, or back to the old one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.faults.conftest import scaled
from tests.faults.seats import broker_seat
from tests.faults.test_disk_shim import shim  # noqa: F401, a fixture
from tests.servers import Broker
from tests.system.daemons import unready, wait
from tests.system.orders import order
from tests.system.sites import Ear, Edge, ear, edge
from tests.system.test_shadow import STRICT, walked_past
from tests.system.test_updates import (
    UNHEALTHY,
    camera,
    managed,
    publish,
    states,
    until,
    watched,
)

EVERY = scaled("UPDATE_KILLS_EVERY", 7)
"""Of the calls, one in so many, in turn."""
MOST_CALLS = 200
KILLS = 3
"""While it is rolled back; then enough was seen."""
ROOT = "kills"

ARMED = """
import ctypes, sys
shim, below, at, file = sys.argv[1:]
ctypes.CDLL(shim).shim_arm(below.encode(), int(at), 0, 0)
from edge.__main__ import main
sys.exit(main(["run", "--config", file]))
"""


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[tuple[Broker, Broker]]:
    """The site's and the cloud's."""
    with (
        broker_seat(tmp_path / "site", persistence=True) as site,
        broker_seat(tmp_path / "uplink", persistence=True) as cloud,
    ):
        yield site.now, cloud.now


@contextmanager
def killed_at(point: int, shim_file: Path, folder: Path, config: dict[str, Any]) -> Iterator[Edge]:
    """A daemon that dies at its call number `point` below `updates`."""
    below, file = folder / "outbox" / "updates", folder / "edge.yaml"
    preload = ["env", f"LD_PRELOAD={shim_file}", sys.executable, "-c", ARMED]
    with unready(folder, config, *preload, str(shim_file), str(below), str(point), str(file)) as it:
        wait(it, lambda: bool(it.health()))
        yield it


def over(daemon: Edge, cloud: Ear, version: int, word: str) -> bool:
    """Whether it is dead, or the update has ended so."""
    leaf = "reported" if word == "applied" else "rejected"
    ended = any((one.version, one.state) == (version, word) for one in states(cloud, leaf))
    return ended or daemon.process.poll() is not None


def has(daemon: Edge, part: str) -> bool:
    """Whether this is in force, by a part of its version."""
    return part in daemon.health().get("config", "") if daemon.health() else False


def test_killed_at_any_call_on_the_way_in_it_comes_up_with_old_or_new_and_ends_with_new(
    shim: Path,  # noqa: F811
    brokers: tuple[Broker, Broker],
    tmp_path: Path,
) -> None:
    config = managed(*brokers, ROOT, tmp_path)
    with ear(brokers[1], ROOT) as cloud:
        with edge(tmp_path, config) as daemon:
            was = daemon.health()["config"]
        came_up, kills = set(), 0
        for life, point in enumerate(range(0, MOST_CALLS, EVERY), 1):
            score = 0.3 + life / 100
            with killed_at(point, shim, tmp_path, config) as daemon:
                publish(cloud, order(life, f"detect: {{min_score: {score}}}"))
                assert cloud.wait(partial(over, daemon, cloud, life, "applied"))
                survived = daemon.process.poll() is None
            with unready(tmp_path, config) as daemon:
                wait(daemon, partial(has, daemon, ""))
                found = daemon.health()["config"]
                new = until(cloud, "reported", "applied", life).effective
                wait(daemon, partial(has, daemon, str(new.digest)[:12]))
                now = daemon.health()["config"]
            assert found in (was, now), (point, was, found, now)
            came_up.add("new" if found == now else "old")
            was, kills = now, kills + (not survived)
            if survived:
                break
        else:
            pytest.fail("it was killed at every call")
        assert kills > 3
        assert came_up == {"old", "new"}


def test_killed_while_it_is_rolled_back_it_ends_with_the_old_one(
    shim: Path,  # noqa: F811
    brokers: tuple[Broker, Broker],
    tmp_path: Path,
) -> None:
    config = managed(*brokers, ROOT, tmp_path, health_window_s=10)
    with (
        ear(brokers[1], ROOT) as cloud,
        camera(brokers[0], f"{ROOT}-cameras/yard/image"),
    ):
        with edge(tmp_path, config) as daemon:
            was = daemon.health()["config"]
        kills = 0
        for life, point in enumerate(range(52, 76, 4), 1):  # one write takes six calls
            with killed_at(point, shim, tmp_path, config) as daemon:
                watched(daemon, frames=12)
                publish(cloud, order(life, UNHEALTHY))
                assert cloud.wait(partial(over, daemon, cloud, life, "rolled_back"))
                kills += daemon.process.poll() is not None
            with unready(tmp_path, config) as daemon:
                until(cloud, "rejected", "rolled_back", life)
                wait(daemon, partial(has, daemon, was))
                watched(daemon, frames=5)
            if kills == KILLS:
                break
        assert kills > 1


def test_killed_while_recent_frames_are_judged_the_replay_ends_too_and_a_start_begins_anew(
    brokers: tuple[Broker, Broker], tmp_path: Path
) -> None:
    with walked_past(*brokers, ROOT, tmp_path) as (daemon, _, cloud):
        was = daemon.health()["config"]
        publish(cloud, order(1, STRICT))
        assert cloud.wait(lambda: "in_shadow" in [one.state for one in states(cloud, "reported")])
        gateway = psutil.Process(daemon.process.pid)
        wait(daemon, lambda: bool(replays_of(gateway)))
        replays = replays_of(gateway)
        for one in (gateway, *gateway.children(recursive=True)):
            if one not in replays:
                one.kill()
        assert "built" not in [one.state for one in states(cloud, "reported")]
        assert psutil.wait_procs(replays, timeout=60)[1] == []
        config = yaml.safe_load(daemon.config.read_text())
        with unready(tmp_path, config) as again:
            wait(again, partial(has, again, ""))
            found = again.health()["config"]
            applied = until(cloud, "reported", "applied", 1)
            wait(again, partial(has, again, str(applied.effective.digest)[:12]))
            assert found in (was, again.health()["config"])
            assert applied.shadow is not None
            assert applied.shadow.outcome == "nothing_to_replay"


def replays_of(gateway: psutil.Process) -> list[psutil.Process]:
    """The processes that replay for it."""
    return [
        one
        for one in gateway.children(recursive=True)
        if "edge.shadow.process" in " ".join(one.cmdline())
    ]
