"""The daemon's life as its supervisor, its operator and the broker see it: real processes."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.processes import free_port
from tests.servers import Broker
from tests.system.daemons import PATIENCE_S, Supervisor, end, kept, logged, unready, wait
from tests.system.sites import STREET, WALKERS, Ear, Edge, clip, ear, edge, settings
from tests.unit.edge.scenes import picture

ENDS = ("superseded", "quiet", "analysed")
pytestmark = pytest.mark.slow


def flow(camera: Ear, topic: str, pictures: list[bytes], over: threading.Event) -> None:
    """A camera that goes on until the test is over."""
    while not over.is_set():
        for one in pictures:
            camera.publish(topic, one)
            over.wait(0.1)


def adds_up(counts: Mapping[str, Any]) -> bool:
    """The law of frame accounting, on a camera of `stats`."""
    ended = sum(counts["rejected"].values()) + sum(counts[end] for end in ENDS)
    return bool(counts["received"] == ended > 0)


def test_sigterm_while_frames_flow_drains_and_says_goodbye(
    mosquitto: Broker, tmp_path: Path
) -> None:
    pytest.importorskip("systemd.daemon", reason="pip install systemd-python")
    supervisor, over = Supervisor(tmp_path / "notify"), threading.Event()
    config = settings(mosquitto, "term", tmp_path)
    config["cameras"] = {"gate": {"snapshot_after_s": 60}}
    with ear(mosquitto, "term") as listening, ear(mosquitto, "term-cameras") as camera:
        walkers = clip(WALKERS, begin_s=9, seconds=4)
        flowing = threading.Thread(
            target=flow, args=(camera, "term-cameras/yard/image", walkers, over), daemon=True
        )
        with edge(tmp_path, config, supervisor.environ) as daemon:
            daemon.process.send_signal(signal.SIGHUP)
            wait(daemon, lambda: supervisor.count("READY=1") == 2)
            camera.publish("term-cameras/gate/image", STREET)
            wait(daemon, lambda: daemon.settled("gate", 1))
            flowing.start()
            wait(daemon, lambda: daemon.frames("yard").get("analysed", 0) > 3)
            wait(daemon, lambda: supervisor.count("WATCHDOG=1") > 2)
            assert end(daemon) == 0
        over.set()
        flowing.join()
        assert listening.wait(lambda: listening.on("gw/status")[-1:] == [b"stopped"])
        last = json.loads(listening.on("gw/stats")[-1])["cameras"]
    assert adds_up(last["yard"])
    assert adds_up(last["gate"])
    assert (last["gate"]["suspicions"], last["gate"]["lost"]) == (
        1,
        0,
    )  # it still waited to be alone
    with ear(mosquitto, "term") as later:
        assert later.wait(lambda: later.on("gw/status") == [b"stopped"])
    order = [message.split("=")[0] for message in supervisor.told]
    assert [word for word in order if word not in {"STATUS", "WATCHDOG"}] == [
        "READY",
        "RELOADING",
        "READY",
        "STOPPING",
    ]
    assert "STATUS=2 cameras, links up: intake, site, uplink" in supervisor.told
    assert daemon.events("daemon_stopped")


def test_a_stop_that_is_asked_for_before_it_stands_is_heard(
    mosquitto: Broker, tmp_path: Path
) -> None:
    with unready(tmp_path, settings(mosquitto, "early", tmp_path)) as daemon:
        wait(daemon, lambda: bool(daemon.events("daemon_started")))
        assert end(daemon) == 0
        assert daemon.events("daemon_stopped")


def test_a_broker_that_hangs_does_not_keep_it_from_stopping_in_time(tmp_path: Path) -> None:
    with servers.mosquitto(tmp_path) as broker, ear(broker, "hang") as listening:
        config = settings(broker, "hang", tmp_path, resend_s=1)
        config["camera_defaults"] = {"kind": "snapshot"}
        config["runtime"] |= {"stop_deadline_s": 2}
        with edge(tmp_path, config) as daemon:
            listening.publish("hang-cameras/gate/image", STREET)
            wait(daemon, lambda: bool(daemon.events("report_sent")))
            broker.process.send_signal(signal.SIGSTOP)
            wait(daemon, lambda: reports(daemon) == 2)  # the courier waits for a PUBACK
            status = end(daemon)
            broker.process.send_signal(signal.SIGCONT)
        assert status == 0
        assert not daemon.events("worker_failed")
    assert kept(tmp_path) == 1


def reports(daemon: Edge) -> int:
    """How many reports were handed to the broker, answered or not."""
    found = re.search(
        r'link_messages_total{link="uplink",what="published"} (\d+)', daemon.get("/metrics")[1]
    )
    return int(found[1]) if found else 0


def _health(said: list[bytes]) -> tuple[str, set[tuple[str, str]]]:
    """Status and reasons as they were said last on the gateway's topic `health`."""
    facts: dict[str, Any] = json.loads(said[-1]) if said else {"status": "", "reasons": []}
    return facts["status"], _reasons(facts)


