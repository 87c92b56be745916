"""A confirming worker for tests: its pictures, its model and its broker are the test's."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from prometheus_client import CollectorRegistry

from cloud.confirm.evaluator import ReportEvaluator
from cloud.confirm.policy import Policy
from cloud.model.framing import LEAST_PX, framed, unframed
from cloud.serve.metrics import ReportOutcome, WorkerMetrics
from cloud.serve.report_queue import QueuedReport, ReportQueue
from cloud.serve.worker import ConfirmWorker, WorkerContext
from cloud.settings import ConfirmWorkerSettings, EvidenceLimits
from cloud.verdicts.ledger import Ledger
from contract.cloudevent import frame_report
from contract.evidence_request import EvidenceRequest
from contract.report import ThreatReport
from contract.verdict import Verdict
from imaging.detections import Detections, Image
from imaging.manifest import ModelError
from objectstore.open import open_store
from objectstore.store import ObjectStore, Put, TransientStoreError
from service.outcomes import Delivered, PublishOutcome
from tests.fakes import ManualClock
from tests.unit.cloud.reports import a_ref, a_report, saw

PICTURE = cv2.imencode(".jpg", np.full((100, 100, 3), 90, np.uint8))[1].tobytes()
CROP = cv2.imencode(".jpg", np.full((100, 50, 3), 90, np.uint8))[1].tobytes()
WORK = ConfirmWorkerSettings(
    attempts=3, retry_first_s=1, retry_max_s=1.5, max_waiting=8, failures_in_a_row=2
)


class Sight:
    """A model that sees the same in every picture of a width, or fails."""

    sha256 = "a" * 64

    def __init__(self, by_width: dict[int, Detections]) -> None:
        self.by_width = by_width
        self.looked_at: list[int] = []

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self.looked_at += [image.shape[1] for image in images]
        return [self.by_width[image.shape[1]] for image in images]

    def close_ups(self, images: Sequence[Image]) -> list[Detections]:
        laid = [framed(image) for image in images]
        found = self.detect([image for image, _ in laid])
        return [unframed(one, offset) for one, (_, offset) in zip(found, laid, strict=True)]


@dataclass
class Flaky:
    """A directory store whose next `failures` calls do not get through."""

    inner: ObjectStore
    failures: int = 0
    spoiled: int = 0
    """So many reads of a picture bring another last byte."""

    def put_if_absent(self, key: str, body: bytes, content_type: str) -> Put:
        self._fail()
        return self.inner.put_if_absent(key, body, content_type)

    def get(self, key: str, max_bytes: int) -> bytes:
        self._fail()
        body = self.inner.get(key, max_bytes)
        if self.spoiled > 0 and key.startswith("evidence/"):
            self.spoiled -= 1
            return body[:-1] + b"x"
        return body

    def replace(self, key: str, body: bytes, content_type: str) -> None:
        self.inner.replace(key, body, content_type)

    def _fail(self) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise TransientStoreError("503 Slow Down")


@dataclass
class Bench:
    """A worker on a bench: everything around it is seen and set by the test."""

    store: Flaky
    sight: Sight
    answers: list[PublishOutcome] = field(default_factory=list)
    published: list[Verdict] = field(default_factory=list)
    asked: list[EvidenceRequest] = field(default_factory=list)
    acks: int = 0
    clock: ManualClock = field(default_factory=ManualClock)
    stopping: threading.Event = field(default_factory=threading.Event)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        evaluator = ReportEvaluator(
            store=self.store,
            model=self.sight,
            policy=Policy(),
            limits=EvidenceLimits().of_picture(),
            clock=self.clock,
        )
        metrics = WorkerMetrics(self.registry)
        self.queue = ReportQueue(WORK.max_waiting, metrics, self.stopping)
        context = WorkerContext(
            root="stillwatch",
            queue=self.queue,
            evaluator=evaluator,
            ledger=Ledger(self.store),
            publish=self._publish,
            request_evidence=self._request_evidence,
            metrics=metrics,
            settings=WORK,
            clock=self.clock,
            stopping=self.stopping,
            self_check=self._self_check,
        )
        self.worker = ConfirmWorker(context)

    def _self_check(self) -> None:
        """The known picture is one that the model sees as long as it works at all."""
        if not self.sight.by_width:
            raise ModelError("the known picture is not seen")

    def receive(self, *reports: ThreatReport) -> None:
        """And work until all are handled."""
        for report in reports:
            delivery = self.delivery(frame_report(report))
            self.queue.receive(delivery.topic, delivery.payload, False, delivery.ack)
        self.queue.receive("", b"", False, self.stopping.set)
        self.worker.run()

    def _request_evidence(self, more: EvidenceRequest) -> PublishOutcome:
        self.asked.append(more)
        return Delivered()

    def _publish(self, verdict: Verdict) -> PublishOutcome:
        self.published.append(verdict)
        return self.answers.pop(0) if self.answers else Delivered()

    def ack(self) -> None:
        self.acks += 1

    def delivery(self, payload: bytes, topic: str = "stillwatch/yard/gate/suspect") -> QueuedReport:
        return QueuedReport(topic, payload, self.ack)

    def handle(self, report: ThreatReport) -> ReportOutcome:
        return self.worker.handle(self.delivery(frame_report(report)))

    def counted(self, outcome: ReportOutcome) -> float | None:
        return self.registry.get_sample_value(
            "stillwatch_cloud_reports_total", {"outcome": outcome.value}
        )


PERSON = ("person", 0.8, (40.0, 40.0, 60.0, 80.0))
FRAMED = LEAST_PX
"""The width at which the model sees a crop."""
MIDDLE = (10.0 + 167, 5.0 + 142, 40.0 + 167, 95.0 + 142)
"""In the framed picture: the crop's 50 x 100 px lie at 167, 142."""
CLOSE = ("person", 0.6, MIDDLE)


def bench_in(folder: Path, by_width: dict[int, Detections] | None = None) -> Bench:
    store = open_store(f"dir:{folder}")
    for picture in (PICTURE, CROP):
        store.put_if_absent(a_ref(picture).key, picture, "image/jpeg")
    return Bench(
        store=Flaky(store), sight=Sight(by_width or {100: saw(PERSON), FRAMED: saw(CLOSE)})
    )


REPORT = a_report(evidence=(a_ref(PICTURE), a_ref(CROP, "crop")))


CROPS = tuple(
    a_ref(CROP, "crop", at=seconds, region=(0.3, 0.3, 0.7, 0.9)) for seconds in (0.0, 1.0)
)
