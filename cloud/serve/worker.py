"""One report after another: decided once, its verdict stored, published, then acknowledged.

SHELL. `run` is the one thread that owns the model. Laws: a report that was decided before is
answered with the verdict that stands; a message that can never be understood is acknowledged, so
that it does not come back for ever; where the store or the model fails nothing is decided, and the
edge, which keeps the report until it has a verdict, sends it again. Where a failure is nobody's
that we know, the model is shown its known picture: if it sees that as ever, the report is at fault,
and one that fails again is set aside; only a model that fails there too is a broken worker. Put
together by `process`.
"""

from __future__ import annotations

import hashlib
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cloud.confirm.evaluator import ReportEvaluator, Unreadable
from cloud.serve.metrics import ReportOutcome, WorkerMetrics
from cloud.serve.report_queue import QueuedReport, ReportQueue
from cloud.settings import ConfirmWorkerSettings
from cloud.verdicts.entry import on_report
from cloud.verdicts.ledger import Ledger, LedgerError
from contract.agreement import topic_flaw
from contract.cloudevent import MessageError, read_report
from contract.evidence_request import EvidenceRequest
from contract.report import ThreatReport
from contract.verdict import Verdict
from objectstore.store import StoreError, TransientStoreError
from service.clock import Clock
from service.events import Event, log
from service.outcomes import Delivered, NotConnected, PublishOutcome, Refused

IDLE_S = 1.0
LEFT_UNACKNOWLEDGED = (ReportOutcome.INTERRUPTED, ReportOutcome.UNPUBLISHED)
"""The broker may deliver these again; all other outcomes are final for this delivery."""

TRIES = 2
"""Of a report that makes the worker fail though the model works; then it is not tried any more."""

REMEMBERED = 1024
"""Reports that failed; the oldest are forgotten, and tried anew if they still come."""

T = TypeVar("T")


