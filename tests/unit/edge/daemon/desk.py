"""An analysis worker for tests, with an outbox on disk and a detector of the test's choice."""

from __future__ import annotations

import threading
from pathlib import Path

from contract.ids import CameraId, GatewayId
from contract.report import ThreatReport
from edge.config.load import Loaded, read
from edge.daemon.analysis import AnalysisContext, AnalysisWorker, WorkerSettings
from edge.daemon.verdict_queue import VerdictQueue
from edge.deliver.evidence import ReportOrigin
from edge.deliver.evidence_requests import EvidenceRequests
from edge.deliver.outbox import Outbox
from edge.intake.admission import admit
from edge.intake.mailbox import Mailbox
from edge.metrics.counters import Counters, Timings
from edge.metrics.funnel import Funnel
from edge.pipeline import Detector, Pipeline
from edge.privacy import privacy_of
from edge.records import Frame, Message
from tests.unit.edge.deliver.site import Site
from tests.unit.edge.scenes import FindsDarkThings

CAMERA = CameraId("yard")
SNAPSHOTS = "camera_defaults: {kind: snapshot}"


def settings(document: str, detector: Detector, model: str = "a") -> WorkerSettings:
    loaded: Loaded = read(document.encode(), {})
    origin = ReportOrigin(
        gateway=GatewayId("gw"),
        model_sha256=model * 64,
        config_version=loaded.version,
        config_sha256=loaded.sha256,
        evidence=loaded.config.deliver.evidence,
        privacy=privacy_of(loaded.config),
    )
    return WorkerSettings(config=loaded.config, detector=detector, origin=origin)


class Desk:
    """An analysis worker at work on frames that the test hands in."""

    def __init__(
        self,
        folder: Path,
        document: str = SNAPSHOTS,
        detector: Detector | None = None,
        mailbox: Mailbox | None = None,
        **outbox: float,
    ) -> None:
        self.site = Site(folder / "outbox", **outbox)
        self.clock = self.site.clock
        self.outbox: Outbox = self.site.open()
        self.mailbox = Mailbox() if mailbox is None else mailbox
        self.counters, self.kept = Counters(), threading.Event()
        self.evidence_requests = EvidenceRequests(self.clock)
        chosen = settings(document, detector or FindsDarkThings())
        self.timings, self.on_trial = Timings(), False
        self.pipeline = Pipeline(chosen.config, chosen.detector, epoch=1)
        self.worker = AnalysisWorker(
            chosen,
            self.mailbox,
            self.pipeline,
            AnalysisContext(
                outbox=self.outbox,
                counters=self.counters,
                timings=self.timings,
                clock=self.clock,
                kept=self.kept,
                evidence_requests=self.evidence_requests,
                verdict_queue=VerdictQueue(),
                on_trial=lambda: self.on_trial,
            ),
        )

    def frame(self, payload: bytes) -> Frame:
        message = Message(
            camera=CAMERA,
            topic="t",
            payload=payload,
            received_at=self.clock.now(),
            received_mono_s=self.clock.mono(),
        )
        intake = read(b"", {}).config.intake
        admitted = admit(message, intake.limits, intake.json_paths)
        assert isinstance(admitted, Frame)
        return admitted

    def look(self, payload: bytes) -> None:
        self.arrive(payload)
        self.worker.step()

    def arrive(self, payload: bytes) -> None:
        self.counters.count(CAMERA, "received")
        self.mailbox.put(self.frame(payload))

    def funnel(self) -> Funnel:
        return self.counters.snapshot()[CAMERA]

    def reports(self) -> list[ThreatReport]:
        """What the outbox holds for delivery, oldest first."""
        reports = []
        while (entry := self.outbox.deliveries.next_due(self.clock.mono())) is not None:
            reports.append(entry.report)
        return reports
