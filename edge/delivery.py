"""The delivering side of a gateway: outbox, uplink, verdicts and the courier, tied together.

SHELL. What the analysts keep in the outbox leaves by the courier's thread, and what the cloud says
comes in on the uplink's. Made by `gateway`; `daemon` starts and stops what it finds here.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.schema import Config, S3Store
from edge.connect import open_store_of, shares_broker, uplink_settings
from edge.deliver.courier import PUBACK_S, Courier
from edge.deliver.outbox import Loss, Outbox, open_outbox
from edge.deliver.outbox_records import AUDIT_RANK
from edge.deliver.questions import Questions
from edge.deliver.verdicts import Publishes, Verdicts
from edge.runtime.counters import Counters
from edge.runtime.heartbeat import Pulse
from edge.runtime.worker import Worker
from objectstore.store_dir import DirectoryStore
from service.clock import Clock
from service.events import Event, log
from service.link import Link, Subscription

_WAIT_S = 0.25

OnFailure = Callable[[Exception], None]


class Delivery:
    """What carries reports to the cloud and brings verdicts home; nothing runs until started."""

    def __init__(
        self,
        config: Callable[[], Config],
        outbox: Outbox,
        counters: Counters,
        topics: Topics,
        clock: Clock,
        site: Publishes,
        answered: Callable[[Verdict], None],
        on_failure: OnFailure,
        synchronised: Callable[[], bool],
    ) -> None:
        """`config` says what is in force; `answered` is told what the cloud decided;
        `synchronised` is whether the wall clock is believed. Raises `LinkError`, `StoreError`."""
        self._config, self._clock = config, clock
        current = config()
        self.kept = threading.Event()
        self.uplink = Link(
            uplink_settings(current),
            on_fatal=on_failure,
            on_message=self._on_verdict,
            subscriptions=(Subscription(filter=topics.all_cameras("verdict"), no_local=True),),
            manual_ack=True,
        )
        self.questions = Questions(clock)
        self.verdicts = Verdicts(
            outbox,
            counters,
            topics,
            clock,
            lambda: config().deliver,
            site,
            None if shares_broker(current) else self.uplink,
            answered,
            self.questions,
        )
        self.worker = Worker(
            "courier", self._step, clock=clock, on_failure=lambda _, error: on_failure(error)
        )
        store = open_store_of(current, clock, synchronised)
        self._tick_store = store.tick if isinstance(store, DirectoryStore) else lambda: None
        self._courier = Courier(
            outbox,
            store,
            self.uplink,
            self.verdicts,
            topics,
            clock,
            lambda: config().deliver,
            random.Random(),
            self.worker.beat,
        )

    def pulse(self) -> Pulse:
        """When the courier last made progress; it may wait for others besides."""
        config = self._config()
        patience_s = config.runtime.heartbeat_s + _others_s(config)
        return Pulse(
            worker=self.worker.name, beat_at_s=self.worker.beat_at_s, patience_s=patience_s
        )

    def wake(self) -> None:
        """There may be something to deliver, or reason to stop waiting for it."""
        self.kept.set()

    def _step(self) -> None:
        """One step of the courier, or a moment of waiting for something to deliver."""
        self._tick_store()
        if not self._courier.step():
            self._clock.wait(self.kept, _WAIT_S)
            self.kept.clear()

    def _on_verdict(
        self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]
    ) -> None:
        self.verdicts.on_message(topic, payload, retained, ack)
        self.kept.set()


def open_outbox_of(config: Config, clock: Clock, counters: Counters) -> Outbox:
    """The configured outbox; what it must let go of is counted. Raises `OutboxError`."""

    def lost(loss: Loss) -> None:
        if loss.severity == AUDIT_RANK:
            counters.audits.count("dropped")
        else:
            counters.count(loss.camera, "lost")
        log(
            Event.OUTBOX_EVICTED,
            camera=loss.camera,
            report_id=loss.report_id,
            reason=loss.reason.value,
            severity=loss.severity,
        )

    outbox = open_outbox(config.deliver.outbox, clock, lost)
    if outbox.set_aside is not None:
        log(Event.OUTBOX_REPAIRED, set_aside=str(outbox.set_aside))
    depth = outbox.depth()
    log(Event.OUTBOX_OPENED, entries=dict(depth.entries), bytes=depth.bytes)
    return outbox


def _others_s(config: Config) -> float:
    """The longest that the courier waits for a broker or store at a stretch."""
    store = config.deliver.store
    store_s = 2 * store.timeout_s if isinstance(store, S3Store) else 0.0  # connect, then read
    return max(PUBACK_S, store_s)
