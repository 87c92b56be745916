"""The delivering side of a gateway: outbox, uplink, verdicts and the courier, tied together.

SHELL. What the analysis workers keep in the outbox leaves by the courier's thread, what the cloud
says comes in on the uplink's, and each destination is notified on a thread of its own. Made by
`gateway`; `daemon` starts and stops what it finds here.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from contract.ids import GatewayId
from contract.operator_outcome import OperatorOutcome
from contract.signature import Keyring
from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.schema import EdgeConfig, S3StoreConfig
from edge.daemon.connections import open_store_of, shares_broker, uplink_settings
from edge.daemon.heartbeat import Pulse
from edge.daemon.identity import Identity
from edge.daemon.open_outbox import log_repairs
from edge.daemon.worker import OnFailure, Worker
from edge.deliver.audience import Audience
from edge.deliver.context import DeliveryContext
from edge.deliver.courier import CloudEndpoint, Courier
from edge.deliver.destinations import Destination, Publishes, brokers
from edge.deliver.evidence_requests import EvidenceRequests
from edge.deliver.notifier import Notifier
from edge.deliver.store_probe import StoreProbe
from edge.deliver.threats import Threats
from edge.deliver.trust import Trust
from edge.deliver.verdicts import VerdictListeners, Verdicts
from edge.errors import OutboxError
from edge.metrics.counters import Counters
from edge.remote.requests import RemoteRequests
from edge.update.inbox import Inbox
from edge.watch_proof.delivery import WatchDelivery
from objectstore.store import ObjectStore
from objectstore.store_dir import DirectoryStore
from service.events import Event, log
from service.link import Link, Publication, Subscription
from service.outcomes import PUBACK_S

_WAIT_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkSetup:
    """How the cloud is reached: `on_connect` and `will` are for its broker, where it has one;
    `keyring` has its keys, if they are known; `requests` are taken there too, `orders` and the
    cloud's word on the proof of `watch` only there."""

    topics: Topics
    identity: Identity
    on_connect: Callable[[], Iterable[Publication]] = tuple
    will: Publication | None = None
    keyring: Keyring | None = None
    requests: RemoteRequests | None = None
    orders: Inbox | None = None
    watch: WatchDelivery | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCallbacks:
    """`answered` gets what the cloud decided, `marked` what people said; `synchronised` is whether
    the wall clock is trusted."""

    answered: Callable[[Verdict], None]
    marked: Callable[[OperatorOutcome], None]
    on_failure: OnFailure
    synchronised: Callable[[], bool]