class Interrupted(Exception):
    """The worker is to leave; what it waited for was not reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerContext:
    """What a worker works with. `self_check` raises if the model does not see its known picture.
    `keep_report` stores what was decided on, for the index; it raises nothing."""

    root: str
    queue: ReportQueue
    evaluator: ReportEvaluator
    ledger: Ledger
    publish: Callable[[Verdict], PublishOutcome]
    request_evidence: Callable[[EvidenceRequest], PublishOutcome]
    metrics: WorkerMetrics
    settings: ConfirmWorkerSettings
    clock: Clock
    stopping: threading.Event
    self_check: Callable[[], None]
    keep_report: Callable[[ThreatReport], None] = lambda _: None


class ConfirmWorker:
    """What becomes of each report in the queue."""

    def __init__(self, context: WorkerContext) -> None:
        self._context = context
        self._settings, self._metrics = context.settings, context.metrics
        self._clock, self._stopping = context.clock, context.stopping
        self._failed: dict[bytes, int] = {}
        self._evaluated_count = 0
        self._progress_mono_s = self._clock.mono()
        self.broken: Exception | None = None

    def run(self) -> None:
        """Works until asked to stop, finishing the delivery in hand; sets `broken` if it cannot."""
        failures = 0
        while not self._stopping.is_set():
            self._progress_mono_s = self._clock.mono()
            delivery = self._context.queue.get(IDLE_S)
            if delivery is None:
                continue
            before, error = self._evaluated_count, self._guarded(delivery)
            failures = failures + 1 if error else 0 if self._evaluated_count > before else failures
            if failures >= self._settings.failures_in_a_row:
                self.broken = error
                self._stopping.set()

    def idle_for_s(self) -> float:
        """Seconds since it last got anywhere; large only when something hangs."""
        return self._clock.mono() - self._progress_mono_s

    def handle(self, delivery: QueuedReport) -> ReportOutcome:
        """One delivery from reading to acknowledgement; what it raises nobody foresaw."""
        began = self._clock.mono()
        if self._failed.get(_digest(delivery), 0) >= TRIES:
            outcome = ReportOutcome.SET_ASIDE
        else:
            outcome = self._outcome(delivery)
        self._metrics.count(outcome)
        self._metrics.observe("report", self._clock.mono() - began)
        if outcome not in LEFT_UNACKNOWLEDGED:
            delivery.ack()
        return outcome

    def _guarded(self, delivery: QueuedReport) -> Exception | None:
        """Handles it; what nobody foresaw is logged, counted and given back. The error, if it is
        the worker's own and not the report's."""
        try:
            self.handle(delivery)
        except Exception as error:  # noqa: BLE001, the worker boundary: one report must not end all
            log(Event.WORKER_FAILED, worker="confirm", error=traceback.format_exc(limit=-8))
            self._metrics.count(ReportOutcome.FAILED)
            delivery.ack()
            return None if self._is_at_fault(delivery) else error
        return None

    def _is_at_fault(self, delivery: QueuedReport) -> bool:
        """Whether it was the report that failed: the model still works. Failures are remembered."""
        try:
            self._context.self_check()
        except Exception as error:  # noqa: BLE001, as above: a model may fail in any way
            log(Event.WORKER_FAILED, worker="confirm", error=f"the known picture too: {error}")
            return False
        digest = _digest(delivery)
        failures = self._failed.pop(digest, 0) + 1
        self._failed[digest] = failures
        while len(self._failed) > REMEMBERED:
            del self._failed[next(iter(self._failed))]
        if failures >= TRIES:
            log(Event.REPORT_SET_ASIDE, topic=delivery.topic, failures=failures)
        return True

    def _outcome(self, delivery: QueuedReport) -> ReportOutcome:
        try:
            report = self._read(delivery)
        except MessageError as error:
            log(Event.REPORT_REFUSED, topic=delivery.topic, reason=str(error))
            return ReportOutcome.MALFORMED
        log(Event.REPORT_RECEIVED, camera=report.camera, report_id=report.report_id)
        try:
            decided = self._decided(report)
            self._evaluated_count += 1
            if isinstance(decided, EvidenceRequest):
                return self._requested_evidence(decided)
            outcome = self._published(*decided)
            self._context.keep_report(report)
            return outcome
        except Interrupted:
            return ReportOutcome.INTERRUPTED
        except (StoreError, LedgerError) as error:
            log(Event.CONFIRMATION_FAILED, report_id=report.report_id, reason=str(error))
            return ReportOutcome.FAILED

    def _read(self, delivery: QueuedReport) -> ThreatReport:
        """The report, if it speaks of the very camera on whose topic it came."""
        report = read_report(delivery.payload)
        mismatch = topic_flaw(report, delivery.topic, self._context.root)
        if mismatch is not None:
            raise MessageError(mismatch)
        return report

    def _decided(self, report: ThreatReport) -> tuple[Verdict, ReportOutcome] | EvidenceRequest:
        standing = self._with_retries(lambda: self._context.ledger.find(report))
        if standing is None:
            ours = self._evaluated(report)
            if isinstance(ours, EvidenceRequest):
                return ours
            decided = on_report(ours, report)
            standing = self._with_retries(lambda: self._context.ledger.decide(decided, report))
            if standing == decided:
                self._log_verdict(Event.VERDICT_DECIDED, standing)
                return standing, _outcome_of(standing, ReportOutcome(standing.decision))
        self._log_verdict(Event.VERDICT_REPEATED, standing)
        return standing, _outcome_of(standing, ReportOutcome.REPEATED)

    def _evaluated(self, report: ThreatReport) -> Verdict | EvidenceRequest:
        """Pictures that read wrong are read again first, for a bad read looks like that."""
        for attempt in range(1, self._settings.rereads + 1):
            try:
                return self._with_retries(
                    lambda: self._context.evaluator.evaluate(report, reread=True)
                )
            except Unreadable as error:
                self._metrics.count_retry()
                log(Event.EVIDENCE_UNREADABLE, report_id=report.report_id, reason=str(error))
                self._pause(attempt)
        return self._with_retries(lambda: self._context.evaluator.evaluate(report))

    def _requested_evidence(self, more: EvidenceRequest) -> ReportOutcome:
        """Asks once: nothing was decided, and a report that stays unanswered is sent again."""
        self._context.request_evidence(more)
        log(
            Event.EVIDENCE_REQUESTED,
            camera=more.camera,
            report_id=more.report_id,
            reasons=list(more.reasons),
        )
        return ReportOutcome.EVIDENCE_REQUESTED

    def _published(self, verdict: Verdict, outcome: ReportOutcome) -> ReportOutcome:
        """Publishes until the broker has it or refuses it; tries are bounded."""
        for attempt in range(1, self._settings.attempts + 1):
            published = self._context.publish(verdict)
            if isinstance(published, Delivered | Refused):
                return outcome
            self._pause(attempt)
        log(
            Event.CONFIRMATION_FAILED,
            report_id=verdict.report_id,
            reason=f"unpublished: {published}",
        )
        return ReportOutcome.UNPUBLISHED if isinstance(published, NotConnected) else outcome

    def _with_retries(self, step: Callable[[], T]) -> T:
        """`step`, tried again while the store says that it may come right by itself."""
        for attempt in range(1, self._settings.attempts):
            try:
                return step()
            except TransientStoreError:
                self._metrics.count_retry()
                self._pause(attempt)
        return step()

    def _pause(self, attempt: int) -> None:
        self._progress_mono_s = self._clock.mono()
        pause_s = min(self._settings.retry_first_s * 2 ** (attempt - 1), self._settings.retry_max_s)
        if self._clock.wait(self._stopping, pause_s):
            raise Interrupted

    def _log_verdict(self, event: Event, verdict: Verdict) -> None:
        log(
            event,
            camera=verdict.camera,
            report_id=verdict.report_id,
            decision=verdict.decision,
            reasons=list(verdict.reasons),
            **({"test": True} if verdict.test else {}),
        )


def _outcome_of(verdict: Verdict, outcome: ReportOutcome) -> ReportOutcome:
    """Self-tests are counted apart from what cameras saw."""
    return ReportOutcome.TESTED if verdict.test else outcome


def _digest(delivery: QueuedReport) -> bytes:
    return hashlib.sha256(delivery.payload).digest()
