"""One report after another: judged once, its verdict stored, told, and only then acknowledged.

SHELL. `run` is the one thread that owns the model. Laws: a report that was decided before is
answered with the verdict that stands; a message that can never be understood is acknowledged, so
that it does not come back for ever; where the store or the model fails nothing is decided, and the
edge, which keeps the report until it has a verdict, sends it again. Where a failure is nobody's
that we know, the model is shown its known picture: if it sees that as ever, the report is at fault,
and one that fails again is set aside; only a model that fails there too is a broken worker. Put
together by `serve`.
"""

from __future__ import annotations

import hashlib
import threading
import traceback
from collections.abc import Callable
from typing import TypeVar

from cloud.entry import on_report
from cloud.inbox import Delivery, Inbox
from cloud.judge import Judge, Unreadable
from cloud.ledger import Ledger, LedgerError
from cloud.settings import Work
from cloud.tally import Ending, Tally
from contract.agreement import topic_flaw
from contract.cloudevent import MessageError, read_report
from contract.more import More
from contract.report import ThreatReport
from contract.verdict import Verdict
from objectstore.store import StoreError, TransientStoreError
from service.clock import Clock
from service.events import Event, log
from service.link import Delivered, NotConnected, Outcome, Refused

IDLE_S = 1.0
LEFT_UNACKNOWLEDGED = (Ending.INTERRUPTED, Ending.UNTOLD)
"""The broker may deliver these again; all other endings are final for this delivery."""

TRIES = 2
"""Of a report that makes the worker fail though the model works; then it is not tried any more."""

REMEMBERED = 1024
"""Reports that failed; the oldest are forgotten, and tried anew if they still come."""

T = TypeVar("T")


class Interrupted(Exception):
    """The worker is to leave; what it waited for was not reached."""


