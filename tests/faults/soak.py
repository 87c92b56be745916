"""A gateway's weeks in minutes: every part of the real daemon on a clock that runs ahead.

Run as a process of its own, so that its memory is nobody else's: `python -m tests.faults.soak
FOLDER PORT FRAMES` connects to the broker on PORT and writes a JSON line per sample to stdout. Real
are admission, mailbox, gate, tracker, rules, outbox, store, links, status server and control loop;
the network is one that finds what is dark, since five million inferences take days. Threads do not
run by themselves: their steps are called one after another, or time would not be the simulation's.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import yaml

from contract.cloudevent import CONTENT_TYPE, frame_evidence_request, frame_verdict, read_report
from contract.evidence_request import EvidenceRequest
from contract.report import ThreatReport
from contract.verdict import Decision, Verdict
from edge.config.load import read
from edge.config.schema import EdgeConfig
from edge.daemon.daemon import Daemon, Requests
from edge.detect.networks import NamedDetector
from service.clock import SystemClock
from service.link import Link, LinkSettings, Subscription
from tests.fakes import ManualClock
from tests.faults.heap import in_use_mb
from tests.processes import HOST, fetch, free_port
from tests.unit.edge.scenes import FindsDarkThings, picture

ROOT = "soak"
CAMERAS = tuple(f"cam{n}" for n in range(6))
LONE, PARKED = "lone", "parked"
FPS = int(os.environ.get("SOAK_FPS", "2"))
"""Frames a second and camera; at five a frame costs two thirds as much, which five million want."""


def small(x: int | None, seed: int) -> bytes:
    """A scene at half its size, 96x84 px, which costs a third less: nothing here depends on it."""
    image = cv2.imdecode(np.frombuffer(picture(x, seed, (192, 168)), np.uint8), cv2.IMREAD_COLOR)
    halved = cv2.resize(image, (96, 84), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", halved, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


EMPTY = [small(None, seed) for seed in range(24)]
WALKER = [small(x, x) for x in range(0, 168, 12)]
CAR = [small(80, seed) for seed in range(6)]
CYCLE_S = 240 // FPS
"""A walker crosses in front of each camera so often."""
PARKED_S = 3600
SAMPLE_S = 600
START = datetime(2026, 12, 1, tzinfo=UTC)


class Ahead(ManualClock):
    """Time that only the simulation moves: who waits is not waited for."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:  # noqa: ARG002, the seam's
        return event.is_set()


class Dark(FindsDarkThings):
    """A network with a name."""

    sha256 = "d" * 64


def networks(_: EdgeConfig) -> Sequence[NamedDetector]:
    return (Dark(),)


def config(folder: Path, port: int) -> str:
    """Bounds so small that the simulated time reaches every one of them."""
    listed: dict[str, Any] = {name: {} for name in (*CAMERAS, PARKED)}
    return yaml.safe_dump(
        {
            "gateway": {"id": "gw"},
            "intake": {"broker": {"host": HOST, "port": port, "reconnect_max_s": 1}},
            "deliver": {
                "root": ROOT,
                "store": {
                    "type": "dir",
                    "path": str(folder / "store"),
                    "max_bytes": 20_000_000,
                    "evidence_max_age_s": 3600,
                    "verdicts_max_age_s": 3600,
                },
                "outbox": {"path": str(folder / "outbox"), "max_bytes": 20_000_000},
                "audit": {"share": 0.05},
            },
            "self_test": {"every_s": 3600},
            "runtime": {"metrics_port": free_port()},
            "camera_defaults": {"snapshot_after_s": 5},
            "cameras": listed,
        }
    )


class Cloud:
    """Answers reports as a worker might: mostly at once, at times with a request or not at all."""

    def __init__(self, port: int) -> None:
        self.link = Link(
            LinkSettings(name="cloud", host=HOST, port=port, client_id="cloud", reconnect_max_s=1),
            on_fatal=lambda error: sys.exit(repr(error)),
            on_message=self._hear,
            subscriptions=(Subscription(filter=f"{ROOT}/+/+/suspect"),),
        )
        self.reports = 0

    def _hear(self, topic: str, payload: bytes, _retained: bool, ack: Callable[[], None]) -> None:
        ack()
        report = read_report(payload)
        self.reports += 1
        chance = zlib.crc32(report.report_id.encode()) % 100
        if chance < 5 and not report.test:
            return
        answer = f"{topic.removesuffix('suspect')}verdict"
        framed = (
            frame_evidence_request(_request(report))
            if chance < 15 and report.requests_left
            else frame_verdict(_verdict(report, "refuted" if chance < 50 else "confirmed"))
        )
        self.link.publish(answer, framed, content_type=CONTENT_TYPE)


def _request(report: ThreatReport) -> EvidenceRequest:
    return EvidenceRequest(
        report_id=report.report_id,
        gateway=report.gateway,
        camera=report.camera,
        asked_at=SystemClock().now(),
        requests_left=report.requests_left,
        reasons=("open",),
    )


