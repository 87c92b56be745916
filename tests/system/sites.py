"""A site under test: the edge daemon as a process, cameras, and an ear on the broker."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import yaml

from contract.cloudevent import ReportAnswer, read_answer, read_report
from contract.evidence_request import EvidenceRequest
from contract.report import ThreatReport
from contract.verdict import Verdict
from service.link import Link, LinkSettings, Subscription
from tests.processes import child, fetch, free_port, until
from tests.servers import Broker

CHECKOUT = Path(__file__).resolve().parents[2]
WALKERS = CHECKOUT / "footage" / "walkers.mp4"
STREET = (CHECKOUT / "models" / "self_test" / "street-030.jpg").read_bytes()
"""A picture in which somebody walks: the model's own for its self-test."""
PATIENCE_S = 150.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A running daemon."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    config: Path

    def events(self, name: str) -> list[dict[str, Any]]:
        """Its log events of that name so far."""
        lines = self.log.read_text(errors="replace").splitlines()
        likely = (line for line in lines if line.startswith('{"ts"') and f'"{name}"' in line)
        events = [_line(line) for line in likely if line.endswith("}")]  # a kill tears one
        return [event for event in events if event["event"] == name]

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of `/metrics` or `/healthz`; 0 while nobody answers."""
        return fetch(self.port, path)

    def health(self) -> dict[str, Any]:
        """The body of `/healthz`; empty while nobody answers."""
        body = self.get("/healthz")[1]
        return json.loads(body) if body else {}

    def frames(self, camera: str) -> dict[str, int]:
        """The camera's frames by what became of them."""
        counts = {}
        for line in self.get("/metrics")[1].splitlines():
            prefix = f'stillwatch_frames_total{{camera="{camera}",outcome="'
            if line.startswith(prefix):
                outcome, _, value = line.removeprefix(prefix).partition('"} ')
                counts[outcome] = int(float(value))
        return counts

    def settled(self, camera: str, received: int) -> bool:
        """Whether so many frames came and each has ended somewhere: the law of accounting."""
        counts = self.frames(camera)
        ends = ("rejected", "superseded", "quiet", "analysed")
        return counts.get("received", 0) == received == sum(counts.get(end, 0) for end in ends)


answer_of = lru_cache(maxsize=50_000)(read_answer)
"""What is asked for again and again is read once; so are reports and log lines."""
_report = lru_cache(maxsize=50_000)(read_report)
_line = lru_cache(maxsize=50_000)(json.loads)


