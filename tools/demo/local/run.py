"""One local run, from the broker's start to the last verdict.

SHELL, on the main thread alone. Parts start in the order in which they need each other, each is
waited for, and only then do the cameras play; they end the other way round. Called by `__main__`.
"""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cloud.keys import make_keys
from objectstore.open import open_store
from service.clock import Clock
from tools.demo.local import config
from tools.demo.local.alarm_files import AlarmFiles
from tools.demo.local.collector import Collector
from tools.demo.local.config import (
    BridgedCamera,
    CameraSource,
    Folders,
    LocalBroker,
    prune,
)
from tools.demo.local.console import Console, notification
from tools.demo.local.listener import GatewayListener, is_healthy
from tools.demo.local.processes import ChildProcess, RunError, end, start, wait_until
from tools.demo.local.summary import CameraCounts
from tools.demo.local.web_console import console_port, console_settings, link_reader

WORKERS = 2
"""Two show that either may take a report."""
BROKER_READY_S = 15.0
EDGE_READY_S = 60.0
CONSOLE_READY_S = 60.0
WORKER_READY_S = 180.0
"""TensorFlow and three networks take a minute to load on a busy machine."""
VERDICTS_S = config.DEADLINE_S + 10.0
"""By then the gateway has given up on every verdict and said so."""
PATIENCE_S = 15.0
"""Between asking a part to end and killing it: it may be in the middle of a report."""
STEP_S = 1.0
TIDY_STEPS = 60
MAX_STORE_BYTES = 500_000_000
"""Looked at once a minute (`TIDY_STEPS`), so that a run left alone does not fill the disk."""
SETTLE_S = 3.0
"""So long after the last frame its suspicion is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What is asked of a run."""

    sources: tuple[CameraSource, ...]
    """Films that are played as cameras; none where there are real ones."""
    bridged: tuple[BridgedCamera, ...]
    folders: Folders
    fps: float
    seconds: float | None
    broker: LocalBroker | None
    """None: the embedded one."""


class _Stopped(Exception):
    """Somebody stopped the run before the cameras played."""


