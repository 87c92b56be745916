"""The courier: takes entries from the outbox to the cloud, evidence first, then the report.

SHELL. One thread. Whatever fails is tried again after a back-off: while store or broker are away
one entry probes for all, and besides it only what was just raised is tried, once. What can never
succeed is buried, loudly. An entry whose verdict does not come is sent again after `resend_s`, and
then less and less often. Every step may be repeated: evidence is content-addressed, a report has
one id, and goes out under the gateway's id that it was raised with, whatever that is today.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from contract.cloudevent import CONTENT_TYPE, frame_report
from contract.ids import ReportId
from contract.report import ThreatReport
from contract.topics import Topics
from edge.deliver.audience import Audience
from edge.deliver.context import DeliveryContext
from edge.deliver.destinations import Publishes
from edge.deliver.evidence import EvidencePicture
from edge.deliver.lag import said_age
from edge.deliver.outbox import OutboxEntry
from edge.deliver.store_probe import StoreProbe
from edge.deliver.trace import Hop
from edge.errors import OutboxError
from objectstore.store import NotFound, ObjectStore, PermanentStoreError, StoreError, TooLarge
from service.backoff import delay_s, repeat_s
from service.events import Event, log
from service.outcomes import LOST_S, PUBACK_S, Delivered, NotConnected, Pending, Refused, TimedOut

OUTAGE = 3
"""Failures in a row that are taken for an outage, and not for something wrong with an entry."""

_JPEG = "image/jpeg"

KEYS_REMEMBERED = 256
"""Pictures known to be stored: those of some minutes of a busy site. Far younger than any lifecycle
rule of a store would remove."""


@dataclass(frozen=True, slots=True)
class _ReportUnderWay:
    """A report that was handed to the connection, and when."""

    pending: Pending
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEndpoint:
    """Where entries go: pictures into the `store`, reports over the `uplink` below the topic
    `root`. `audience` hears what the broker says of who subscribes; `probe` asks whether the store
    works."""

    store: ObjectStore
    uplink: Publishes
    root: str
    audience: Audience | None = None
    probe: StoreProbe | None = None


class Courier:
    """Carries one entry at a time."""

    def __init__(
        self,
        context: DeliveryContext,
        cloud: CloudEndpoint,
        rng: random.Random,
        progress: Callable[[], None],
    ) -> None:
        """`progress` is called within long steps, after each answer of the store."""
        self._cloud = cloud
        self._trace = context.trace
        self._outbox = context.outbox
        self._clock = context.clock
        self._settings = context.settings
        self._rng = rng
        self._progress = progress
        self._failures = 0
        self._resume_s = 0.0
        self._stored: OrderedDict[str, None] = OrderedDict()
        self._doubted: OrderedDict[str, None] = OrderedDict()
        self._under_way: OrderedDict[ReportId, _ReportUnderWay] = OrderedDict()

    def doubt(self, keys: Iterable[str]) -> None:
        """The cloud could not read these: look at what lies there with the next delivery."""
        for key in keys:
            self._stored.pop(key, None)
            self._doubted[key] = None
        while len(self._doubted) > KEYS_REMEMBERED:
            self._doubted.popitem(last=False)

    def step(self) -> bool:
        """One entry taken a step further; False if there was nothing to do."""
        try:
            return self._step()
        except OutboxError as error:  # the lease keeps an entry from being tried over and over
            log(Event.DELIVERY_FAILED, reason=str(error))
            return False

    def _step(self) -> bool:
        if self._cloud.probe is not None:
            self._cloud.probe.step(self._progress)
        now = self._clock.mono()
        entry = self._outbox.deliveries.next_due(now, untried=now < self._resume_s)
        if entry is None:
            return False
        if entry.state != "pending" or self._store_evidence(entry):
            self._send_report(entry)
        return True

    def _store_evidence(self, entry: OutboxEntry) -> bool:
        pictures = self._outbox.pictures(entry)
        if pictures is None:  # decided or displaced meanwhile: nothing left to carry
            return False
        missing = {ref.key for ref in entry.report.evidence} - {one.key for one in pictures}
        if missing:
            log(
                Event.PICTURES_LOST,
                camera=entry.camera,
                report_id=entry.report_id,
                keys=sorted(missing),
            )
        try:
            for picture in pictures:
                if picture.key not in self._stored:
                    self._store_one(picture, entry)
        except StoreError as error:  # also a permanent one, a wrong bucket: somebody will fix it
            self._try_again(entry, str(error), hop="stored")
            return False
        if pictures and self._cloud.probe is not None:
            self._cloud.probe.proven()
        self._outbox.deliveries.mark_stored(entry.report_id)
        self._trace.reached(entry.report_id, "stored")
        return True

    def _store_one(self, picture: EvidencePicture, entry: OutboxEntry) -> None:
        """Remembers the key, which names the very bytes: the next report's view may be the same."""
        if self._cloud.store.put_if_absent(picture.key, picture.jpeg, _JPEG) == "exists":
            self._progress()
            self._check(picture, entry)
        self._progress()
        log(Event.EVIDENCE_STORED, camera=entry.camera, key=picture.key)
        self._stored[picture.key] = None
        self._doubted.pop(picture.key, None)
        if len(self._stored) > KEYS_REMEMBERED:
            self._stored.popitem(last=False)

    def _check(self, picture: EvidencePicture, entry: OutboxEntry) -> None:
        """What lies there is what should, or is replaced: a disk or a bucket may have lost bits."""
        flaw = self._flaw(picture)
        if flaw is None:
            return
        self._progress()
        try:
            self._cloud.store.replace(picture.key, picture.jpeg, _JPEG)
        except PermanentStoreError as error:  # the report goes out all the same: others may be read
            log(
                Event.EVIDENCE_DAMAGED,
                camera=entry.camera,
                key=picture.key,
                reason=f"{flaw}, and cannot be replaced: {error}",
            )
        else:
            log(Event.EVIDENCE_REPLACED, camera=entry.camera, key=picture.key, reason=flaw)

    def _flaw(self, picture: EvidencePicture) -> str | None:
        """What is wrong with the stored object, if anything is."""
        try:
            stored = self._cloud.store.get(picture.key, len(picture.jpeg))
        except NotFound:
            return "it was there and is gone"
        except TooLarge:
            return "it has more bytes than were written"
        except PermanentStoreError as error:
            doubted = picture.key in self._doubted
            return f"the cloud cannot read it, nor can we: {error}" if doubted else None
        return None if stored == picture.jpeg else "it has other bytes than were written"

    def _send_report(self, entry: OutboxEntry) -> None:
        topics = Topics(gateway=entry.report.gateway, root=self._cloud.root)
        topic = topics.of_camera(entry.camera, "suspect")
        under_way = self._under_way.pop(entry.report_id, None)
        if under_way is None or self._clock.mono() - under_way.since_s > LOST_S:
            payload = frame_report(_to_send(entry, self._outbox.age_s(entry.report_id)))
            pending = self._cloud.uplink.publish(topic, payload, 1, False, CONTENT_TYPE)
            under_way = _ReportUnderWay(pending, self._clock.mono())
        outcome = under_way.pending.wait(PUBACK_S)
        match outcome:
            case Delivered(words=words):
                if self._cloud.audience is not None:
                    self._cloud.audience.note(entry.report_id, words)
                self._outbox.deliveries.mark_reported(entry.report_id, self._again(entry))
                self._go_on()
                self._trace.reached(entry.report_id, "reported")
                log(Event.REPORT_SENT, camera=entry.camera, report_id=entry.report_id)
            case Refused(reason=reason):
                self._try_again(entry, f"the broker refused the report: {reason}", blame=True)
            case NotConnected(reason=reason):
                self._try_again(entry, f"no connection to the cloud's broker: {reason}")
            case TimedOut(after_s=after_s):
                self._wait_on(entry, under_way)
                self._try_again(entry, f"the broker did not acknowledge within {after_s:g} s")

    def _wait_on(self, entry: OutboxEntry, under_way: _ReportUnderWay) -> None:
        """On a connection that stands, what a broker has not acknowledged is not sent again."""
        self._under_way[entry.report_id] = under_way
        if len(self._under_way) > KEYS_REMEMBERED:
            self._under_way.popitem(last=False)

    def _go_on(self) -> None:
        """Something got through; after an outage all that it held up follows, in its order."""
        if self._failures >= OUTAGE:
            self._outbox.deliveries.resume()
        self._failures, self._resume_s = 0, 0.0

    def _again(self, entry: OutboxEntry) -> float:
        """When a report that was sent now is due again if no verdict comes."""
        settings = self._settings()
        wait_s = repeat_s(entry.sends, settings.resend_s, settings.resend_max_s, self._rng)
        return self._clock.mono() + wait_s

    def _try_again(
        self, entry: OutboxEntry, reason: str, blame: bool = False, hop: Hop = "reported"
    ) -> None:
        """Later, then; what `blame`s the entry itself is not tried for ever."""
        settings = self._settings()
        self._trace.held_up(entry.report_id, hop, reason)
        if blame and entry.attempts + 1 >= settings.outbox.max_attempts:
            self._give_up(entry, f"{entry.attempts + 1} attempts, the last: {reason}")
            return
        self._failures += 1
        wait_s = delay_s(max(entry.attempts, self._failures), settings.backoff_max_s, self._rng)
        if not blame:  # the next probe is another's, lest one that always fails keeps all back
            self._resume_s = self._clock.mono() + wait_s / 2
        self._outbox.deliveries.release(entry.report_id, self._clock.mono() + wait_s, counted=blame)
        log(
            Event.DELIVERY_FAILED,
            camera=entry.camera,
            report_id=entry.report_id,
            reason=reason,
            again_in_s=round(wait_s, 1),
        )

    def _give_up(self, entry: OutboxEntry, reason: str) -> None:
        self._outbox.deliveries.bury(entry.report_id, reason)
        log(Event.ENTRY_BURIED, camera=entry.camera, report_id=entry.report_id, reason=reason)


def _to_send(entry: OutboxEntry, age_s: float) -> ThreatReport:
    """The report, and how old it is; once it was sent in vain, nothing more may be asked, so that
    it gets decided."""
    requests_left = 0 if entry.state == "reported" else entry.report.requests_left
    changes = {"requests_left": requests_left, "age_s": said_age(age_s)}
    return entry.report.model_copy(update=changes)