@dataclass
class Ear:
    """Everything said below the root, in order."""

    broker: Broker
    root: str
    kept: bool = False
    """Whether its session outlives a reconnect, at a broker that remembers sessions."""
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)
    """When, on the monotonic clock."""

    def __post_init__(self) -> None:
        self._news = threading.Condition()
        self.link = Link(
            LinkSettings(
                name="ear",
                host=self.broker.host,
                port=self.broker.port,
                client_id=f"ear-{self.root}-{secrets.token_hex(4)}",
                reconnect_max_s=1,
                clean=not self.kept,
            ),
            on_fatal=lambda _: None,
            on_message=self._hear,
            subscriptions=(Subscription(filter=f"{self.root}/#"),),
        )
        self.link.start()
        assert self.link.wait_ready(PATIENCE_S)

    def on(self, topic: str) -> list[bytes]:
        """Payloads heard on one topic, below the root."""
        return [payload for heard, payload in self.heard if heard == f"{self.root}/{topic}"]

    def reports(self) -> list[ThreatReport]:
        return [_report(p) for topic, p in self.heard if topic.endswith("/suspect")]

    def verdicts(self) -> list[Verdict]:
        return [answer for answer in self._answers() if isinstance(answer, Verdict)]

    def evidence_requests(self) -> list[EvidenceRequest]:
        """What the cloud wanted to see more of."""
        return [answer for answer in self._answers() if isinstance(answer, EvidenceRequest)]

    def _answers(self) -> Iterator[ReportAnswer]:
        return (answer_of(p) for topic, p in self.heard if topic.endswith("/verdict"))

    def wait(self, reached: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
        """Waits until `reached`, which is asked whenever something is heard and now and then."""
        waited_s = 0.0
        with self._news:
            while not reached():
                if waited_s >= patience_s:
                    return False
                self._news.wait(0.2)
                waited_s += 0.2
            return True

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> None:
        """What a camera does; QoS 1 so that the test knows that it arrived."""
        self.link.publish(topic, payload, qos).wait(PATIENCE_S)

    def _hear(self, topic: str, payload: bytes, _retained: bool, ack: Callable[[], None]) -> None:
        with self._news:
            self.heard.append((topic, payload))
            self.heard_at.append(time.monotonic())
            self._news.notify_all()
        ack()


@contextmanager
def ear(broker: Broker, root: str, *, kept: bool = False) -> Iterator[Ear]:
    """Listens below `root` until the end of the block."""
    listening = Ear(broker, root, kept)
    try:
        yield listening
    finally:
        listening.link.stop(5.0)


def settings(broker: Broker, root: str, folder: Path, **deliver: object) -> dict[str, Any]:
    """A configuration whose topics, state and store are the test's own."""
    store = {"type": "dir", "path": str(folder / "store")}
    return {
        "gateway": {"id": "gw"},
        "intake": {
            "broker": {"host": broker.host, "port": broker.port},
            "topics": [f"{root}-cameras/{{camera}}/image"],
        },
        "detect": {"runtime": "litert"},
        "deliver": {
            "root": root,
            "store": store,
            "outbox": {"path": str(folder / "outbox")},
            "resend_s": 5,
            # a busy machine is no reason for `degraded`, nor for `unconfirmed`
            "late_s": 3600,
            "deadline_s": 600,
        }
        | deliver,
        "runtime": {"metrics_port": free_port(), "stats_s": 1},
    }


def uplink(broker: Broker) -> dict[str, object]:
    """`deliver.uplink` towards a broker of the cloud's own: `settings(..., uplink=uplink(it))`."""
    return {"host": broker.host, "port": broker.port, "reconnect_max_s": 1}


@contextmanager
def edge(
    folder: Path, config: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> Iterator[Edge]:
    """The daemon, ready; started again in the same folder it finds its old state."""
    file, log = folder / "edge.yaml", folder / "edge.log"
    file.write_text(yaml.safe_dump(dict(config)))
    log.write_bytes(b"")
    extra = [f"{name}={value}" for name, value in (environ or {}).items()]
    command = [sys.executable, "-m", "edge", "run", "--config", str(file)]
    with child(["env", f"PYTHONPATH={CHECKOUT}", *extra, *command], log) as process:
        port = config["runtime"]["metrics_port"]
        running = Edge(process=process, port=port, log=log, config=file)
        until(lambda: running.health().get("status") == "ok", process, log)
        yield running


def clip(path: Path, begin_s: float, seconds: float) -> list[bytes]:
    """JPEGs of a part of a video."""
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    capture.set(cv2.CAP_PROP_POS_FRAMES, round(begin_s * fps))
    pictures = []
    for _ in range(round(seconds * fps)):
        found, image = capture.read()
        if not found:
            break
        pictures.append(cv2.imencode(".jpg", image)[1].tobytes())
    capture.release()
    return pictures


def play(
    ear_: Ear,
    topic: str,
    pictures: Iterable[bytes],
    fps: float = 5.0,
    settled: Callable[[int], bool] = lambda _count: True,
    until: Callable[[], bool] = lambda: False,
) -> None:
    """Publish in the rhythm of a camera, or slower: each when those before have `settled`; all of
    them, or `until` enough was seen."""
    pause = threading.Event()
    for count, picture in enumerate(pictures, 1):
        ear_.publish(topic, picture)
        pause.wait(1 / fps)
        assert ear_.wait(partial(settled, count))
        if until():
            return
