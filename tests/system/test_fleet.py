"""The fleet as the cloud sees it: brokers of site and cloud, and a daemon that lives and dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.links import running
from tests.links import settings as connection
from tests.processes import child, until
from tests.servers import Broker
from tests.system.sites import CHECKOUT, WALKERS, clip, ear, edge, play, settings, uplink

pytestmark = pytest.mark.slow


def fleet(broker: Broker, root: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One call of the command, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cloud", "fleet", *arguments, *_where(broker, root)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _where(broker: Broker, root: str) -> list[str]:
    return ["--broker", f"mqtt://{broker.host}:{broker.port}", "--root", root]


def listed(broker: Broker, root: str) -> tuple[int, dict[str, Any]]:
    """Exit status, and the one gateway as `list` has it."""
    ran = fleet(broker, root, "list", "--json", "--settle-s", "0.5")
    assert ran.returncode in (0, 3), ran.stderr
    return ran.returncode, json.loads(ran.stdout)


@dataclass(frozen=True, slots=True)
class Watcher:
    """A running `fleet watch`."""

    process: subprocess.Popen[bytes]
    log: Path

    def gaps(self) -> list[dict[str, Any]]:
        lines = self.log.read_text(errors="replace").splitlines()
        return [json.loads(one) for one in lines if one.startswith('{"gateway"')]

    def wait(self, reached: Callable[[list[dict[str, Any]]], bool]) -> None:
        until(lambda: reached(self.gaps()), self.process, self.log)


@contextmanager
def watching(broker: Broker, root: str, log: Path, *more: str) -> Iterator[Watcher]:
    command = [
        sys.executable,
        "-m",
        "cloud",
        "fleet",
        "watch",
        "--json",
        "--settle-s",
        "0.5",
        *more,
    ]
    with child(["env", f"PYTHONPATH={CHECKOUT}", *command, *_where(broker, root)], log) as process:
        yield Watcher(process, log)


def test_a_killed_gateway_is_seen_in_the_cloud_and_so_is_its_return(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path
) -> None:
    root = f"fleet{os.getpid()}"
    config = settings(site_broker, root, tmp_path, uplink=uplink(cloud_broker))
    with ear(cloud_broker, root) as cloud, ear(cloud_broker, f"{root}-fleet") as alerts:
        with edge(tmp_path, config) as daemon, ear(site_broker, f"{root}-cameras") as camera:
            play(camera, f"{root}-cameras/yard/image", clip(WALKERS, begin_s=0, seconds=2))
            assert cloud.wait(lambda: b"online" in cloud.on("gw/yard/status"))
            assert cloud.wait(lambda: any(b"yard" in one for one in cloud.on("gw/stats")))
            status, facts = listed(cloud_broker, root)
            assert (status, facts["state"], facts["presence"]) == (0, "ok", "online")
            assert facts["cameras"] == {"total": 1, "online": 1}
            assert len(facts["config_sha256"]) == 64
            shown = fleet(cloud_broker, root, "show", "gw", "--json")
            frames = json.loads(shown.stdout)["cameras_by_id"]["yard"]["frames"]
            assert (shown.returncode, frames["received"] > 0) == (0, True)
            assert "yard" in fleet(cloud_broker, root, "show", "gw").stdout
            with watching(cloud_broker, root, tmp_path / "watch.log", "--after-s", "0") as watcher:
                daemon.process.send_signal(signal.SIGKILL)
                watcher.wait(lambda gaps: len(gaps) == 1)
                [gap] = watcher.gaps()
                assert (gap["gateway"], gap["camera"], gap["end"]) == ("gw", None, None)
                assert gap["reason"] == "offline"
                assert listed(cloud_broker, root)[0] == 3
                with edge(tmp_path, config):
                    watcher.wait(lambda gaps: any(one["end"] for one in gaps))
        said = [json.loads(one) for one in alerts.on("gap/gw")]
        assert [one["end"] is None for one in said][:2] == [True, False]
        assert said[1]["begin"] == gap["begin"]


def test_one_that_hangs_is_seen_after_its_keep_alive(
    site_broker: Broker, cloud_broker: Broker, tmp_path: Path
) -> None:
    root = f"hang{os.getpid()}"
    to_cloud = uplink(cloud_broker) | {"keepalive_s": 5}
    config = settings(site_broker, root, tmp_path, uplink=to_cloud)
    with ear(cloud_broker, root) as cloud, edge(tmp_path, config) as daemon:
        assert cloud.wait(lambda: b"online" in cloud.on("gw/status"))
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            assert cloud.wait(lambda: cloud.on("gw/status")[-1] == b"offline", 60)
            status, facts = listed(cloud_broker, root)
            assert (status, facts["reasons"]) == (3, ["offline"])
        finally:
            daemon.process.send_signal(signal.SIGCONT)


def test_a_watcher_goes_on_where_another_ended_and_tells_of_its_own_gap(tmp_path: Path) -> None:
    root = "many"
    with servers.mosquitto(tmp_path, persistence=True) as broker:
        with running(connection(broker, "gateways")) as gateways:
            assert gateways.wait_ready(60)
            _say(gateways.publish, root, {"a/status": b"online", "b/status": b"offline"})
            _say(gateways.publish, root, {"a/yard/status": b"offline"})
        names = {("b", None), ("a", "yard")}
        with watching(broker, root, tmp_path / "1.log", "--after-s", "0") as first:
            first.wait(lambda gaps: {(g["gateway"], g["camera"]) for g in gaps} == names)
            begun = {(g["gateway"], g["camera"]): g["begin"] for g in first.gaps()}
        with watching(broker, root, tmp_path / "2.log", "--after-s", "0") as second:
            with running(connection(broker, "gateways")) as gateways:
                assert gateways.wait_ready(60)
                _say(gateways.publish, root, {"b/status": b"online"})
            second.wait(lambda gaps: any(gap["end"] for gap in gaps))
            [back] = second.gaps()
            assert (back["gateway"], back["begin"]) == ("b", begun["b", None])
            broker.process.kill()
            broker.process.wait()
            with servers.mosquitto(tmp_path, persistence=True, port=broker.port):
                second.wait(lambda gaps: gaps[-1]["reason"] == "broker")
                assert second.gaps()[-1]["end"]


def test_a_gap_that_was_lost_with_its_connection_is_published_again(tmp_path: Path) -> None:
    root = "lost"
    with servers.mosquitto(tmp_path, persistence=True) as broker:
        with running(connection(broker, "gateways")) as gateways:
            assert gateways.wait_ready(60)
            _say(gateways.publish, root, {"a/status": b"online"})
        with ear(broker, f"{root}-fleet") as alerts:
            quiet = ("--after-s", "0", "--silent-s", "4")
            with watching(broker, root, tmp_path / "watch.log", *quiet) as watcher:
                assert alerts.wait(lambda: len(alerts.on("gap/a")) == 1)
                with running(connection(broker, "gateways")) as gateways:
                    assert gateways.wait_ready(60)
                    _say(gateways.publish, root, {"a/status": b"online"})
                assert alerts.wait(lambda: len(alerts.on("gap/a")) >= 2)
                broker.process.send_signal(signal.SIGSTOP)
                told = len(watcher.gaps())
                watcher.wait(lambda gaps: len(gaps) > told)
                broker.process.kill()
                broker.process.wait()
                with servers.mosquitto(tmp_path, persistence=True, port=broker.port):
                    lost = watcher.gaps()[told]
                    assert alerts.wait(lambda: lost in map(json.loads, alerts.on("gap/a")))


def _say(publish: Callable[..., Any], root: str, topics: dict[str, bytes]) -> None:
    for topic, payload in topics.items():
        publish(f"{root}/{topic}", payload, 1, True).wait(60)


def test_a_broker_that_is_away_and_a_gateway_that_nobody_knows_are_said(tmp_path: Path) -> None:
    with servers.mosquitto(tmp_path) as broker:
        empty = fleet(broker, "nobody", "list")
        assert (empty.returncode, "no gateway has said anything" in empty.stderr) == (1, True)
        unknown = fleet(broker, "nobody", "show", "gw")
        assert (unknown.returncode, "nothing is known of gw" in unknown.stderr) == (1, True)
    away = fleet(broker, "nobody", "list")
    assert (away.returncode, f"broker {broker.host}:{broker.port}" in away.stderr) == (1, True)