class LocalRun:
    """The parts of a run; `go` once, `close` in every case."""

    def __init__(
        self, plan: RunPlan, console: Console, clock: Clock, stop: threading.Event
    ) -> None:
        self._plan = plan
        self._console = console
        self._clock = clock
        self._stop = stop
        self._collector = Collector(config.GATEWAY)
        self._alarm_files = AlarmFiles(plan.folders.alarms, open_store(f"dir:{plan.folders.store}"))
        self._children: list[ChildProcess] = []
        self._listener: GatewayListener | None = None
        self._page_port: socket.socket | None = None
        self._steps = 0

    def go(self) -> dict[str, CameraCounts]:
        """Runs until the cameras have played or `stop` is set; gives the final counts.

        Raises `RunError` if a part fails.
        """
        with suppress(_Stopped):
            self._page_port = console_port()
            port = self._page_port.getsockname()[1]
            self._console.news(f"console: http://{config.HOST}:{port} (in some seconds)")
            broker = self._start_broker()
            console = self._start_pages(broker, port)
            self._start_listener(broker)
            workers = self._start_workers(broker)
            edge = self._start_edge(broker)
            self._tell_first_link(console)
            self._wait_for_workers(workers)
            cameras = self._start_cameras(broker)
            self._follow(cameras)
            end([cameras], PATIENCE_S)
            self._wait_for_verdicts()
            self._finish(edge)
        return self._collector.funnels

    def close(self) -> None:
        """Ends what still runs, last started first."""
        first = ("cameras", "edge", "console")
        cameras_and_edge = [part for part in self._children if part.name in first]
        workers = [part for part in self._children if part.name.startswith("cloud")]
        broker = [part for part in self._children if part.name == "broker"]
        for group in (cameras_and_edge, workers):
            end(group, PATIENCE_S)
        if self._listener is not None:
            self._listener.link.stop(2.0)
        end(broker, PATIENCE_S)
        if self._page_port is not None:
            self._page_port.close()

    def _start(
        self, name: str, module: list[str], env: dict[str, str] | None = None
    ) -> ChildProcess:
        child = start(name, module, self._plan.folders.logs, env)
        self._children.append(child)
        return child

    def _start_broker(self) -> LocalBroker:
        if self._plan.broker is not None:
            return self._plan.broker
        ports = config.free_port(), config.free_port()
        broker = LocalBroker(host=config.HOST, port=ports[0], camera_port=ports[1])
        file = self._plan.folders.run / "broker.toml"
        file.write_text(config.broker_config(broker))
        level = ["--log-level", "CRITICAL"]
        child = self._start("broker", ["iotcore", "--config", str(file), *level])
        self._wait(child, lambda: all(map(_accepts, ports)), BROKER_READY_S)
        self._console.news(
            f"broker: {broker.host}, port {broker.camera_port} (MQTT 3.1.1) "
            f"and {broker.port} (MQTT 5)"
        )
        return broker

    def _start_pages(self, broker: LocalBroker, port: int) -> ChildProcess:
        folders = self._plan.folders
        if not folders.cloud_key.exists():
            make_keys(folders.cloud_key)
        file = folders.run / "console.yaml"
        file.write_text(console_settings(broker, folders, config.GATEWAY, port))
        return self._start("console", ["cloud", "console", "serve", "--settings", str(file)])

    def _tell_first_link(self, console: ChildProcess) -> None:
        link = link_reader(console.log)
        self._wait(console, lambda: link() is not None, CONSOLE_READY_S)
        if link():
            self._console.news(f"console: your account, by this link, once: {link()}")

    def _start_listener(self, broker: LocalBroker) -> None:
        listener = self._listener = GatewayListener(broker, config.GATEWAY)
        listener.link.start()
        if not listener.link.wait_ready(BROKER_READY_S):
            where = f"{broker.host}:{broker.port}"
            raise RunError(f"broker {where} cannot be used: {listener.link.state().reason}")

    def _start_workers(self, broker: LocalBroker) -> list[tuple[ChildProcess, int]]:
        url = f"mqtt://{broker.host}:{broker.port}"
        store = f"dir:{self._plan.folders.store}"
        key = self._plan.folders.cloud_key
        command = ["cloud", "serve", "--broker", url, "--store", store, "--signing-key", str(key)]
        ports = [config.free_port() for _ in range(WORKERS)]
        return [
            (self._start(f"cloud-{number}", [*command, "--metrics-port", str(port)]), port)
            for number, port in enumerate(ports, 1)
        ]

    def _start_edge(self, broker: LocalBroker) -> ChildProcess:
        folders = self._plan.folders
        file = folders.run / "edge.yaml"
        file.write_text(config.edge_config(broker, folders, config.free_port()))
        edge = self._start("edge", ["edge", "run", "--config", str(file)])
        self._console.news("gateway: loading its model ...")
        self._wait(edge, self._edge_is_online, EDGE_READY_S)
        self._console.news(f"gateway: online, configured by {file}")
        return edge

    def _edge_is_online(self) -> bool:
        self._listen()
        return self._collector.online

    def _wait_for_workers(self, workers: list[tuple[ChildProcess, int]]) -> None:
        self._console.news("cloud: loading the full models (TensorFlow takes a while) ...")
        for child, port in workers:
            self._wait(child, partial(is_healthy, port), WORKER_READY_S)
            self._console.news(f"cloud: {child.name} is ready")

    def _start_cameras(self, broker: LocalBroker) -> ChildProcess:
        plan = self._plan
        if plan.bridged:
            return self._start_bridge(broker)
        command = [
            "tools.demo.camera_sim",
            "--broker",
            f"{broker.host}:{broker.camera_port}",
            "--loop",
        ]
        command += ["--fps", str(plan.fps)]
        if plan.seconds is not None:
            command += ["--seconds", str(plan.seconds)]
        for source in plan.sources:
            command += ["--camera", f"{source.camera}={source.path}"]
            self._console.news(f"camera {source.camera}: plays {source.path}")
        return self._start("cameras", command)

    def _start_bridge(self, broker: LocalBroker) -> ChildProcess:
        plan = self._plan
        file = plan.folders.run / "bridge.yaml"
        file.write_text(config.bridge_config(broker, plan.bridged, plan.fps))
        for one in plan.bridged:
            self._console.news(f"camera {one.camera}: {one.source}, by {file}")
        return self._start("cameras", ["bridge", "run", "--config", str(file)])

    def _follow(self, cameras: ChildProcess) -> None:
        """Shows what happens until the cameras are done or somebody stops the run."""
        until_s = self._clock.mono() + (self._plan.seconds or math.inf)
        while not self._clock.wait(self._stop, STEP_S):
            self._step()
            if self._plan.bridged and self._clock.mono() >= until_s:
                return
            if not cameras.running:
                if cameras.process.returncode != 0 or self._plan.seconds is None:
                    cameras.check()
                return

    def _wait_for_verdicts(self) -> None:
        """The last frames' suspicions, then their verdicts; a stop ends the waiting."""
        started_s, told_so = self._clock.mono(), False
        while not self._clock.wait(self._stop, STEP_S):
            self._step()
            waited_s = self._clock.mono() - started_s
            settled = waited_s >= SETTLE_S and not self._collector.waiting
            if settled or waited_s >= VERDICTS_S:
                return
            if self._collector.waiting and not told_so:
                self._console.news(f"waiting for {self._collector.waiting} verdicts ...")
                told_so = True

    def _finish(self, edge: ChildProcess) -> None:
        """Ends the gateway, which states its last counts, and reads them."""
        heard = self._collector.stats_heard
        end([edge], PATIENCE_S)
        until_s = self._clock.mono() + 2 * STEP_S
        while self._collector.stats_heard == heard and self._clock.mono() < until_s:
            self._clock.wait(threading.Event(), STEP_S / 5)
            self._listen()
        self._console.show(self._collector.funnels)

    def _step(self) -> None:
        for child in self._children:
            if child.name != "cameras":
                child.check()
        if self._listener is not None and self._listener.failure is not None:
            raise RunError(f"the connection to the broker failed: {self._listener.failure}")
        self._listen()
        self._console.show(self._collector.funnels)
        self._steps += 1
        if self._steps % TIDY_STEPS == 0:
            prune(self._plan.folders.store, MAX_STORE_BYTES)

    def _listen(self) -> None:
        for heard in self._listener.heard() if self._listener is not None else ():
            decided = self._collector.hear(heard)
            if decided is not None:
                path = self._alarm_files.add(decided)
                self._console.news(notification(decided, _where(path)))

    def _wait(self, child: ChildProcess, ready: Callable[[], bool], timeout_s: float) -> None:
        if not wait_until(ready, child, self._clock, self._stop, timeout_s):
            raise _Stopped


def _where(path: Path | None) -> str:
    return "its evidence is not in the store" if path is None else str(path)


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((config.HOST, port), timeout=1.0):
            return True
    except OSError:
        return False
