"""The analysis worker: takes frames from its mailbox along the path, and keeps what they raise.

SHELL. One instance per analysis thread; `step` is called in a loop. A suspicion is in the outbox
before the next frame is looked at. Configuration and detector are adopted between frames.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from edge.config.schema import Config
from edge.deliver.evidence import Origin, pack
from edge.deliver.outbox import Outbox
from edge.errors import InferenceError, OutboxError
from edge.intake.admission import stale
from edge.intake.mailbox import Mailbox
from edge.pipeline import Pipeline, Sees
from edge.records import Analysed, Case, Frame, Outcome, Quiet
from edge.runtime.counters import Counters
from edge.runtime.timings import Timings
from imaging.admission import Reason, Rejected
from service.clock import Clock
from service.events import Event, log

_PATIENCE_S = 0.25
"""How long to wait for a frame; frames that stand alone are judged this late at most."""


class Analyst:
    """Looks at the frames of its cameras, one after the other."""

    def __init__(
        self,
        config: Config,
        mailbox: Mailbox,
        pipeline: Pipeline,
        outbox: Outbox,
        counters: Counters,
        timings: Timings,
        clock: Clock,
        origin: Callable[[], Origin],
        kept: threading.Event,
    ) -> None:
        """`kept` is set when the outbox has something new."""
        self._mailbox = mailbox
        self._pipeline = pipeline
        self._outbox = outbox
        self._counters = counters
        self._timings = timings
        self._clock = clock
        self._origin = origin
        self._kept = kept
        self._config = config
        self._news: tuple[Config, Sees | None] | None = None
        self._failures = 0

    def adopt(self, config: Config, detector: Sees | None = None) -> None:
        """Use these from the next frame on; called by the control loop's thread."""
        self._news = (config, detector)

    def step(self) -> None:
        """One frame, or a moment of waiting for one."""
        news, self._news = self._news, None
        if news is not None:
            self._config = news[0]
            self._pipeline.adopt(*news)
        self._keep(self._pipeline.tick(self._clock.mono()))
        frame = self._mailbox.take(_PATIENCE_S)
        if frame is not None:
            self._look(frame)

    def _look(self, frame: Frame) -> None:
        began = self._clock.mono()
        outcome = stale(frame, began, self._config.intake.limits) or self._analyze(frame, began)
        self._count(frame, outcome)
        if isinstance(outcome, Analysed):
            self._keep(outcome.cases)
        done = self._clock.mono()
        self._timings.observe(done - began, done - frame.received_mono_s)

    def _analyze(self, frame: Frame, now: float) -> Outcome:
        try:
            outcome = self._pipeline.analyze(frame, now)
        except InferenceError as error:
            self._failures += 1
            log(Event.INFERENCE_FAILED, camera=frame.camera, reason=str(error))
            if self._failures >= self._config.detect.errors_in_a_row:
                raise
            return Rejected(Reason.INFERENCE_FAILED, str(error))
        self._failures = 0
        return outcome

    def _count(self, frame: Frame, outcome: Outcome) -> None:
        match outcome:
            case Rejected(reason=reason, detail=detail):
                self._counters.reject(frame.camera, reason.value)
                log(Event.FRAME_REJECTED, camera=frame.camera, reason=reason.value, detail=detail)
            case Quiet():
                self._counters.count(frame.camera, "quiet")
            case Analysed():
                self._counters.count(frame.camera, "analysed")

    def _keep(self, cases: tuple[Case, ...]) -> None:
        for case in cases:
            suspicion = case.suspicion
            self._counters.count(suspicion.camera, "suspicions")
            log(
                Event.SUSPICION_RAISED,
                camera=suspicion.camera,
                report_id=suspicion.report_id,
                label=suspicion.label,
                rule=suspicion.rule,
                reasons=list(suspicion.reasons),
            )
            self._put(case)

    def _put(self, case: Case) -> None:
        try:
            self._outbox.put(pack(case, self._origin()))
            self._kept.set()
        except OutboxError as error:
            suspicion = case.suspicion
            self._counters.count(suspicion.camera, "lost")
            log(
                Event.SUSPICION_LOST,
                camera=suspicion.camera,
                report_id=suspicion.report_id,
                reason=str(error),
            )
