"""A worker process from start to end: model, link, worker thread, status server, and their order.

SHELL. The model is opened before the broker learns that we are here, so no report waits for it. On
SIGTERM or SIGINT nothing more is taken, the report in hand is finished and acknowledged, and what
still waits stays unacknowledged: the broker may deliver it again, and where it does not (Mosquitto
2.0.11 drops it) the edge sends it again. An unreachable broker is `degraded`, never unhealthy.
Called by `__main__`.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace

from prometheus_client import CollectorRegistry

from cloud.broker.connection import link_settings
from cloud.confirm.evaluator import ReportEvaluator
from cloud.index.alarm_store import AlarmStore
from cloud.index.records import ReportRecord
from cloud.keys import Keys, open_keys
from cloud.model.full_model import FullModel, open_model
from cloud.serve.metrics import WatchCollector, WorkerMetrics
from cloud.serve.report_queue import ReportQueue
from cloud.serve.store_watch import StoreWatch
from cloud.serve.watch_keeper import WatchKeeper
from cloud.serve.worker import ConfirmWorker, WorkerContext
from cloud.settings import Settings, SettingsError
from cloud.verdicts.ledger import Ledger
from contract.cloudevent import CONTENT_TYPE, frame_evidence_request, frame_verdict
from contract.evidence_request import EvidenceRequest
from contract.report import ThreatReport
from contract.signature import Signer
from contract.topics import Topics, shared_suspects, shared_watches
from contract.verdict import Verdict
from objectstore.open import read_s3
from objectstore.store import ObjectStore, StoreError
from service import events
from service.clock import Clock
from service.events import Event, log
from service.exposure import of_link, of_store
from service.link import Link, Subscription
from service.metrics import Health, LinkCollector, StatusServer
from service.notify import SystemdNotifier
from service.outcomes import PublishOutcome
from service.private import make_private

CONTROL_S = 1.0
"""A turn of the control loop: signals, health and the watchdog wait no longer."""


def serve(settings: Settings, store: ObjectStore, clock: Clock) -> int:
    """Confirms reports until asked to stop; returns the exit status.

    Raises `ModelError`, `LinkError` or `SettingsError` where a person has to repair something.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    make_private()
    log(Event.DAEMON_STARTED, pid=os.getpid(), store=settings.store)
    for words in exposed(settings):
        log(Event.LINK_EXPOSED, reason=words)
    keys = open_keys(settings)
    _log_keys(keys)
    notifier = SystemdNotifier(clock=clock)
    model = open_model(settings.model, settings.threads)
    log(Event.MODEL_OPENED, model=model.name, sha256=model.sha256)
    process = _Process(settings, store, model, keys, clock, stopping)
    process.start()
    notifier.ready()
    process.watch(notifier)
    notifier.stopping()
    return process.stop()


class _Process:
    """The running parts of one worker process."""

    def __init__(
        self,
        settings: Settings,
        store: ObjectStore,
        model: FullModel,
        keys: Keys,
        clock: Clock,
        stopping: threading.Event,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._stopping = stopping
        self._fatal: Exception | None = None
        self._exposed = exposed(settings)
        registry = CollectorRegistry()
        metrics = WorkerMetrics(registry)
        self._reports = ReportQueue(settings.work.max_waiting, metrics, stopping)
        self._watch_keeper = WatchKeeper(settings.root, store, self._say, keys.signer, stopping)
        self._link = self._make_link()
        self._worker = self._make_worker(store, model, metrics)
        self._thread = threading.Thread(target=self._worker.run, name="confirm", daemon=True)
        self._store_watch = StoreWatch(store, clock, stopping)
        registry.register(LinkCollector(lambda: {"uplink": self._link.state()}))
        registry.register(WatchCollector(self._watch_keeper.counts))
        host, port = settings.metrics_host, settings.metrics_port
        self._status = StatusServer(host, port, registry, self.health)

    def _make_link(self) -> Link:
        settings = self._settings
        return Link(
            replace(link_settings(settings), manual_ack=True),
            on_fatal=self._end,
            on_message=self._receive,
            subscriptions=(
                Subscription(filter=shared_suspects(settings.root, settings.group)),
                Subscription(filter=shared_watches(settings.root, settings.group), optional=True),
            ),
            clock=self._clock,
        )

    def _make_worker(
        self, store: ObjectStore, model: FullModel, metrics: WorkerMetrics
    ) -> ConfirmWorker:
        settings, keys, clock = self._settings, self._keys, self._clock
        return ConfirmWorker(
            WorkerContext(
                root=settings.root,
                queue=self._reports,
                evaluator=_evaluator(settings, store, model, metrics, clock),
                ledger=Ledger(store, keys.signer, keys.keyring),
                publish=_verdict_publisher(self._link, settings, keys.signer),
                request_evidence=_evidence_requester(self._link, settings, keys.signer),
                metrics=metrics,
                settings=settings.work,
                clock=clock,
                stopping=self._stopping,
                self_check=model.self_check,
                keep_report=_report_keeper(store, keys, clock),
            )
        )

    def start(self) -> None:
        try:
            self._status.start()
        except OSError as error:
            where = f"{self._settings.metrics_host}:{self._settings.metrics_port}"
            raise SettingsError(f"metrics cannot listen on {where}: {error.strerror}") from error
        self._thread.start()
        self._store_watch.start()
        self._watch_keeper.start()
        self._link.start()
        log(Event.DAEMON_READY, broker=self._settings.broker, root=self._settings.root)

    def watch(self, notifier: SystemdNotifier) -> None:
        """Returns when it is time to stop; feeds the supervisor while there is progress."""
        while not self._clock.wait(self._stopping, CONTROL_S):
            health = self.health()
            if not (self._thread.is_alive() and self._watch_keeper.alive):
                self._end(RuntimeError("a worker's thread ended unasked"))
            elif health.status != "unhealthy":
                notifier.alive()
            notifier.status(health.status)
            events.flush()

    def stop(self) -> int:
        """Leaves in order within `drain_s`; 1 if something was broken or the deadline passed."""
        broken = self._fatal or self._worker.broken
        log(Event.DAEMON_STOPPING, reason=repr(broken) if broken else "asked to")
        self._thread.join(self._settings.work.drain_s)
        overdue = self._thread.is_alive()
        self._link.stop(timeout_s=5.0)
        self._status.stop()
        log(Event.DAEMON_STOPPED, in_time=not overdue)
        events.flush()
        if overdue:
            os._exit(1)  # a thread within TensorFlow cannot be ended, nor may Python pull it down
        return 1 if broken else 0

    def health(self) -> Health:
        """Healthy means that the worker gets on; without broker or store it is degraded."""
        link, trouble = self._link.state(), self._store_watch.trouble
        idle_s = self._worker.idle_for_s()
        fine = link.ready and not link.conflict and not trouble
        stuck = idle_s > self._settings.work.stuck_s or not self._thread.is_alive()
        return Health(
            status="unhealthy" if stuck else "ok" if fine else "degraded",
            facts={
                "model_loaded": True,
                "signing_key": None if self._keys.signer is None else self._keys.signer.key_id,
                "link_connected": link.connected,
                "link": link.conflict or link.reason,
                "since_progress_s": round(idle_s, 1),
            }
            | ({"store": trouble} if trouble else {})
            | ({"exposed": list(self._exposed)} if self._exposed else {}),
        )

    def _receive(self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]) -> None:
        if not self._watch_keeper.receive(topic, payload, ack):
            self._reports.receive(topic, payload, retained, ack)

    def _say(self, topic: str, payload: bytes) -> None:
        self._link.publish(topic, payload)

    def _end(self, error: Exception) -> None:
        self._fatal = error
        log(Event.DAEMON_FAILED, reason=repr(error))
        self._stopping.set()