class Worker:
    """What becomes of each delivery in the inbox."""

    def __init__(
        self,
        *,
        root: str,
        inbox: Inbox,
        judge: Judge,
        ledger: Ledger,
        tell: Callable[[Verdict], Outcome],
        ask: Callable[[More], Outcome],
        tally: Tally,
        work: Work,
        clock: Clock,
        stopping: threading.Event,
        prove: Callable[[], None],
    ) -> None:
        """`prove` raises if the model does not see its known picture."""
        self._prove = prove
        self._failed: dict[bytes, int] = {}
        self._judged = 0
        self._root = root
        self._inbox = inbox
        self._judge = judge
        self._ledger = ledger
        self._tell = tell
        self._ask = ask
        self._tally = tally
        self._work = work
        self._clock = clock
        self._stopping = stopping
        self._progress_mono_s = clock.mono()
        self.broken: Exception | None = None

    def run(self) -> None:
        """Works until told to stop, finishing the delivery in hand; sets `broken` if it cannot."""
        failures = 0
        while not self._stopping.is_set():
            self._progress_mono_s = self._clock.mono()
            delivery = self._inbox.take(IDLE_S)
            if delivery is None:
                continue
            before, error = self._judged, self._guarded(delivery)
            failures = failures + 1 if error else 0 if self._judged > before else failures
            if failures >= self._work.failures_in_a_row:
                self.broken = error
                self._stopping.set()

    def idle_for_s(self) -> float:
        """Seconds since it last got anywhere; large only when something hangs."""
        return self._clock.mono() - self._progress_mono_s

    def handle(self, delivery: Delivery) -> Ending:
        """One delivery from reading to acknowledgement; what it raises nobody foresaw."""
        began = self._clock.mono()
        if self._failed.get(_digest(delivery), 0) >= TRIES:
            ending = Ending.SET_ASIDE
        else:
            ending = self._ending(delivery)
        self._tally.ended(ending)
        self._tally.took("report", self._clock.mono() - began)
        if ending not in LEFT_UNACKNOWLEDGED:
            delivery.ack()
        return ending

    def _guarded(self, delivery: Delivery) -> Exception | None:
        """Handles it; what nobody foresaw is told, counted and given back. The error, if it is the
        worker's own and not the report's."""
        try:
            self.handle(delivery)
        except Exception as error:  # noqa: BLE001, the worker boundary: one report must not end all
            log(Event.WORKER_FAILED, worker="confirm", error=traceback.format_exc(limit=-8))
            self._tally.ended(Ending.FAILED)
            delivery.ack()
            return None if self._is_at_fault(delivery) else error
        return None

    def _is_at_fault(self, delivery: Delivery) -> bool:
        """Whether it was the report that failed: the model still works. Failures are remembered."""
        try:
            self._prove()
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

    def _ending(self, delivery: Delivery) -> Ending:
        try:
            report = self._read(delivery)
        except MessageError as error:
            log(Event.REPORT_REFUSED, topic=delivery.topic, reason=str(error))
            return Ending.MALFORMED
        log(Event.REPORT_RECEIVED, camera=report.camera, report_id=report.report_id)
        try:
            settled = self._settled(report)
            self._judged += 1
            if isinstance(settled, More):
                return self._asked(settled)
            return self._told(*settled)
        except Interrupted:
            return Ending.INTERRUPTED
        except (StoreError, LedgerError) as error:
            log(Event.CONFIRMATION_FAILED, report_id=report.report_id, reason=str(error))
            return Ending.FAILED

    def _read(self, delivery: Delivery) -> ThreatReport:
        """The report, if it speaks of the very camera on whose topic it came."""
        report = read_report(delivery.payload)
        flaw = topic_flaw(report, delivery.topic, self._root)
        if flaw is not None:
            raise MessageError(flaw)
        return report

    def _settled(self, report: ThreatReport) -> tuple[Verdict, Ending] | More:
        standing = self._patiently(lambda: self._ledger.find(report))
        if standing is None:
            ours = self._considered(report)
            if isinstance(ours, More):
                return ours
            decided = on_report(ours, report)
            standing = self._patiently(lambda: self._ledger.decide(decided, report))
            if standing == decided:
                self._say(Event.VERDICT_DECIDED, standing)
                return standing, _ending_of(standing, Ending(standing.decision))
        self._say(Event.VERDICT_REPEATED, standing)
        return standing, _ending_of(standing, Ending.REPEATED)

    def _considered(self, report: ThreatReport) -> Verdict | More:
        """Judged; pictures that read wrong are read again first, for a bad read looks like that."""
        for attempt in range(1, self._work.rereads + 1):
            try:
                return self._patiently(lambda: self._judge.consider(report, patient=True))
            except Unreadable as error:
                self._tally.retried()
                log(Event.EVIDENCE_UNREADABLE, report_id=report.report_id, reason=str(error))
                self._pause(attempt)
        return self._patiently(lambda: self._judge.consider(report))

    def _asked(self, more: More) -> Ending:
        """Asks once: nothing was decided, and a report that stays unanswered is sent again."""
        self._ask(more)
        log(
            Event.MORE_ASKED,
            camera=more.camera,
            report_id=more.report_id,
            reasons=list(more.reasons),
        )
        return Ending.ASKED

    def _told(self, verdict: Verdict, ending: Ending) -> Ending:
        """Publishes until the broker has it or refuses it; tries are bounded."""
        for attempt in range(1, self._work.attempts + 1):
            outcome = self._tell(verdict)
            if isinstance(outcome, Delivered | Refused):
                return ending
            self._pause(attempt)
        log(Event.CONFIRMATION_FAILED, report_id=verdict.report_id, reason=f"untold: {outcome}")
        return Ending.UNTOLD if isinstance(outcome, NotConnected) else ending

    def _patiently(self, step: Callable[[], T]) -> T:
        """`step`, tried again while the store says that it may come right by itself."""
        for attempt in range(1, self._work.attempts):
            try:
                return step()
            except TransientStoreError:
                self._tally.retried()
                self._pause(attempt)
        return step()

    def _pause(self, attempt: int) -> None:
        self._progress_mono_s = self._clock.mono()
        pause_s = min(self._work.retry_first_s * 2 ** (attempt - 1), self._work.retry_max_s)
        if self._clock.wait(self._stopping, pause_s):
            raise Interrupted

    def _say(self, event: Event, verdict: Verdict) -> None:
        log(
            event,
            camera=verdict.camera,
            report_id=verdict.report_id,
            decision=verdict.decision,
            reasons=list(verdict.reasons),
            **({"test": True} if verdict.test else {}),
        )


def _ending_of(verdict: Verdict, ending: Ending) -> Ending:
    """Self-tests are counted apart from what cameras saw."""
    return Ending.TESTED if verdict.test else ending


def _digest(delivery: Delivery) -> bytes:
    return hashlib.sha256(delivery.payload).digest()