def _reasons(facts: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(one["reason"], one.get("of", "")) for one in facts["reasons"]}


def test_it_starts_without_a_broker_and_survives_the_brokers_death(tmp_path: Path) -> None:
    port, root = free_port(), "bounce"
    with servers.mosquitto(tmp_path) as elsewhere:
        config = settings(elsewhere, root, tmp_path)
    config["intake"]["broker"] |= {"port": port, "reconnect_max_s": 1}
    with unready(tmp_path, config) as daemon:
        wait(daemon, lambda: daemon.get("/healthz")[0] == 200)
        wait(daemon, lambda: bool(daemon.events("link_unreachable")))
        assert daemon.health()["status"] == "degraded"
        for life in (1, 2):
            with (
                servers.mosquitto(tmp_path, port=port) as broker,
                ear(broker, root) as listening,
            ):
                wait(daemon, lambda: daemon.health()["status"] == "ok")
                assert listening.wait(lambda: listening.on("gw/status") == [b"online"])
                listening.publish(f"{root}-cameras/gate/image", STREET)
                wait(daemon, lambda: daemon.settled("gate", life))  # noqa: B023, called here
                assert listening.wait(lambda: b"online" in listening.on("gw/gate/status"))
                assert listening.wait(lambda: b"OFF" in listening.on("gw/gate/threat"))
                assert listening.wait(lambda: _health(listening.on("gw/health")) == ("ok", set()))
                broker.process.kill()
                wait(daemon, lambda: daemon.health()["status"] == "degraded")
        down = {("link_down", name) for name in ("intake", "site", "uplink")}
        wait(daemon, lambda: _reasons(daemon.health()) == down)
        assert all(one["action"] and one["since"] for one in daemon.health()["reasons"])
        assert daemon.get("/healthz")[0] == 200
        assert len(logged(daemon, "link_lost", 2 * len(down))) == 2 * len(down)
        assert end(daemon) == 0


INJECTED = """
import os, sys, threading
from pathlib import Path
from edge.config.load import load
from edge.daemon.daemon import Daemon, Requests
from service.clock import SystemClock
from tests.unit.edge.scenes import FindsDarkThings, picture

class Breaks(FindsDarkThings):
    sha256 = "0" * 64
    def detect(self, image, aspect=1.0):
        if self.calls == 1:
            {how}
        return super().detect(image, aspect)

path = Path(sys.argv[1])
networks = lambda config: (Breaks(),)
daemon = Daemon(load(path, {{}}), path, os.environ, SystemClock(), Requests(), networks)
sys.exit(daemon.run())
"""


@pytest.mark.parametrize(
    ("lost", "how", "trace"),
    [
        ("dies", "raise RuntimeError('nobody expected this')", "nobody expected this"),
        ("hangs", "threading.Event().wait()", "Timeout (0:00:04)"),
    ],
)
def test_a_worker_that_is_lost_ends_the_daemon_and_costs_no_suspicion(
    mosquitto: Broker, tmp_path: Path, lost: str, how: str, trace: str
) -> None:
    config = settings(mosquitto, "lost", tmp_path)
    config["camera_defaults"] = {"kind": "snapshot"}
    config["runtime"] |= {"heartbeat_s": 2}
    command = (sys.executable, "-c", INJECTED.format(how=how), str(tmp_path / "edge.yaml"))
    with (
        ear(mosquitto, "lost") as listening,
        unready(tmp_path, config, *command) as daemon,
    ):
        wait(daemon, lambda: daemon.health().get("status") == "ok")
        for seed in range(2):
            listening.publish("lost-cameras/gate/image", picture(100, seed))
            listening.wait(lambda: bool(daemon.events("report_sent")))
        assert daemon.process.wait(PATIENCE_S) == 1
    assert trace in daemon.log.read_text()
    said = {"dies": "worker_failed", "hangs": "worker_stalled"}[lost]
    assert daemon.events(said)[0]["worker"] == "analysis-0"
    assert kept(tmp_path) == 1