def _verdict(report: ThreatReport, decision: Decision) -> Verdict:
    return Verdict(
        report_id=report.report_id,
        gateway=report.gateway,
        camera=report.camera,
        decision="confirmed" if report.test else decision,
        decided_by="cloud",
        decided_at=SystemClock().now(),
        label=report.label,
        audit=report.audit,
        test=report.test,
        reasons=("simulated",),
    )


def shown(camera: str, second: int, half: int) -> bytes:
    """What the camera sends then; `half` counts its frames."""
    if camera == PARKED:
        return CAR[half % 6] if second % (2 * PARKED_S) >= PARKED_S else EMPTY[half % 24]
    offset = zlib.crc32(camera.encode()) % CYCLE_S
    step = ((second + offset) % CYCLE_S) * FPS + half % FPS
    return WALKER[step] if step < len(WALKER) else EMPTY[half % 24]


def nasty(second: int) -> Iterator[tuple[str, bytes]]:
    """What a network brings besides: damage, halves of pictures, strangers."""
    camera = CAMERAS[second % len(CAMERAS)]
    match second % 20:
        case 3:
            yield f"cameras/{camera}/image", EMPTY[0][: 100 + second % 900]
        case 7:
            yield f"cameras/{camera}/image", b"\xff\xd8\xff" + bytes([second % 256]) * 50
        case 11:
            yield f"cameras/{camera}/image/start", b'{"size": 9000}'
        case 15:
            yield f"cameras/{LONE}/image", WALKER[second % len(WALKER)]
        case 19:
            yield f"cameras/stranger{second}/image", EMPTY[second % 24]
        case _:
            return


class Soak:
    """One daemon whose threads are ours."""

    def __init__(self, folder: Path, port: int) -> None:
        self.clock = Ahead(START)
        loaded = read(config(folder, port).encode(), {})
        self.daemon = Daemon(loaded, None, {}, self.clock, Requests(), networks)
        self.gateway = self.daemon.gateway
        self.cloud = Cloud(port)
        self.port = loaded.config.runtime.metrics_port
        self.frames = self.second = 0

    def start(self) -> None:
        self.daemon.listen()
        for link in self.links():
            link.start()
        self.wait()

    def links(self) -> tuple[Link, ...]:
        gateway = self.gateway
        return gateway.site_listener.link, gateway.site, gateway.delivery.uplink, self.cloud.link

    def wait(self) -> None:
        """Until every link is there, again: time stands still meanwhile."""
        for link in self.links():
            if not link.wait_ready(60):
                sys.exit("no broker")

    def pass_second(self) -> None:
        """Each camera's frames, what comes besides, and a turn of every part."""
        for half in range(FPS):
            for camera in (*CAMERAS, PARKED):
                frame = self.second * FPS + half
                self.receive(f"cameras/{camera}/image", shown(camera, self.second, frame))
            self.clock.advance(1 / FPS)
        for topic, payload in nasty(self.second):
            self.receive(topic, payload)
        if self.second % 600 == 0:
            word = b"OFF" if self.second % 1200 else b"ON"
            self.cloud.link.publish(f"{ROOT}/gw/{CAMERAS[0]}/armed/set", word)
        self.turn()
        self.second += 1

    def receive(self, topic: str, payload: bytes) -> None:
        """A message arrives, and the worker takes what has come of it."""
        self.frames += 1
        self.gateway.intake.on_message(topic, payload, False, lambda: None)
        while len(self.gateway.mailboxes[0]):
            self.gateway.analysis.workers[0].step()

    def turn(self) -> None:
        for worker in self.gateway.workers:
            if not worker.name.startswith("analysis"):
                worker.step()
            worker.beat()
        self.daemon.turn()
        if self.second % 60 == 0:
            fetch(self.port, "/metrics")
            fetch(self.port, "/healthz")

    def sample(self) -> dict[str, float]:
        """What may not grow."""
        gc.collect()
        heap_mb = in_use_mb()
        process = psutil.Process()
        funnels = self.gateway.counters.snapshot().values()
        return {
            "hours": round(self.second / 3600, 3),
            "frames": self.frames,
            "rss_mb": round(process.memory_info().rss / 1e6, 3),
            "heap_mb": round(heap_mb, 3),
            "descriptors": process.num_fds(),
            "threads": process.num_threads(),
            "objects": len(gc.get_objects()),
            "suspicions": sum(funnel.suspicions for funnel in funnels),
            "verdicts": sum(f.confirmed + f.refuted + f.unconfirmed for f in funnels),
            "reports": self.cloud.reports,
        }


def main(folder: Path, port: int, frames: int) -> int:
    """One line per ten simulated minutes; a line on stdin says that the broker was replaced."""
    cv2.setNumThreads(1)  # as the daemon does
    soak = Soak(folder, port)
    soak.start()
    while soak.frames < frames:
        if soak.second % SAMPLE_S == 0:
            print(json.dumps(soak.sample()), flush=True)  # noqa: T201, the parent reads it
            sys.stdin.readline()
            soak.wait()
        soak.pass_second()
    print(json.dumps(soak.sample()), flush=True)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
