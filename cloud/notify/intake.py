"""From the broker's messages to rows of the queue: reports, verdicts, and how gateways are.

SHELL, on the link's network thread; what is found there is planned by `planning`. A message is
acknowledged once what it means is durable. What the disk does not take waits here, bounded, and is
taken up again by `retry`. A verdict counts if the cloud signed it, where keys are configured, or if
it is a gateway's own `unconfirmed`, on the topic of its own camera. Made by `process`.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from cloud.fleet.states import FleetGateway, FleetStates
from cloud.notify.alarm_book import AlarmBook
from cloud.notify.choice import NotifiedSite, site_of
from cloud.notify.planning import NotifyPolicy, end_of, plan
from cloud.notify.queue import QueueError
from cloud.notify.settings import NotifySettings
from contract.agreement import topic_flaw
from contract.cloudevent import MessageError, ReportAnswer, read_answer, read_report
from contract.ids import GatewayId
from contract.report import ThreatReport
from contract.signature import Keyring
from contract.topics import all_gateways, every_camera, parse_camera_topic
from contract.verdict import Verdict
from service.clock import Clock
from service.events import Event, log
from service.link import Receipt, Subscription

MOST_HELD = 1000


class NotifyIntake:
    """Takes messages, and keeps what is known of gateways."""

    def __init__(
        self,
        root: str,
        settings: NotifySettings,
        policy: NotifyPolicy,
        book: AlarmBook,
        keyring: Keyring | None,
        clock: Clock,
    ) -> None:
        self._root, self._settings, self._policy = root, settings, policy
        self._book, self._keyring, self._clock = book, keyring, clock
        self._held: deque[tuple[Callable[[], None], Receipt]] = deque()
        self._lock, self._taking = threading.Lock(), threading.Lock()
        self.states = FleetStates(root)
        self.counts: Counter[str] = Counter()
        self.trouble = ""

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Verdicts and reports with acknowledgement; states are retained."""
        wanted = [every_camera("verdict", self._root), every_camera("suspect", self._root)]
        states = [all_gateways(leaf, self._root) for leaf in ("status", "info", "health", "stats")]
        states += [every_camera("status", self._root), every_camera("health", self._root)]
        needed = [Subscription(filter=one) for one in wanted]
        return (*needed, *(Subscription(filter=one, qos=0, optional=True) for one in states))

    def receive(self, topic: str, payload: bytes, _retained: bool, ack: Receipt) -> None:
        """One message, on the network thread."""
        place = parse_camera_topic(topic, self._root)
        leaf = place.leaf if place else ""
        try:
            match leaf:
                case "verdict":
                    answer = self._verdict(topic, payload)
                    if isinstance(answer, Verdict):
                        return self._take(lambda: self.take_verdict(answer), ack)
                case "suspect":
                    report = self._report(topic, payload)
                    return self._take(lambda: self._book.keep_report(report), ack)
                case _:
                    with self._lock:
                        self.states.take(topic, payload, self._clock.mono())
        except MessageError as error:
            self.counts["refused"] += 1
            log(Event.VERDICT_REFUSED, topic=topic, reason=str(error))
        ack()
        return None

    def take_verdict(self, verdict: Verdict) -> None:
        """Plans what is to be told of it; raises `QueueError`."""
        if verdict.audit and not verdict.test:
            self.counts["audit"] += 1
            return
        history = self._book.history(verdict.report_id)
        event = history.event if history else self._event(verdict)
        report = self._book.report(verdict.report_id)
        site = self.site(verdict.gateway)
        made = plan(verdict, report, history, site, event, self._policy, self._clock.now())
        if made.turn not in ("same", "late"):
            self._book.record(made)
        self.counts[made.turn] += 1
        if made.planned:
            names = sorted({row.destination for row in made.planned})
            log(
                Event.NOTICE_PLANNED,
                report_id=verdict.report_id,
                camera=verdict.camera,
                decision=verdict.decision,
                destinations=names,
            )

    def end_events(self) -> None:
        """Tells of events that are over; raises `QueueError`."""
        now = self._clock.now()
        for notice, told in self._book.events_over(self._settings.event_gap_s):
            self._book.close_event(notice.event, end_of(notice, told, self._policy, now))

    def retry(self) -> None:
        """Takes up, in order, what the disk did not take."""
        while True:
            with self._taking:
                if not self._held:
                    self.trouble = ""
                    return
                if not self._done(*self._held[0]):
                    return
                self._held.popleft()

    def _take(self, work: Callable[[], None], ack: Receipt) -> None:
        """Acknowledges what could be recorded; the rest waits, and beyond a bound the broker
        keeps it until the next connection."""
        with self._taking:
            waits = bool(self._held) or not self._done(work, ack)
            if waits and len(self._held) < MOST_HELD:
                self._held.append((work, ack))

    def _done(self, work: Callable[[], None], ack: Receipt) -> bool:
        try:
            work()
        except QueueError as error:
            self.trouble = str(error)
            log(Event.NOTIFY_QUEUE_FAILED, reason=str(error))
            return False
        ack()
        return True

    def _verdict(self, topic: str, payload: bytes) -> ReportAnswer:
        """Raises `MessageError`."""
        try:
            answer = read_answer(payload, self._keyring)
        except MessageError:
            answer = read_answer(payload)
            if not isinstance(answer, Verdict) or answer.decided_by != "edge":
                raise
        flaw = topic_flaw(answer, topic, self._root)
        by_edge = isinstance(answer, Verdict) and answer.decided_by == "edge"
        if by_edge and isinstance(answer, Verdict) and answer.decision != "unconfirmed":
            flaw = f"a gateway says {answer.decision}, which only the cloud decides"
        if flaw is not None:
            raise MessageError(flaw)
        return answer

    def _report(self, topic: str, payload: bytes) -> ThreatReport:
        """Raises `MessageError`."""
        report = read_report(payload)
        flaw = topic_flaw(report, topic, self._root)
        if flaw is not None:
            raise MessageError(flaw)
        return report

    def _event(self, verdict: Verdict) -> str:
        """The event that it goes on with, or a new one."""
        gap_s = self._settings.event_gap_s
        found = self._book.event_of(verdict.gateway, verdict.camera, gap_s)
        return found or verdict.report_id

    @contextmanager
    def known(self) -> Iterator[Mapping[GatewayId, FleetGateway]]:
        """What gateways say of themselves, held still."""
        with self._lock:
            yield self.states.gateways

    def site(self, gateway: GatewayId) -> NotifiedSite:
        """Where it stands."""
        with self._lock:
            known = self.states.gateways.get(gateway)
            groups = known.info.get("groups") if known else None
        listed = [str(one) for one in groups] if isinstance(groups, list) else []
        return site_of(gateway, listed, self._settings.sites)
