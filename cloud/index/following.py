"""Follows the broker's reports and verdicts, so that the index has an alarm as soon as it is there.

SHELL. A message is news of something that the store has, or gets first: a report and the edge's
`unconfirmed` are stored here, the cloud's verdict is read from the ledger and never taken from the
message. So nothing stands in the index that the store could not give back, in whatever order and
however often messages come, and a forged verdict changes nothing. While store or database does not
answer, messages wait in order, and what finds no room is left to `Rebuilding`, which also brings in
what came while nobody followed. Called by the console's process.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cloud.broker.connection import link_settings
from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore
from cloud.index.records import AlarmRecord, ReportRecord, UnconfirmedRecord
from cloud.index.summary import AlarmSummary
from cloud.settings import Settings
from contract.agreement import topic_flaw
from contract.cloudevent import MessageError, Untrusted, read_answer, read_report
from contract.ids import ReportId
from contract.signature import Keyring
from contract.topics import every_camera
from contract.verdict import Verdict
from objectstore.store import PermanentStoreError, StoreError
from service.clock import Clock
from service.events import Event, log
from service.link import Link, LinkState, Receipt, Subscription

WAITING = 4096
"""Messages; of 3 kB each some 12 MB."""

FIRST_S, LONGEST_S = 0.5, 10.0
IDLE_S = 1.0


class IndexOutcome(StrEnum):
    """What became of a message; the value is the metric's label `outcome`."""

    REPORT = "report"
    VERDICT = "verdict"
    UNCONFIRMED = "unconfirmed"
    OTHER = "other"
    """A request for evidence, which changes no alarm."""
    MALFORMED = "malformed"
    OTHER_TOPIC = "other_topic"
    UNTRUSTED = "untrusted"
    NOT_STORED = "not_stored"
    """A verdict of the cloud, and the store has none on that report that we trust."""
    REFUSED = "refused"
    """What lies in its place in the store is none of ours, or the store refuses to take it."""
    FAILED = "failed"
    """A defect, or a database that cannot take it: logged, given up."""
    DROPPED = "dropped"
    """Too many waited: left to the next start or `reindex`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedMessage:
    """A message that changes nothing."""

    outcome: IndexOutcome
    detail: str


AlarmListener = Callable[[AlarmSummary], None]


class AlarmReader:
    """One message after another, into the store and the index."""

    def __init__(
        self,
        index: AlarmIndex,
        alarms: AlarmStore,
        keyring: Keyring | None,
        root: str,
        clock: Clock,
        told: AlarmListener = lambda _: None,
    ) -> None:
        """`told` hears each alarm as it is after a message."""
        self._index, self._alarms, self._keyring = index, alarms, keyring
        self._root, self._clock, self._told = root, clock, told

    def take(self, topic: str, payload: bytes) -> IndexOutcome:
        """Raises what store and database raise, when the message has to be taken again."""
        try:
            outcome = self._taken(topic, payload)
        except PermanentStoreError as error:
            outcome = RefusedMessage(outcome=IndexOutcome.REFUSED, detail=str(error))
        if isinstance(outcome, IndexOutcome):
            return outcome
        log(
            Event.INDEX_MESSAGE_REFUSED,
            topic=topic[:256],
            reason=outcome.outcome.value,
            detail=outcome.detail,
        )
        return outcome.outcome

    def _taken(self, topic: str, payload: bytes) -> IndexOutcome | RefusedMessage:
        try:
            if topic.endswith("/suspect"):
                report = read_report(payload)
                flaw = topic_flaw(report, topic, self._root)
                kept = ReportRecord(received_at=self._clock.now(), report=report)
                return _elsewhere(flaw) if flaw else self._keep(report.report_id, kept)
            answer = read_answer(payload)
            flaw = topic_flaw(answer, topic, self._root)
            if flaw is not None:
                return _elsewhere(flaw)
            if not isinstance(answer, Verdict):
                return IndexOutcome.OTHER
            return self._verdict(answer, payload)
        except Untrusted as error:
            return RefusedMessage(outcome=IndexOutcome.UNTRUSTED, detail=str(error))
        except MessageError as error:
            return RefusedMessage(outcome=IndexOutcome.MALFORMED, detail=str(error))

    def _verdict(self, verdict: Verdict, payload: bytes) -> IndexOutcome | RefusedMessage:
        if verdict.decided_by == "edge":
            if verdict.decision != "unconfirmed":
                raise MessageError(f"the edge decides nothing, and says {verdict.decision}")
            kept = UnconfirmedRecord(received_at=self._clock.now(), verdict=verdict)
            return self._keep(verdict.report_id, kept)
        if self._keyring is not None:
            read_answer(payload, self._keyring)
        standing = self._alarms.verdict(verdict.gateway, verdict.report_id)
        if standing is None:
            detail = f"the store has no verdict on {verdict.report_id} that we trust"
            return RefusedMessage(outcome=IndexOutcome.NOT_STORED, detail=detail)
        self._add(verdict.report_id, standing)
        return IndexOutcome.VERDICT

    def _keep(
        self, report_id: ReportId, record: ReportRecord | UnconfirmedRecord
    ) -> IndexOutcome | RefusedMessage:
        kept: ReportRecord | UnconfirmedRecord | None
        if isinstance(record, ReportRecord):
            kept, outcome = self._alarms.keep(record), IndexOutcome.REPORT
        else:
            kept, outcome = self._alarms.keep(record), IndexOutcome.UNCONFIRMED
        if kept is None:
            detail = f"what the store has in the place of {report_id} is none of ours"
            return RefusedMessage(outcome=IndexOutcome.REFUSED, detail=detail)
        self._add(report_id, kept)
        return outcome

    def _add(self, report_id: ReportId, record: AlarmRecord) -> None:
        summary = self._index.add(report_id, [record])
        if summary is not None:
            self._told(summary)


def _elsewhere(flaw: str) -> RefusedMessage:
    return RefusedMessage(outcome=IndexOutcome.OTHER_TOPIC, detail=flaw)


def _may_come_right(error: Exception) -> bool:
    """Unlike values that the database cannot take, which it will not take later either."""
    return not isinstance(error, DataError | IntegrityError | ProgrammingError)


class AlarmFollower:
    """The connection, and a thread that takes what came. `trouble` says what it waits for."""

    def __init__(
        self, settings: Settings, reader: AlarmReader, clock: Clock, registry: CollectorRegistry
    ) -> None:
        self._reader, self._clock = reader, clock
        self._waiting: queue.Queue[tuple[str, bytes, Receipt]] = queue.Queue(WAITING)
        self._stopping = threading.Event()
        self._messages = Counter(
            "stillwatch_cloud_index_messages",
            "Messages that came for the index of alarms, by outcome.",
            ["outcome"],
            registry=registry,
        )
        for outcome in IndexOutcome:
            self._messages.labels(outcome.value)
        self.trouble = ""
        self.broken: Exception | None = None
        root = settings.root
        self._link = Link(
            replace(link_settings(settings, "index"), name="index", manual_ack=True),
            on_fatal=self._ended,
            on_message=self._receive,
            subscriptions=[
                Subscription(filter=every_camera("suspect", root)),
                Subscription(filter=every_camera("verdict", root)),
            ],
            clock=clock,
        )
        self._thread = threading.Thread(target=self._run, name="index", daemon=True)

    def start(self) -> None:
        """Begins to connect and to take; a broker that is not up yet is no error."""
        self._thread.start()
        self._link.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Takes nothing more; what waits is brought in at the next start."""
        self._stopping.set()
        self._link.stop(timeout_s)
        self._thread.join(timeout_s)

    def state(self) -> LinkState:
        """Of the connection."""
        return self._link.state()

    def wait_ready(self, timeout_s: float) -> bool:
        """Until both subscriptions are granted."""
        return self._link.wait_ready(timeout_s)

    def _receive(self, topic: str, payload: bytes, _retained: bool, ack: Receipt) -> None:
        try:
            self._waiting.put_nowait((topic, payload, ack))
        except queue.Full:
            self._count(IndexOutcome.DROPPED)
            ack()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                topic, payload, ack = self._waiting.get(timeout=IDLE_S)
            except queue.Empty:
                continue
            outcome = self._persistently(topic, payload)
            if outcome is not None:
                self._count(outcome)
                ack()

    def _persistently(self, topic: str, payload: bytes) -> IndexOutcome | None:
        """Tried until it is taken; None: asked to stop."""
        pause_s = FIRST_S
        while True:
            try:
                outcome = self._reader.take(topic, payload)
            except (StoreError, DisconnectionError, DBAPIError, PoolTimeout) as error:
                if not _may_come_right(error):
                    return self._given_up(error)
                self.trouble = " ".join(str(error).split())[:400]
                log(Event.INDEX_DELAYED, reason=self.trouble)
            except Exception as error:  # noqa: BLE001, the worker boundary: one message ends not all
                return self._given_up(error)
            else:
                self.trouble = ""
                return outcome
            if self._clock.wait(self._stopping, pause_s):
                return None
            pause_s = min(pause_s * 2, LONGEST_S)

    def _given_up(self, error: Exception) -> IndexOutcome:
        log(Event.WORKER_FAILED, worker="index", error=repr(error)[:2000])
        return IndexOutcome.FAILED

    def _count(self, outcome: IndexOutcome) -> None:
        self._messages.labels(outcome.value).inc()

    def _ended(self, error: Exception) -> None:
        self.broken = error
