"""Verdicts come home: an entry is closed, people are told, the camera's `threat` switches.

SHELL. Called on the uplink's network thread with what the cloud published, on the courier's thread
with entries whose deadline passed, and by the control loop to end threats. The first verdict of the
cloud closes an entry; `unconfirmed` may be followed by one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from contract.cloudevent import CONTENT_TYPE, MessageError, frame_verdict, read_answer
from contract.ids import CameraId
from contract.more import More
from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.schema import Deliver
from edge.deliver.outbox import Entry, Outbox
from edge.deliver.questions import Questions
from edge.errors import OutboxFull
from edge.runtime.counters import Counters
from service.clock import Clock
from service.events import Event, log
from service.link import Delivered, Pending, Publication

_PUBACK_S = 10.0


class Publishes(Protocol):
    """What takes a message without blocking; see `service.link.Link.publish`."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int = 1,
        retain: bool = False,
        content_type: str | None = None,
    ) -> Pending: ...


class Verdicts:
    """Closes entries and keeps the `threat` topics true."""

    def __init__(
        self,
        outbox: Outbox,
        counters: Counters,
        topics: Topics,
        clock: Clock,
        settings: Callable[[], Deliver],
        site: Publishes,
        cloud: Publishes | None,
        answered: Callable[[Verdict], None] = lambda _: None,
        questions: Questions | None = None,
    ) -> None:
        """`cloud` is None where site and cloud share a broker: said once is enough there.

        `answered` is told each verdict by which the cloud closed an entry; `questions` takes what
        the cloud asks, without it nobody answers.
        """
        self._questions = questions or Questions(clock)
        self._outbox = outbox
        self._counters = counters
        self._topics = topics
        self._clock = clock
        self._settings = settings
        self._site = site
        self._cloud = cloud
        self._answered = answered
        self._lock = threading.Lock()
        self._until_s: dict[CameraId, float] = {}
        self._alarmed: set[CameraId] = set()

    @property
    def alarmed(self) -> tuple[CameraId, ...]:
        """The cameras whose threat was ON in this run, whether or not they send pictures now."""
        with self._lock:
            return tuple(sorted(self._alarmed))

    def on_message(
        self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]
    ) -> None:
        """Take what was published on a `verdict` topic; see `service.link.OnMessage`."""
        if not retained:
            self._read(topic, payload)
        ack()

    def missed(self, entry: Entry) -> None:
        """Call an entry unconfirmed: no answer came before its deadline."""
        report = entry.report
        verdict = Verdict(
            report_id=report.report_id,
            gateway=report.gateway,
            camera=report.camera,
            decision="unconfirmed",
            decided_by="edge",
            decided_at=self._clock.now(),
            label=report.label,
            score=report.scores.top,
            severity=report.severity,
            audit=report.audit,
            reasons=(f"no answer from the cloud within {self._settings().deadline_s:g} s",),
            evidence_key=report.evidence[0].key,
        )
        if self._close(verdict):
            log(Event.VERDICT_MISSED, camera=report.camera, report_id=report.report_id)

    def tell_untold(self, progress: Callable[[], None]) -> None:
        """Publish verdicts that people have not heard; one that no broker takes waits.

        `progress` is called after each.
        """
        for verdict in self._outbox.unpublished():
            links = [self._site] if self._cloud is None else [self._site, self._cloud]
            if verdict.decided_by == "cloud":  # on its own broker the cloud has said it
                links = [] if self._cloud is None else [self._site]
            if not all(self._tell(link, verdict) for link in links):
                return
            self._outbox.mark_published(verdict)
            progress()

    def tick(self) -> None:
        """End the threats whose time is over."""
        now = self._clock.mono()
        with self._lock:
            over = [camera for camera, until_s in self._until_s.items() if until_s <= now]
            for camera in over:
                del self._until_s[camera]
                self._say(camera)
        for camera in over:
            log(Event.THREAT_ENDED, camera=camera)

    def threat(self, camera: CameraId) -> Publication:
        """The retained ON or OFF of a camera as it is now."""
        with self._lock:
            return self._state(camera)

    def _read(self, topic: str, payload: bytes) -> None:
        try:
            verdict = read_answer(payload)
        except MessageError as error:
            log(Event.VERDICT_REFUSED, link="uplink", topic=topic, reason=str(error))
            return
        if verdict.gateway != self._topics.gateway:
            return
        if isinstance(verdict, More):
            self._questions.ask(verdict)
            log(Event.MORE_ASKED, camera=verdict.camera, report_id=verdict.report_id)
            return
        if verdict.decided_by != "cloud":
            return
        try:
            news = self._close(verdict)
        except OutboxFull as error:  # the report is sent again, and the cloud repeats its verdict
            log(Event.VERDICT_REFUSED, link="uplink", topic=topic, reason=str(error))
            return
        if news:
            log(
                Event.VERDICT_RECEIVED,
                camera=verdict.camera,
                report_id=verdict.report_id,
                decision=verdict.decision,
                reasons=list(verdict.reasons),
            )

    def _close(self, verdict: Verdict) -> bool:
        if not self._outbox.close_with(verdict):
            return False
        if verdict.audit:
            self._counters.audits.answer(verdict.decision)
        else:
            self._counters.count(verdict.camera, verdict.decision)
            if verdict.decided_by == "cloud":
                self._answered(verdict)
        alerts = verdict.decision == "confirmed" or (
            verdict.decision == "unconfirmed" and self._settings().alert_unconfirmed
        )
        if alerts and (not verdict.audit or self._settings().audit.alert):
            self._switch_on(verdict.camera)
        return True

    def _switch_on(self, camera: CameraId) -> None:
        with self._lock:
            self._until_s[camera] = self._clock.mono() + self._settings().threat_hold_s
            self._alarmed.add(camera)
            self._say(camera)

    def _say(self, camera: CameraId) -> None:
        """Under the lock, so that what is said last is what is true."""
        message = self._state(camera)
        self._site.publish(message.topic, message.payload, 1, True)

    def _state(self, camera: CameraId) -> Publication:
        topic = self._topics.of_camera(camera, "threat")
        return Publication(topic=topic, payload=b"ON" if camera in self._until_s else b"OFF")

    def _tell(self, link: Publishes, verdict: Verdict) -> bool:
        topic = self._topics.of_camera(verdict.camera, "verdict")
        pending = link.publish(topic, frame_verdict(verdict), 1, False, CONTENT_TYPE)
        return isinstance(pending.wait(_PUBACK_S), Delivered)
