"""Real cloud workers as processes, and a gateway that reports to them, for integration tests."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import yaml

from contract.cloudevent import CONTENT_TYPE, frame_report, read_verdict
from contract.ids import CameraId, GatewayId, ReportId, report_id
from contract.keys import evidence_key
from contract.report import EvidenceRef, RelativeBox, ThreatReport
from contract.topics import Topics
from contract.verdict import Verdict
from objectstore.store import ObjectStore
from service.clock import SystemClock
from service.link import Link, LinkSettings, Subscription
from service.outcomes import Delivered, Pending
from tests.processes import child, fetch, free_port, until
from tests.servers import Broker
from tests.unit.cloud.reports import NOON, a_report

CHECKOUT = Path(__file__).resolve().parents[2]
STREET = CHECKOUT / "models" / "self_test" / "street-030.jpg"
WIDTH, HEIGHT = 768, 576
WALKER: RelativeBox = (627 / WIDTH, 251 / HEIGHT, 667 / WIDTH, 352 / HEIGHT)
PAVEMENT: RelativeBox = (10 / WIDTH, 430 / HEIGHT, 60 / WIDTH, 560 / HEIGHT)
GATEWAY, CAMERA = GatewayId("yard"), CameraId("gate")
PATIENCE_S = 150.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A worker process and where its numbers are."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of `/metrics` or `/healthz`; 0 while nobody answers."""
        return fetch(self.port, path)

    def counted(self, outcome: str) -> int:
        """Deliveries that ended so, in this worker."""
        pattern = rf'stillwatch_cloud_reports_total{{outcome="{outcome}"}} ([0-9.]+)'
        found = re.search(pattern, self.get("/metrics")[1])
        return int(float(found[1])) if found else 0

    def subscribed(self) -> bool:
        return "link_subscribed" in self.log.read_text(errors="replace")


@contextmanager
def workers(
    folder: Path,
    broker: Broker,
    store: str,
    root: str,
    count: int,
    policy: Mapping[str, float] | None = None,
    model: str | None = None,
    settings: Mapping[str, object] | None = None,
) -> Iterator[list[Serving]]:
    """`count` workers that have loaded the model and hold their subscription."""
    folder.mkdir(exist_ok=True)
    words = arguments(folder, broker, store, root, policy, settings)
    command = [sys.executable, "-m", "cloud", *words]
    command += ["--model", model] if model else []
    with _each(folder, command, count) as serving:
        for one in serving:
            until(one.subscribed, one.process, one.log)
        yield serving


def arguments(
    folder: Path,
    broker: Broker,
    store: str,
    root: str,
    policy: Mapping[str, float] | None,
    settings: Mapping[str, object] | None = None,
) -> list[str]:
    """What `python -m cloud` is told, with a settings file in `folder`."""
    file = folder / "settings.yaml"
    file.write_text(yaml.safe_dump({"policy": dict(policy or {}), **(settings or {})}))
    words = ["serve", "--root", root, "--store", store, "--settings", str(file)]
    return [*words, "--broker", f"mqtt://{broker.host}:{broker.port}"]


@contextmanager
def _each(folder: Path, command: list[str], count: int) -> Iterator[list[Serving]]:
    if count == 0:
        yield []
        return
    port, log = free_port(), folder / f"worker-{count}.log"
    run = [*command, "--metrics-port", str(port)]
    environment_path = ["env", f"PYTHONPATH={CHECKOUT}"]
    with child([*environment_path, *run], log, patience_s=30.0) as process:
        mine = Serving(process=process, port=port, log=log)
        with _each(folder, command, count - 1) as others:
            yield [*others, mine]


@dataclass
class Gateway:
    """What a gateway does: stores evidence, sends reports, hears verdicts."""

    store: ObjectStore
    root: str
    broker: Broker
    heard: dict[ReportId, list[Verdict]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.topics = Topics(gateway=GATEWAY, root=self.root)
        self._news = threading.Condition()
        self.link = Link(
            LinkSettings(
                name="gateway",
                host=self.broker.host,
                port=self.broker.port,
                client_id=f"gateway-{self.root}",
            ),
            on_fatal=self._fatal,
            on_message=self._hear,
            subscriptions=(Subscription(filter=self.topics.all_cameras("verdict")),),
            clock=SystemClock(),
        )
        self.link.start()
        assert self.link.wait_ready(PATIENCE_S)

    def keep(self, picture: bytes, *, stored: bytes | None = None) -> EvidenceRef:
        """Evidence of `picture`; `stored` other bytes lie under its key, none if empty."""
        sha256 = hashlib.sha256(picture).hexdigest()
        key = evidence_key(GATEWAY, CAMERA, NOON, sha256)
        body = picture if stored is None else stored
        if body:
            self.store.put_if_absent(key, body, "image/jpeg")
        return EvidenceRef(
            role="best", key=key, sha256=sha256, bytes=len(picture),
            width=WIDTH, height=HEIGHT, received_at=NOON,
        )  # fmt: skip

    def suspect(self, track: int, box: RelativeBox, ref: EvidenceRef) -> ThreatReport:
        named = report_id(GATEWAY, CAMERA, 1, track, 0)
        report = a_report(box=box, evidence=(ref,))
        return report.model_copy(update={"report_id": named})

    def send(self, reports: Sequence[ThreatReport]) -> None:
        """Every report taken by the broker."""
        pending = [self._publish(frame_report(report)) for report in reports]
        assert all(isinstance(one.wait(PATIENCE_S), Delivered) for one in pending)

    def send_raw(self, payload: bytes) -> None:
        assert isinstance(self._publish(payload).wait(PATIENCE_S), Delivered)

    def answered(self, reports: Sequence[ThreatReport], times: int = 1) -> bool:
        """Waits until each report was answered so often; False if that takes too long."""
        return self._until(
            lambda: all(len(self.heard[report.report_id]) >= times for report in reports)
        )

    def hears(self, count: int) -> bool:
        """Waits until so many verdicts came altogether."""
        return self._until(lambda: sum(map(len, self.heard.values())) >= count)

    def decisions(self, reports: Sequence[ThreatReport]) -> list[str]:
        """What was decided on each report; fails if it was told differently twice."""
        told = [set(self.heard[report.report_id]) for report in reports]
        assert all(len(verdicts) == 1 for verdicts in told), told
        return [verdicts.pop().decision for verdicts in told]

    def _publish(self, payload: bytes) -> Pending:
        topic = self.topics.of_camera(CAMERA, "suspect")
        return self.link.publish(topic, payload, content_type=CONTENT_TYPE)

    def _until(self, reached: Callable[[], bool]) -> bool:
        with self._news:
            return self._news.wait_for(reached, PATIENCE_S)

    def _hear(self, _topic: str, payload: bytes, _retained: bool, ack: Callable[[], None]) -> None:
        verdict = read_verdict(payload)
        with self._news:
            self.heard[verdict.report_id].append(verdict)
            self._news.notify_all()
        ack()

    def _fatal(self, error: Exception) -> None:
        raise AssertionError("the gateway's link failed") from error


def streets(count: int) -> list[bytes]:
    """Pictures of the same street with walkers, each with bytes of its own."""
    street = cv2.imread(str(STREET))
    pictures = []
    for number in range(count):
        street[0, 0] = number
        pictures.append(
            cv2.imencode(".jpg", street, [cv2.IMWRITE_JPEG_QUALITY, 90 + number % 9])[1]
        )
    return [picture.tobytes() for picture in pictures]
