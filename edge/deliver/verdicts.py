"""Verdicts come home: an entry is closed, its destinations are to be notified, its threat is on.

SHELL. Called on the uplink's network thread with what the cloud published, and on the control loop
with entries whose deadline passed. The first verdict of the cloud closes an entry; `unconfirmed`
may be followed by one. Who is to be notified is recorded with the verdict; notifying is the
`notifier`s'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from contract.evidence_request import EvidenceRequest
from contract.operator_outcome import OperatorOutcome
from contract.report import ThreatReport
from contract.verdict import Verdict
from edge.deliver.context import DeliveryContext
from edge.deliver.destinations import Destination
from edge.deliver.evidence import ReportBundle
from edge.deliver.evidence_requests import EvidenceRequests
from edge.deliver.lag import Lag, said_age
from edge.deliver.outbox import OutboxEntry
from edge.deliver.threats import Threats
from edge.deliver.trust import RefusedAnswer, Trust
from edge.errors import OutboxError
from edge.metrics.counters import Counters
from service.events import Event, log

MISSED_AT_ONCE = 20
"""Deadlines that are called within one turn of the control loop: each is a write to the disk."""


def _nothing(_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictListeners:
    """`evidence_requests` takes what the cloud asks; `answered` gets each verdict by which the
    cloud closed an entry, `marked` what a person said of an alarm; `wake` is called when there is
    something to notify of, `doubt` with the keys of pictures that the cloud cannot read."""

    evidence_requests: EvidenceRequests
    answered: Callable[[Verdict], None] = _nothing
    marked: Callable[[OperatorOutcome], None] = _nothing
    wake: Callable[[], None] = lambda: None
    doubt: Callable[[Iterable[str]], None] = _nothing


class Verdicts:
    """Closes entries, and says who hears of it."""

    def __init__(
        self,
        context: DeliveryContext,
        counters: Counters,
        trust: Trust,
        threats: Threats,
        destinations: Sequence[Destination],
        listeners: VerdictListeners,
    ) -> None:
        """`trust` says what to believe of what comes on topics of ours."""
        self._trace = context.trace
        self._outbox = context.outbox
        self._counters = counters
        self._clock = context.clock
        self._settings = context.settings
        self._trust = trust
        self._threats = threats
        self._destinations = destinations
        self._listeners = listeners
        self.lag = Lag()

    def on_message(
        self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]
    ) -> None:
        """Take what was published on a `verdict` topic; see `service.link.OnMessage`."""
        if not retained:
            self._read(topic, payload)
        ack()

    def tick(self) -> None:
        """Call unconfirmed what had no answer before its deadline."""
        try:
            deadline_s = self._settings().deadline_s
            for entry in self._outbox.overdue(deadline_s, MISSED_AT_ONCE):
                self._missed(entry)
        except OutboxError as error:  # tried again with the next turn
            log(Event.DELIVERY_FAILED, reason=str(error))

    def _missed(self, entry: OutboxEntry) -> None:
        """Call an entry unconfirmed: no answer came before its deadline."""
        report = entry.report
        verdict = Verdict(
            report_id=report.report_id,
            gateway=report.gateway,
            camera=report.camera,
            decision="unconfirmed",
            decided_by="edge",
            decided_at=self._clock.now(),
            clocksync=self._outbox.synchronised(),
            label=report.label,
            score=report.scores.top,
            severity=report.severity,
            profile=report.profile,
            audit=report.audit,
            reasons=(f"no answer from the cloud within {self._settings().deadline_s:g} s",),
            evidence_key=report.evidence[0].key,
            age_s=said_age(self._outbox.age_s(report.report_id)),
        )
        if self._close(verdict):
            log(Event.VERDICT_MISSED, camera=report.camera, report_id=report.report_id)

    def _read(self, topic: str, payload: bytes) -> None:
        try:
            answer = self._trust.read(topic, payload)
            if isinstance(answer, Verdict):
                self._take(answer)
            elif isinstance(answer, EvidenceRequest):
                self._answer(answer)
            elif isinstance(answer, OperatorOutcome):
                self._hear(answer)
        except OutboxError as error:  # the report is sent again, and the cloud repeats its verdict
            log(Event.VERDICT_REFUSED, link="uplink", topic=topic, reason=str(error))
            return
        if isinstance(answer, RefusedAnswer):
            self._counters.refusals.count(answer.reason)
            log(Event.VERDICT_REFUSED, link="uplink", topic=topic, reason=answer.detail)

    def _take(self, verdict: Verdict) -> None:
        if self._close(verdict):
            self.lag.note(self._outbox.age_s(verdict.report_id))
            log(
                Event.VERDICT_RECEIVED,
                camera=verdict.camera,
                report_id=verdict.report_id,
                decision=verdict.decision,
                reasons=list(verdict.reasons),
            )

    def _hear(self, outcome: OperatorOutcome) -> None:
        self._listeners.marked(outcome)
        log(
            Event.OUTCOME_RECEIVED,
            camera=outcome.camera,
            report_id=outcome.report_id,
            outcome=outcome.outcome,
        )

    def _answer(self, request: EvidenceRequest) -> None:
        if request.unreadable:
            self._store_again(request)
        else:
            self._listeners.evidence_requests.ask(request)
            log(Event.EVIDENCE_REQUESTED, camera=request.camera, report_id=request.report_id)

    def _store_again(self, request: EvidenceRequest) -> None:
        """The cloud cannot read pictures of a report: they are delivered anew, as we have them."""
        entry = self._outbox.find(request.report_id)
        if entry is None or not 0 < entry.report.restores_left == request.restores_left:
            return  # decided meanwhile, or asked before
        left = {"restores_left": entry.report.restores_left - 1}
        self._listeners.doubt(request.unreadable)
        report = entry.report.model_copy(update=left)
        if self._outbox.extend(ReportBundle(report=report, pictures=())):
            self._listeners.wake()
            log(
                Event.EVIDENCE_DOUBTED,
                camera=entry.camera,
                report_id=entry.report_id,
                reasons=list(request.reasons),
            )

    def _close(self, verdict: Verdict) -> bool:
        entry = self._outbox.find(verdict.report_id)
        if entry is None:
            return False
        verdict = _as_marked(verdict, entry.report)
        alerts = self._alerts(verdict)
        to = [one.name for one in self._destinations if one.wants(verdict)]
        until = self._threats.end_at() if alerts else None
        if not self._outbox.close_with(verdict, to, until):
            return False
        if alerts:
            self._threats.turn_on(verdict.camera)
        self._trace.decided(verdict, to)
        self._listeners.wake()
        self._count(verdict, entry.report)
        return True

    def _count(self, verdict: Verdict, report: ThreatReport) -> None:
        """In the funnel or among the audits, and in what is known of static objects; a self-test
        is nobody's."""
        if verdict.test:
            return
        if verdict.audit:
            self._counters.audits.answer(verdict.report_id, verdict.decision, report.sample)
        else:
            self._counters.count(verdict.camera, verdict.decision)
            if verdict.decided_by == "cloud":
                self._listeners.answered(verdict)

    def _alerts(self, verdict: Verdict) -> bool:
        """What could not be decided counts as what was not: by `alert_unconfirmed`."""
        if verdict.test:
            return False
        settings = self._settings()
        open_ = verdict.decision in {"unconfirmed", "inconclusive"} and settings.alert_unconfirmed
        return (verdict.decision == "confirmed" or open_) and (
            not verdict.audit or settings.audit.alert
        )


def _as_marked(verdict: Verdict, report: ThreatReport) -> Verdict:
    """Marked as its report is: a worker that does not know self-tests leaves their mark away, and
    no mark on a suspicion's verdict may keep an alarm from anybody."""
    severity = 0 if report.test else verdict.severity
    marks = {"test": report.test, "audit": report.audit, "severity": severity}
    return verdict.model_copy(update=marks)
