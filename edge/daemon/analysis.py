"""The analysis worker: takes frames from its mailbox along the path, and keeps what they raise.

SHELL. One instance per analysis thread; `step` is called in a loop. A suspicion is in the outbox
before the next frame is looked at. New settings
(configuration, detector) are adopted between frames.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from contract.ids import CameraId
from edge.config.health import Fault
from edge.config.schema import EdgeConfig
from edge.daemon.audit_sender import AuditSender
from edge.daemon.suspicion_store import SuspicionStore
from edge.daemon.verdict_queue import VerdictQueue
from edge.deliver.evidence import ReportBundle, ReportOrigin, extended
from edge.deliver.evidence_requests import GATHER_S, PATIENCE_S, EvidenceRequests, OpenRequest
from edge.deliver.outbox import Outbox
from edge.errors import InferenceError, OutboxError
from edge.intake.admission import stale
from edge.intake.mailbox import Mailbox
from edge.metrics.counters import Counters, Timings
from edge.pipeline import Detector, Pipeline
from edge.records import (
    Analysed,
    Frame,
    Notices,
    Outcome,
    Quiet,
    SuppressedAlarm,
)
from edge.static_objects.records import Memory
from imaging.admission import Reason, Rejected
from service.clock import Clock
from service.events import Event, log

_PATIENCE_S = 0.25
"""How long to wait for a frame; frames that stand alone are decided on this late at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What an analysis worker works by; reports name the `origin` that their frame was looked at
    under."""

    config: EdgeConfig
    detector: Detector
    origin: ReportOrigin


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisContext:
    """What the analysis workers of a gateway share: `kept` is set when the outbox has something
    new; `evidence_requests` and `verdict_queue` come from the cloud; `sync_memory` keeps a camera's
    memory of static objects and brings it news; `raised` gets each new suspicion, `looked` each
    frame, `decided` with what became of it, `raised_alone` the camera of a picture that was
    reported later; `on_trial`: what is in force may yet be taken back, or is being."""

    outbox: Outbox
    counters: Counters
    timings: Timings
    clock: Clock
    kept: threading.Event
    evidence_requests: EvidenceRequests
    verdict_queue: VerdictQueue
    sync_memory: Callable[[CameraId, Memory], Memory] = lambda _, memory: memory
    raised: Callable[[ReportBundle], None] = lambda _: None
    looked: Callable[[Frame], None] = lambda _: None
    decided: Callable[[Frame, Outcome], None] = lambda _, __: None
    raised_alone: Callable[[CameraId], None] = lambda _: None
    on_trial: Callable[[], bool] = lambda: False


class AnalysisWorker:
    """Looks at the frames of its cameras, one after the other."""

    def __init__(
        self,
        settings: WorkerSettings,
        mailbox: Mailbox,
        pipeline: Pipeline,
        context: AnalysisContext,
    ) -> None:
        self._verdict_queue = context.verdict_queue
        self._evidence_requests = context.evidence_requests
        self._mailbox = mailbox
        self._pipeline = pipeline
        self._outbox = context.outbox
        self._counters = context.counters
        self._timings = context.timings
        self._clock = context.clock
        self._kept = context.kept
        self._suspicions = SuspicionStore(
            context.outbox, context.counters, context.kept, context.raised
        )
        self._sync_memory = context.sync_memory
        self._looked, self._decided = context.looked, context.decided
        self._raised_alone, self._on_trial = context.raised_alone, context.on_trial
        self._settings = self._offered = settings
        self._failures = 0
        self._leaving: deque[CameraId] = deque()
        self._tested: set[CameraId] = set()
        self._audit_sender = AuditSender(context.outbox, context.counters.audits)
        pipeline.limit_audits(self._audit_sender.limit)

    def adopt(self, settings: WorkerSettings) -> None:
        """Use these from the next frame on; called by the control loop's thread."""
        self._offered = settings

    def forget(self, camera: CameraId) -> None:
        """Drop what is remembered of a camera that is followed no more; any thread may ask."""
        self._leaving.append(camera)

    @property
    def failing(self) -> str | None:
        """Why the network cannot go on; None while it can, or another stands ready. Any thread may
        ask."""
        if self._replaced or self._failures < self._settings.config.detect.errors_in_a_row:
            return None
        return f"the network failed on {self._failures} frames in a row"

    @property
    def _replaced(self) -> bool:
        return self._offered.detector is not self._settings.detector

    def faults(self, camera: CameraId) -> tuple[Fault, ...]:
        """What is wrong with the pictures of a camera of this worker; any thread may ask."""
        return self._pipeline.faults(camera)

    def notices(self, camera: CameraId) -> Notices:
        """What was found out about a camera of this worker; any thread may ask."""
        return self._pipeline.notices(camera)

    def step(self) -> None:
        """One frame, or a moment of waiting for one."""
        while self._leaving:
            self._pipeline.forget(self._leaving.popleft())
        for result in self._pipeline.flush(self._clock.mono()):
            self._count_suppressed(result.camera, result.suppressed)
            self._suspicions.keep(result.candidates, self._settings.origin)
            self._suspicions.count_duplicates(result.duplicates)
            if result.candidates:
                self._raised_alone(result.camera)
        self._audit(self._clock.mono())
        frame = self._mailbox.take(_PATIENCE_S)
        self._take_up()  # what came into force while we waited holds for this frame
        if frame is not None:
            self._look(frame)
        for request in self._evidence_requests.open():
            self._answer(request)

    def finish(self) -> None:
        """Evaluate now what still waits to stand alone; for the end, when no thread calls
        `step`."""
        config, now = self._settings.config, self._clock.now()
        cameras = (config.camera_defaults, *config.cameras.values())
        longest_s = max(camera.snapshot_after_s for camera in cameras)
        for result in self._pipeline.flush(self._clock.mono() + longest_s):
            self._count_suppressed(result.camera, result.suppressed)
            self._suspicions.count_duplicates(result.duplicates)
            for candidate in result.candidates:
                raised_at = min(candidate.suspicion.raised_at, now)
                suspicion = replace(candidate.suspicion, raised_at=raised_at)
                timely = replace(candidate, suspicion=suspicion)
                self._suspicions.keep((timely,), self._settings.origin)

    def _take_up(self) -> None:
        offered = self._offered
        if offered is not self._settings:
            if self._replaced:
                self._failures = 0  # before the rest, or `failing` tells them of the new one
            self._settings = offered
            self._pipeline.adopt(offered.config, offered.detector)

    def _look(self, frame: Frame) -> None:
        began = self._clock.mono()
        for verdict in self._verdict_queue.take(frame.camera):
            self._pipeline.apply_verdict(frame.camera, verdict.report_id, verdict.decision)
        if self._settings.origin.on_test(frame.camera) != (frame.camera in self._tested):
            self._tested ^= {frame.camera}  # a test hides no alarm that comes after it
            self._pipeline.forget_alarms(frame.camera)
        outcome = self._refusal(frame, began) or self._analyze(frame, began)
        self._count(frame, outcome)
        self._looked(frame)
        self._decided(frame, outcome)
        if isinstance(outcome, Analysed):
            self._suspicions.keep(outcome.candidates, self._settings.origin, frame.held)
            self._suspicions.count_duplicates(outcome.duplicates)
        self._pipeline.update_memory(frame.camera, partial(self._sync_memory, frame.camera))
        if frame.held is not None:
            frame.held.acknowledge()
        done = self._clock.mono()
        self._timings.observe(done - began, done - frame.received_mono_s)

    def _refusal(self, frame: Frame, now: float) -> Rejected | None:
        """Of a picture that ended us again and again, or that waited too long. Of single pictures
        each is an alarm, however late; their queue is bounded."""
        if frame.held is not None and not frame.held.begin():
            return Rejected(
                Reason.UNDECODABLE, "the daemon ended again and again while analysing it"
            )
        config = self._settings.config
        settings = config.of_camera(frame.camera)
        return None if settings.kind == "snapshot" else stale(frame, now, config.intake.limits)

    def _analyze(self, frame: Frame, now: float) -> Outcome:
        try:
            outcome = self._pipeline.analyze(frame, now)
        except InferenceError as error:
            self._failures += 1
            refusal = Rejected(Reason.INFERENCE_FAILED, str(error))
            log(Event.INFERENCE_FAILED, camera=frame.camera, reason=str(error))
            if self._must_end():
                self._count(frame, refusal)
                raise
            return refusal
        self._failures = 0
        return outcome

    def _must_end(self) -> bool:
        """Nobody takes the failing network back. In this order: a trial ends after its network was
        replaced."""
        return not self._on_trial() and self.failing is not None

    def _count(self, frame: Frame, outcome: Outcome) -> None:
        match outcome:
            case Rejected(reason=reason, detail=detail):
                self._counters.reject(frame.camera, reason.value)
                log(Event.FRAME_REJECTED, camera=frame.camera, reason=reason.value, detail=detail)
            case Quiet():
                self._counters.count(frame.camera, "quiet")
            case Analysed(suppressed=suppressed, inferences=inferences):
                self._counters.count(frame.camera, "analysed")
                self._counters.infer(frame.camera, inferences)
                self._count_suppressed(frame.camera, suppressed)

    def _count_suppressed(self, camera: CameraId, suppressed: tuple[SuppressedAlarm, ...]) -> None:
        for one in suppressed:
            self._counters.count_suppressed(camera, one.reason)

    def _audit(self, now: float) -> None:
        rejected = self._pipeline.rejected_segments(now)
        if self._audit_sender.take(rejected, self._settings.config, self._settings.origin, now):
            self._kept.set()

    def _answer(self, request: OpenRequest) -> None:
        """A newer picture of the thing, if there is one; that there is none, if it is gone."""
        pipeline = self._pipeline
        if not pipeline.follows(request.camera):
            return  # another thread's camera
        known, waited_s = pipeline.epoch == request.epoch, self._clock.mono() - request.asked_s
        seen = known and request.track in pipeline.live(request.camera)
        if seen and waited_s < GATHER_S:
            return
        best_frame = pipeline.next_best_frame(request.camera, request.track) if known else None
        if best_frame is None and seen and waited_s < PATIENCE_S:
            return
        self._evidence_requests.close(request)
        entry = self._outbox.find(request.report_id)
        if entry is None or entry.report.requests_left != request.requests_left:
            return  # decided meanwhile, or answered before
        with suppress(OutboxError):  # the entry stays as it was, and is repeated
            self._outbox.extend(extended(entry.report, best_frame, self._settings.origin))
            self._kept.set()
