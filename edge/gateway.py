"""The parts of a running gateway, built from the configuration and tied together.

SHELL. The composition root: everything is made here, nothing is decided. `daemon` starts, watches
and stops what it finds here.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from contract.ids import CameraId, GatewayId
from contract.topics import Topics
from edge.analysis import Analyst, Terms
from edge.camera_watch import CameraWatch
from edge.config.health import Fault
from edge.config.live import Live
from edge.config.load import Loaded
from edge.config.schema import Config, S3Store
from edge.config.switched import switched
from edge.connect import intake_settings, open_store_of, shares_broker, uplink_settings
from edge.deliver.courier import PUBACK_S, Courier
from edge.deliver.evidence import Origin
from edge.deliver.outbox import Loss, Outbox, open_outbox
from edge.deliver.outbox_records import AUDIT_RANK
from edge.deliver.questions import Questions
from edge.deliver.verdicts import Verdicts
from edge.detect.detector import Detector, open_detector
from edge.intake.mailbox import Mailbox
from edge.intake.mqtt import Intake
from edge.keeping.store import StaticStore
from edge.pipeline import Pipeline, Sees
from edge.runtime.counters import Counters
from edge.runtime.heartbeat import Pulse
from edge.runtime.timings import Timings
from edge.runtime.worker import Worker
from edge.statements import Statements
from edge.switches import Switches
from service.clock import Clock
from service.events import Event, log
from service.link import Link, LinkState, Publication, Subscription

_WAIT_S = 0.25
_COURIER = "courier"

OnFailure = Callable[[Exception], None]


class Network(Sees, Protocol):
    """A detector that reports can name; see `edge.detect.detector.Detector`."""

    @property
    def sha256(self) -> str:
        """Of the weights."""
        ...


OpenNetworks = Callable[[Config], Sequence[Network]]
"""One for each of `detect.workers`; raises `ModelError`."""


def open_detectors(config: Config) -> tuple[Detector, ...]:
    """One detector per analysis thread; the first decides the runtime for all."""
    detect = config.detect
    threads, min_score, summed = detect.threads_per_worker, detect.min_score, detect.vehicle_sum
    first = open_detector(detect.model, detect.runtime, threads, min_score, summed)
    log(
        Event.MODEL_OPENED,
        model=first.name,
        sha256=first.sha256,
        runtime=first.runtime,
        reason=first.choice.reason,
    )
    rest = (
        open_detector(detect.model, first.runtime, threads, min_score, summed)
        for _ in range(detect.workers - 1)
    )
    return (first, *rest)


class Gateway:
    """Made whole or not at all; nothing runs until its parts are started."""

    def __init__(
        self,
        loaded: Loaded,
        clock: Clock,
        on_failure: OnFailure,
        open_networks: OpenNetworks = open_detectors,
    ) -> None:
        """Raises `ModelError`, `OutboxError`, `LinkError`, `StoreError` for what must be mended."""
        config = loaded.config
        self.live = Live(loaded)
        self.clock = clock
        self.counters = Counters()
        self.timings = Timings()
        self._open_networks = open_networks
        self._networks = tuple(open_networks(config))
        self.mailboxes = tuple(Mailbox() for _ in self._networks)
        self.topics = Topics(gateway=GatewayId(config.gateway.id), root=config.deliver.root)
        self.outbox = self._open_outbox(config)
        self.static = StaticStore(config.deliver.outbox.path, clock)
        self.statements = Statements(
            self.topics,
            self.live,
            lambda: self._networks[0].sha256,
            self.counters,
            self.outbox,
            clock,
        )
        self.switches = Switches(config.deliver.outbox.path, self.topics, self._may_be_switched)
        self._config = config = switched(config, self.switches.positions)
        self._kept = threading.Event()
        self._on_failure = on_failure
        self._build_links(config)
        self._build_workers(config)
        self.camera_watch = CameraWatch(
            self.config,
            self.counters,
            self.statements,
            clock,
            lambda: self.intake.cameras,
            self._faults,
            self._say,
        )

    def config(self) -> Config:
        """The configuration in force, with the switches as they stand."""
        return self._config

    def links(self) -> dict[str, LinkState]:
        """Both links as they are now."""
        return {"intake": self.site.state(), "uplink": self.uplink.state()}

    def pulses(self) -> tuple[Pulse, ...]:
        """When each worker last made progress; the courier may wait for others besides."""
        patience_s, others_s = self.config().runtime.heartbeat_s, _others_s(self.config())
        return tuple(
            Pulse(
                worker=worker.name,
                beat_at_s=worker.beat_at_s,
                patience_s=patience_s + (others_s if worker.name == _COURIER else 0.0),
            )
            for worker in self.workers
        )

    def births(self) -> Iterator[Publication]:
        """Everything retained that must be true at the site's broker after a connect."""
        yield self.statements.status("online")
        yield self.statements.info()
        yield from self.camera_watch.births()
        cameras = self.intake.cameras
        listed = map(CameraId, self.config().cameras)
        for camera in sorted({*listed, *cameras}):
            yield from self.switches.states(self.config(), camera)
        for camera in dict.fromkeys((*cameras, *self.verdicts.alarmed)):
            yield self.verdicts.threat(camera)

    def take_up(self, proposed: Loaded, *, anew: bool) -> None:
        """Put another configuration in force, with networks opened `anew` if it asks for others.

        Raises `ModelError`, and then everything is as it was.
        """
        if anew:
            self._networks = tuple(self._open_networks(proposed.config))
        self.live.swap(proposed)
        self._put_in_force()

    def turn_switches(self) -> None:
        """Put in force what people told the switches, then say where they stand."""
        turned = self.switches.turn()
        if not turned:
            return
        self._put_in_force()
        for camera in dict.fromkeys(camera for camera, _ in turned):
            self._say(self.switches.states(self.config(), camera))

    def _put_in_force(self) -> None:
        """From the next frame on."""
        self._config = switched(self.live.current.config, self.switches.positions)
        for analyst, network in zip(self.analysts, self._networks, strict=True):
            analyst.adopt(self._terms(network))

    def wake_courier(self) -> None:
        """There may be something to deliver, or reason to stop waiting for it."""
        self._kept.set()

    def _build_links(self, config: Config) -> None:
        self.intake = Intake(
            self.config, self.mailboxes, self.counters, self.clock, self._camera_found
        )
        self.site = Link(
            intake_settings(config),
            on_fatal=self._on_failure,
            on_message=self._on_site_message,
            subscriptions=(*self.intake.subscriptions(), *self.switches.subscriptions()),
            births=self.births,
            will=self.statements.status("offline"),
        )
        verdicts = Subscription(filter=self.topics.all_cameras("verdict"), no_local=True)
        self.uplink = Link(
            uplink_settings(config),
            on_fatal=self._on_failure,
            on_message=self._on_verdict,
            subscriptions=(verdicts,),
            manual_ack=True,
        )

    def _build_workers(self, config: Config) -> None:
        questions = Questions(self.clock)
        self.verdicts = Verdicts(
            self.outbox,
            self.counters,
            self.topics,
            self.clock,
            lambda: self.config().deliver,
            self.site,
            None if shares_broker(config) else self.uplink,
            self.static.answered,
            questions,
        )
        epoch, recall = self.outbox.next_epoch(), self.static.recall
        self.analysts = tuple(
            self._analyst(mailbox, network, Pipeline(config, network, epoch, recall), questions)
            for mailbox, network in zip(self.mailboxes, self._networks, strict=True)
        )
        carrying = self._worker(_COURIER, self._deliver)
        self._courier = self._make_courier(config, carrying.beat)
        analysing = (
            self._worker(f"analysis-{n}", analyst.step) for n, analyst in enumerate(self.analysts)
        )
        self.workers = (*analysing, carrying)

    def _worker(self, name: str, step: Callable[[], object]) -> Worker:
        return Worker(
            name, step, clock=self.clock, on_failure=lambda _, error: self._on_failure(error)
        )

    def _analyst(
        self, mailbox: Mailbox, network: Network, pipeline: Pipeline, questions: Questions
    ) -> Analyst:
        return Analyst(
            self._terms(network),
            mailbox,
            pipeline,
            self.outbox,
            self.counters,
            self.timings,
            self.clock,
            self._kept,
            self.static.exchange,
            questions,
        )

    def _make_courier(self, config: Config, progress: Callable[[], None]) -> Courier:
        return Courier(
            self.outbox,
            open_store_of(config),
            self.uplink,
            self.verdicts,
            self.topics,
            self.clock,
            lambda: self.config().deliver,
            random.Random(),
            progress,
        )

    def _deliver(self) -> None:
        """One step of the courier, or a moment of waiting for something to deliver."""
        if not self._courier.step():
            self.clock.wait(self._kept, _WAIT_S)
            self._kept.clear()

    def _camera_found(self, camera: CameraId) -> None:
        """Its `status` and `health` follow on the next round."""
        self._say((self.verdicts.threat(camera),))
        self._say(self.switches.states(self.config(), camera))

    def _say(self, publications: Iterable[Publication]) -> None:
        for one in publications:
            self.site.publish(one.topic, one.payload, one.qos, one.retain)

    def _faults(self, camera: CameraId) -> tuple[Fault, ...]:
        """Those of the one analyst that looks at the camera."""
        return tuple(fault for analyst in self.analysts for fault in analyst.faults(camera))

    def _may_be_switched(self, camera: CameraId) -> bool:
        """Whoever is listed, or may yet appear."""
        config = self.live.current.config
        return camera in config.cameras or config.intake.discovery

    def _on_site_message(
        self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]
    ) -> None:
        if self.switches.on_message(topic, payload, retained):
            ack()
        else:
            self.intake.on_message(topic, payload, retained, ack)

    def _on_verdict(
        self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]
    ) -> None:
        self.verdicts.on_message(topic, payload, retained, ack)
        self._kept.set()

    def _terms(self, network: Network) -> Terms:
        """What an analyst with this network goes by from now on."""
        current = self.live.current
        origin = Origin(
            gateway=self.topics.gateway,
            model_sha256=network.sha256,
            config_version=current.version,
            config_sha256=current.sha256,
            evidence=current.config.deliver.evidence,
        )
        return Terms(config=self.config(), detector=network, origin=origin)

    def _open_outbox(self, config: Config) -> Outbox:
        outbox = open_outbox(config.deliver.outbox, self.clock, self._lost)
        if outbox.set_aside is not None:
            log(Event.OUTBOX_REPAIRED, set_aside=str(outbox.set_aside))
        depth = outbox.depth()
        log(Event.OUTBOX_OPENED, entries=dict(depth.entries), bytes=depth.bytes)
        return outbox

    def _lost(self, loss: Loss) -> None:
        if loss.severity == AUDIT_RANK:
            self.counters.audits.count("dropped")
        else:
            self.counters.count(loss.camera, "lost")
        log(
            Event.OUTBOX_EVICTED,
            camera=loss.camera,
            report_id=loss.report_id,
            reason=loss.reason.value,
            severity=loss.severity,
        )


def _others_s(config: Config) -> float:
    """The longest that the courier waits for a broker or store at a stretch."""
    store = config.deliver.store
    store_s = 2 * store.timeout_s if isinstance(store, S3Store) else 0.0  # connect, then read
    return max(PUBACK_S, store_s)