def exposed(settings: Settings) -> tuple[str, ...]:
    """What of the way to broker and store others could read or forge, in words."""
    kind, _, rest = (settings.store or "").partition(":")
    evidence = of_store(read_s3(rest).endpoint_url) if kind == "s3" else ()
    return (*of_link(link_settings(settings)), *evidence)


def _log_keys(keys: Keys) -> None:
    """In the log's first lines, so that nobody believes to be protected who is not."""
    if keys.signer is None:
        log(Event.VERDICTS_UNSIGNED, reason="no signing_key: make one with `keygen`")
    else:
        trusted = () if keys.keyring is None else keys.keyring.key_ids
        log(Event.SIGNING_KEY_OPENED, key=keys.signer.key_id, trusted=list(trusted))


def _report_keeper(store: ObjectStore, keys: Keys, clock: Clock) -> Callable[[ThreatReport], None]:
    """So the store has the whole alarm even where nobody follows for the index. It comes after the
    verdict, and without it the verdict stands all the same."""
    alarms = AlarmStore(store, keys)

    def keep(report: ThreatReport) -> None:
        try:
            alarms.keep(ReportRecord(received_at=clock.now(), report=report))
        except StoreError as error:
            log(
                Event.ALARM_RECORD_NOT_KEPT,
                camera=report.camera,
                report_id=report.report_id,
                reason=str(error),
            )

    return keep


def _evaluator(
    settings: Settings, store: ObjectStore, model: FullModel, metrics: WorkerMetrics, clock: Clock
) -> ReportEvaluator:
    return ReportEvaluator(
        store=store,
        model=model,
        policy=settings.policy,
        limits=settings.limits.of_picture(),
        clock=clock,
        measured=metrics.observe,
    )


def _evidence_requester(
    link: Link, settings: Settings, signer: Signer | None
) -> Callable[[EvidenceRequest], PublishOutcome]:
    """Publishes a request for evidence where the verdict will be."""

    def request(more: EvidenceRequest) -> PublishOutcome:
        topic = Topics(gateway=more.gateway, root=settings.root).of_camera(more.camera, "verdict")
        pending = link.publish(
            topic, frame_evidence_request(more, signer), content_type=CONTENT_TYPE
        )
        return pending.wait(settings.work.publish_timeout_s)

    return request


def _verdict_publisher(
    link: Link, settings: Settings, signer: Signer | None
) -> Callable[[Verdict], PublishOutcome]:
    """Publishes a verdict on its camera's topic and waits for the broker's word."""

    def publish(verdict: Verdict) -> PublishOutcome:
        topic = Topics(gateway=verdict.gateway, root=settings.root).of_camera(
            verdict.camera, "verdict"
        )
        pending = link.publish(topic, frame_verdict(verdict, signer), content_type=CONTENT_TYPE)
        return pending.wait(settings.work.publish_timeout_s)

    return publish
