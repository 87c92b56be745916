"""The documented layout of a site: two brokers, an object store, the daemon, workers, and ears.

Cameras and the people at the site meet at the site's broker, the cloud's workers at the cloud's.
Cameras send single pictures of a street with walkers, so that each picture raises suspicions
cheaply; nothing is a duplicate or remembered as standing, so that all of them go the whole way.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from contract.verdict import Verdict
from tests.faults.seats import Seat
from tests.integration.cloud_workers import Serving, workers
from tests.processes import free_port
from tests.servers import S3, Broker
from tests.system.daemons import unready
from tests.system.sites import Ear, Edge, answer_of, ear

PATIENCE_S = 180.0
LOOK_S = 0.25
CAMERAS = 8
"""Listed ones, whose pictures the broker keeps while the daemon is away."""
EDGE_MODEL, CLOUD_MODEL = "nanodet-g-320-int8", "nanodet-g-512"

Told = tuple[str, str]
"""A report id and what was decided about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Who counts what is said at each destination."""

    site: Ear
    cloud: Ear

    def at_site(self) -> Counter[Told]:
        """How often each decision on each report was heard at the site."""
        return told(self.site.verdicts())

    def at_cloud(self) -> Counter[Told]:
        """How often each decision that the edge made itself was heard at the cloud."""
        return told(verdict for verdict in self.cloud.verdicts() if verdict.decided_by == "edge")

    def times_at_site(self) -> dict[Told, list[float]]:
        """When each decision on each report was heard at the site."""
        return _times(self.site, {"cloud", "edge"})

    def times_at_cloud(self) -> dict[Told, list[float]]:
        """When each decision that the edge made itself was heard at the cloud."""
        return _times(self.cloud, {"edge"})

    def decided(self) -> set[str]:
        """The reports that the site heard a verdict of the cloud on."""
        return {v.report_id for v in self.site.verdicts() if v.decided_by == "cloud"}

    def pictured(self) -> set[datetime]:
        """When the pictures were taken that reports speak of, by the cameras' word."""
        refs = (ref for report in self.cloud.reports() for ref in report.evidence)
        return {ref.captured_at for ref in refs if ref.captured_at is not None}


def _times(heard: Ear, deciders: set[str]) -> dict[Told, list[float]]:
    times: defaultdict[Told, list[float]] = defaultdict(list)
    for (topic, payload), at_s in zip(heard.heard, heard.heard_at, strict=True):
        answer = answer_of(payload) if topic.endswith("/verdict") else None
        if isinstance(answer, Verdict) and answer.decided_by in deciders:
            times[answer.report_id, answer.decision].append(at_s)
    return dict(times)


def told(verdicts: Iterator[Verdict] | list[Verdict]) -> Counter[Told]:
    return Counter((verdict.report_id, verdict.decision) for verdict in verdicts)


def twice(counts: Counter[Told]) -> dict[Told, int]:
    """What was said more than once."""
    return {what: count for what, count in counts.items() if count > 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Servers that run, and what is started beside them."""

    folder: Path
    root: str
    site: Seat[Broker]
    cloud: Seat[Broker]
    store: Seat[S3]
    port: int = field(default_factory=free_port)

    @property
    def log(self) -> Path:
        """Of the daemon, over all its lives."""
        return self.folder / "edge.log"

    def config(self, **deliver: object) -> dict[str, Any]:
        """The daemon's configuration in this layout; `deliver` changes that section."""
        site, cloud, store = self.site.now, self.cloud.now, self.store.now
        return {
            "gateway": {"id": "gw"},
            "intake": {
                "broker": {"host": site.host, "port": site.port, "reconnect_max_s": 1},
                "topics": [f"{self.root}-cameras/{{camera}}/image"],
            },
            "detect": {"model": EDGE_MODEL, "runtime": "litert"},
            "decide": {"static_objects": {"enabled": False}, "deduplication": {"enabled": False}},
            "camera_defaults": {"kind": "snapshot"},
            "cameras": {f"cam{number}": {"kind": "snapshot"} for number in range(CAMERAS)},
            "deliver": {
                "root": self.root,
                "uplink": {"host": cloud.host, "port": cloud.port, "reconnect_max_s": 1},
                "store": s3_store(store),
                "outbox": {"path": str(self.folder / "outbox")},
                "resend_s": 10,
                "backoff_max_s": 5,
                "deadline_s": 600,
            }
            | deliver,
            "runtime": {"metrics_port": self.port, "stats_s": 1},
        }

    @contextmanager
    def edge(
        self, config: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
    ) -> Iterator[Edge]:
        """The daemon; started again it finds its state, and goes on with the same log."""
        extra = [f"{name}={value}" for name, value in (environ or {}).items()]
        file = str(self.folder / "edge.yaml")
        command = ["env", *extra, sys.executable, "-m", "edge", "run", "--config", file]
        with unready(self.folder, config or self.config(), *command) as daemon:
            yield daemon

    def afresh(self, name: str) -> Layout:
        """The same servers for a daemon without a past, whose folder is `name`."""
        folder = self.folder / name
        folder.mkdir()
        return replace(self, folder=folder, port=free_port())

    @contextmanager
    def workers(self, count: int = 1, store_url: str = "") -> Iterator[list[Serving]]:
        """Workers at the cloud's broker and the store, or what stands before it."""
        folder, store = self.folder / "cloud", self.store.now
        spec = replace(store, endpoint_url=store_url or store.endpoint_url).spec(timeout_s=2.0)
        with workers(folder, self.cloud.now, spec, self.root, count, model=CLOUD_MODEL) as serving:
            yield serving

    @contextmanager
    def ears(self, *, kept: bool = False) -> Iterator[Ears]:
        """An ear at each broker."""
        with (
            ear(self.site.now, self.root, kept=kept) as at_site,
            ear(self.cloud.now, self.root, kept=kept) as at_cloud,
        ):
            yield Ears(site=at_site, cloud=at_cloud)

    def count_raised(self) -> int:
        """How many suspicions the daemon said it raised, in all its lives."""
        return self.log.read_bytes().count(b'"suspicion_raised"') if self.log.exists() else 0

    def topic(self, camera: str) -> str:
        """Where a camera publishes."""
        return f"{self.root}-cameras/{camera}/image"


def s3_store(store: S3, endpoint_url: str = "", timeout_s: float = 5.0) -> dict[str, Any]:
    """The store's section of the configuration; another endpoint may stand before it."""
    return {
        "type": "s3",
        "bucket": store.bucket,
        "endpoint_url": endpoint_url or store.endpoint_url,
        "credentials_file": str(store.credentials_file),
        "timeout_s": timeout_s,
    }


def raised(daemon: Edge) -> set[str]:
    """The suspicions that the daemon said it raised, in all its lives."""
    return {event["report_id"] for event in daemon.events("suspicion_raised")}


def waited(reached: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
    """Whether it is `reached` in time; what announces itself by no event is asked now and then."""
    pause = threading.Event()
    for _ in range(int(patience_s / LOOK_S)):
        if reached():
            return True
        pause.wait(LOOK_S)
    return reached()


def until(reached: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """As `waited`, where nothing can be seen before it is reached."""
    assert waited(reached, patience_s), f"waited {patience_s:g} s in vain: {what}"