class Delivery:
    """What carries reports to the cloud and brings verdicts home; nothing runs until started."""

    def __init__(
        self,
        config: Callable[[], EdgeConfig],
        context: DeliveryContext,
        setup: UplinkSetup,
        counters: Counters,
        site: Publishes,
        callbacks: DeliveryCallbacks,
    ) -> None:
        """`config` says what is in force. Raises `LinkError`, `StoreError`."""
        outbox, clock, topics = context.outbox, context.clock, setup.topics
        on_failure = callbacks.on_failure
        self._config, self._clock, self._on_failure = config, clock, on_failure
        self._outbox, self._on_disk = outbox, True
        self._counters = counters
        current = config()
        self.alone = shares_broker(current)
        self.kept = threading.Event()
        self._recorded: list[threading.Event] = []
        self._requests = None if self.alone else setup.requests
        self._orders, self._watch = setup.orders, setup.watch
        self.uplink = self._make_uplink(current, setup)
        self.evidence_requests = EvidenceRequests(clock)
        self.trust = Trust(topics.root, setup.keyring, outbox.find)
        destinations = brokers(site, None if self.alone else self.uplink, topics.root)
        outbox.notifications.keep_only([one.name for one in destinations])
        self.threats = Threats(outbox, topics, clock, context.settings, site)
        self._answered = callbacks.answered
        self._build_courier(context, topics, open_store_of(current, clock, callbacks.synchronised))
        self._notifying = tuple(self._notifier(one, context, on_failure) for one in destinations)
        self.verdicts = self._make_verdicts(context, destinations, callbacks)
        self.workers = (self._carrying, *self._notifying)

    def _build_courier(self, context: DeliveryContext, topics: Topics, store: ObjectStore) -> None:
        """What carries reports, and what is known of the way."""
        clock, on_failure = context.clock, self._on_failure
        self._carrying = Worker("courier", self._step, clock=clock, on_failure=on_failure)
        self._tick_store = store.tick if isinstance(store, DirectoryStore) else lambda: None
        self.audience = Audience(clock)
        self.store_probe = _probe_of(store, topics.gateway, context)
        endpoint = CloudEndpoint(
            store=store,
            uplink=self.uplink,
            root=topics.root,
            audience=self.audience,
            probe=self.store_probe,
        )
        self._courier = Courier(context, endpoint, random.Random(), self._carrying.beat)

    def _make_verdicts(
        self,
        context: DeliveryContext,
        destinations: Sequence[Destination],
        callbacks: DeliveryCallbacks,
    ) -> Verdicts:
        listeners = VerdictListeners(
            evidence_requests=self.evidence_requests,
            answered=self._decided,
            marked=callbacks.marked,
            wake=self._notify,
            doubt=self._courier.doubt,
        )
        return Verdicts(context, self._counters, self.trust, self.threats, destinations, listeners)

    def _make_uplink(self, config: EdgeConfig, setup: UplinkSetup) -> Link:
        """The link to the cloud; where that has no broker of its own, only what is ours there."""
        gateways = self._outbox.gateways() | {setup.topics.gateway}
        asked = () if self._requests is None else self._requests.subscriptions(qos=0)
        asked += () if self._orders is None else self._orders.subscriptions()
        asked += () if self._watch is None else self._watch.subscriptions()
        return Link(
            replace(
                uplink_settings(config, setup.identity),
                will=None if self.alone else setup.will,
                manual_ack=True,
            ),
            on_fatal=self._on_failure,
            on_message=self._on_verdict,
            subscriptions=(*_verdicts_of(gateways, setup.topics.root), *asked),
            on_connect=tuple if self.alone else setup.on_connect,
        )

    def trusting(self, keyring: Keyring | None) -> None:
        """Believe these keys of the cloud from the next message on, and say so."""
        self.trust.adopt(keyring)
        self.log_trust()

    def log_trust(self) -> None:
        """In the log's first lines, so that nobody believes to be protected who is not."""
        if self.trust.key_ids:
            log(Event.CLOUD_KEYS_OPENED, keys=list(self.trust.key_ids))
        else:
            log(Event.VERDICTS_UNSIGNED, reason="deliver.cloud_keys is empty")

    def pulses(self) -> Iterator[Pulse]:
        """When each worker last made progress; the courier may wait for others besides."""
        config = self._config()
        patience_s = config.runtime.heartbeat_s
        for worker in self.workers:
            others_s = _others_s(config) if worker is self._carrying else 0.0
            yield Pulse(
                worker=worker.name, beat_at_s=worker.beat_at_s, patience_s=patience_s + others_s
            )

    def publish_to_cloud(self, publications: Iterable[Publication]) -> None:
        """What was published at the site's broker too; nothing where both are one."""
        for one in () if self.alone else publications:
            self.send(one)

    def send(self, one: Publication) -> None:
        """At the cloud's broker."""
        self.uplink.publish(one.topic, one.payload, one.qos, one.retain)

    def wake(self) -> None:
        """There may be something to deliver, or reason to stop waiting for it."""
        self.kept.set()
        self._notify()

    def _notify(self) -> None:
        for event in self._recorded:
            event.set()

    def _notifier(
        self, destination: Destination, context: DeliveryContext, on_failure: OnFailure
    ) -> Worker:
        """A thread that notifies one destination."""
        recorded = threading.Event()
        self._recorded.append(recorded)
        notifier = Notifier(destination, context, random.Random(), self._notified)
        return Worker(
            f"notify-{destination.name}",
            lambda: self._pause_unless(notifier.step(), recorded),
            clock=self._clock,
            on_failure=on_failure,
        )

    def _step(self) -> None:
        self._tick_store()
        self._repair_outbox()
        self._pause_unless(self._courier.step(), self.kept)

    def _repair_outbox(self) -> None:
        """Says it once when the disk fails and once when it takes everything again."""
        was, self._on_disk = self._on_disk, self._outbox.repair()
        if was and not self._on_disk:
            depth = self._outbox.depth()
            log(Event.OUTBOX_IN_MEMORY, reason=depth.trouble, in_memory=depth.in_memory)
        elif self._on_disk and not was:
            log(Event.OUTBOX_ON_DISK)
            log_repairs(self._outbox)

    def _pause_unless(self, busy: bool, work: threading.Event) -> None:
        """A moment of waiting for something to do, if there was nothing."""
        if not busy:
            self._clock.wait(work, _WAIT_S)
            work.clear()

    def _on_verdict(
        self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]
    ) -> None:
        if self._requests and self._requests.on_message(topic, payload, retained, self.send):
            ack()
            return
        ordered = self._orders and self._orders.on_message(topic, payload, retained)
        if ordered or (self._watch and self._watch.on_message(topic, payload)):
            ack()
            return
        try:
            self.verdicts.on_message(topic, payload, retained, ack)
        except OutboxError as error:  # not the message's fault: the next start repairs the outbox
            ack()
            self._on_failure(error)
        self.kept.set()

    def _notified(self, verdict: Verdict) -> None:
        """A broker took it; self-tests and audits are nobody's alarms."""
        if not (verdict.test or verdict.audit):
            self._counters.count(verdict.camera, "notified")

    def _decided(self, verdict: Verdict) -> None:
        self.audience.answered()
        self._answered(verdict)


def _verdicts_of(gateways: Iterable[GatewayId], root: str) -> tuple[Subscription, ...]:
    """Also under the ids that this gateway had when it raised what still waits."""
    topics = (Topics(gateway=gateway, root=root) for gateway in sorted(gateways))
    return tuple(Subscription(filter=one.all_cameras("verdict"), no_local=True) for one in topics)


def _probe_of(store: ObjectStore, gateway: GatewayId, context: DeliveryContext) -> StoreProbe:
    return StoreProbe(
        store,
        gateway,
        context.clock,
        random.Random(),
        lambda: context.settings().backoff_max_s,
    )


def _others_s(config: EdgeConfig) -> float:
    """The longest that the courier waits for a broker or store at a time."""
    store = config.deliver.store
    # to connect, and then for an answer that is just too slow
    store_s = 3 * store.timeout_s if isinstance(store, S3StoreConfig) else 0.0
    return max(PUBACK_S, store_s)
