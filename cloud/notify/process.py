"""`notify run`: link, queue, a thread per destination, status server, and their order.

SHELL. The queue is open before the broker learns that we are here. The session at the broker is
kept, under an id that lasts, so what is published while we are away waits there. An unreachable
broker, store or destination is `degraded`, never unhealthy. Called by `commands`.
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from prometheus_client import CollectorRegistry

from cloud.broker.connection import link_settings
from cloud.confirm.offline import CannotRun
from cloud.keys import open_keys
from cloud.notify.alarm_book import AlarmBook
from cloud.notify.catch_up import CatchUp
from cloud.notify.dc09 import AlarmCentre
from cloud.notify.delivery import BuiltDestination
from cloud.notify.destination_worker import DestinationWorker
from cloud.notify.destinations import build
from cloud.notify.deter import DeterOutput
from cloud.notify.fault_watch import FaultWatch
from cloud.notify.intake import NotifyIntake
from cloud.notify.metrics import NotifyCollector
from cloud.notify.pictures import PictureReader
from cloud.notify.planning import NotifyPolicy
from cloud.notify.queue import NotificationQueue, QueueError
from cloud.notify.queue_file import FILE
from cloud.notify.subscriptions import SubscriptionBook
from cloud.notify.web_push import WebPush
from cloud.settings import Settings, SettingsError
from contract.signature import Keyring
from objectstore.inventory import open_inventory
from objectstore.store import ObjectStore
from service import events
from service.clock import Clock
from service.events import Event, log
from service.link import Link
from service.metrics import Health, LinkCollector, StatusServer
from service.notify import SystemdNotifier
from service.private import make_private

CONTROL_S = 0.5
CLIENT_ID = "stillwatch-notify"
STUCK_S = 300.0
"""A destination's longest try is 120 s; a thread that turns less often hangs."""

_TIDY_S = 30.0
_LEAVE_S = 10.0


def run(
    settings: Settings, store: ObjectStore | None, environ: Mapping[str, str], clock: Clock
) -> int:
    """Tells until asked to stop; returns the exit status. Raises `CannotRun`, `LinkError`,
    `SettingsError`."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    make_private()
    built = build(settings.notify, environ, clock)
    log(Event.DAEMON_STARTED, pid=os.getpid(), destinations=sorted(built))
    with _alone(settings):
        process = NotifyProcess(settings, store, built, clock, stopping)
        notifier = SystemdNotifier(clock=clock)
        process.start()
        notifier.ready()
        process.watch(notifier)
        notifier.stopping()
        return process.stop()


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Two processes on one queue would tell everything twice."""
    folder = settings.notify.state
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / "lock").open("ab")
    except OSError as error:
        raise SettingsError(f"notify.state {folder}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotRun(f"another `notify run` uses {folder}") from error
        yield


class NotifyProcess:
    """The running parts."""

    def __init__(
        self,
        settings: Settings,
        store: ObjectStore | None,
        built: Mapping[str, BuiltDestination],
        clock: Clock,
        stopping: threading.Event,
    ) -> None:
        self._settings, self._clock, self._stopping = settings, clock, stopping
        self._fatal: Exception | None = None
        self._tidied_s = clock.mono()
        self._built = built
        self._own = {name: one.settings for name, one in built.items()}
        self._open_queue()
        self._build_intake(store)
        self._pictures = PictureReader(store)
        self._build_workers()
        self._build_link()
        self._connect_destinations()
        self._build_status()

    def _open_queue(self) -> None:
        try:
            self._queue = NotificationQueue(
                self._settings.notify.state / FILE, self._own, self._clock
            )
        except QueueError as error:
            raise CannotRun(str(error)) from error
        self._book = AlarmBook(self._queue)

    def _build_intake(self, store: ObjectStore | None) -> None:
        """Who plans notices: of messages, of what the broker did not keep, of faults."""
        own, clock = self._settings.notify, self._clock
        keyring = open_keys(self._settings).keyring
        if keyring is None:
            log(Event.VERDICTS_UNSIGNED, reason="no trusted_keys: give the workers' public key")
        policy = NotifyPolicy(rules=own.rules, destinations=self._own)
        self._intake = NotifyIntake(self._settings.root, own, policy, self._book, keyring, clock)
        self._catch_up = _catch_up(
            self._settings, store, self._intake, keyring, clock, self._stopping
        )
        self._faults = FaultWatch(own, policy, self._book, self._intake, clock)

    def _build_workers(self) -> None:
        """A thread for each destination."""
        queue, pictures, clock = self._queue, self._pictures, self._clock
        self._workers = [
            DestinationWorker(name, one, queue, pictures, clock, random.Random())
            for name, one in self._built.items()
        ]
        self._threads = [
            threading.Thread(
                target=worker.run,
                args=(self._stopping,),
                name=f"notify-{worker.name}",
                daemon=True,
            )
            for worker in self._workers
        ]

    def _build_link(self) -> None:
        self._link = Link(
            replace(
                link_settings(self._settings),
                client_id=self._settings.client_id or CLIENT_ID,
                clean=False,
                session_expiry_s=self._settings.notify.session_s,
                manual_ack=True,
            ),
            on_fatal=self._end,
            on_message=self._intake.receive,
            subscriptions=self._intake.subscriptions(),
            clock=self._clock,
        )

    def _connect_destinations(self) -> None:
        """Gives each what of the process it needs: sirens the link, phones who subscribed."""
        self._centres: dict[str, AlarmCentre] = {}
        for name, one in self._built.items():
            match one.destination:
                case AlarmCentre() as centre:
                    self._centres[name] = centre
                case DeterOutput() as output:
                    output.use(self._link)
                case WebPush() as push:
                    push.use(SubscriptionBook(self._queue))

    def _build_status(self) -> None:
        registry = CollectorRegistry()
        registry.register(LinkCollector(lambda: {"uplink": self._link.state()}))
        registry.register(NotifyCollector(self._queue.backlogs, lambda: dict(self._intake.counts)))
        host, port = self._settings.metrics_host, self._settings.metrics_port
        self._status = StatusServer(host, port, registry, self.health)

    def start(self) -> None:
        """Raises `SettingsError` if the port of the metrics is taken."""
        try:
            self._status.start()
        except OSError as error:
            raise SettingsError(f"metrics cannot listen: {error.strerror}") from error
        self._pictures.start()
        for thread in self._threads:
            thread.start()
        if self._catch_up is not None:
            self._catch_up.start(self._book, self._settings.notify.catch_up_s)
        self._link.start()
        log(Event.DAEMON_READY, broker=self._settings.broker, root=self._settings.root)

    def watch(self, notifier: SystemdNotifier) -> None:
        """Returns when it is time to stop."""
        while not self._clock.wait(self._stopping, CONTROL_S):
            self._turn()
            health = self.health()
            if not all(thread.is_alive() for thread in self._threads):
                self._end(RuntimeError("the thread of a destination ended unasked"))
            elif health.status != "unhealthy":
                notifier.alive()
            notifier.status(health.status)
            events.flush()

    def stop(self) -> int:
        """Leaves in order; 1 if something was broken. What is under way is sent again later."""
        log(Event.DAEMON_STOPPING, reason=repr(self._fatal) if self._fatal else "asked to")
        self._link.stop(timeout_s=5.0)
        for wake in self._queue.wake.values():
            wake.set()
        until_s = self._clock.mono() + _LEAVE_S
        for thread in self._threads:
            thread.join(max(0.0, until_s - self._clock.mono()))
        self._status.stop()
        in_time = not any(thread.is_alive() for thread in self._threads)
        log(Event.DAEMON_STOPPED, in_time=in_time)
        if in_time:
            self._queue.close()
        events.flush()
        return 1 if self._fatal else 0

    def health(self) -> Health:
        """Unhealthy if a thread hangs; without broker, disk or a destination degraded."""
        link, now = self._link.state(), self._clock.mono()
        stuck = [one.name for one in self._workers if now - one.turned_at_s > STUCK_S]
        failing = {one.name: one.trouble for one in self._workers if one.trouble}
        failing |= {
            name: f"no supervision of {', '.join(sorted(lines))}"
            for name, centre in self._centres.items()
            if name not in failing and (lines := centre.unsupervised)
        }
        fine = link.ready and not link.conflict and not failing and not self._intake.trouble
        return Health(
            status="unhealthy" if stuck else "ok" if fine else "degraded",
            facts={
                "link_connected": link.connected,
                "link": link.conflict or link.reason,
                "destinations": failing,
            }
            | ({"queue": self._intake.trouble} if self._intake.trouble else {})
            | ({"stuck": stuck} if stuck else {}),
        )

    def _turn(self) -> None:
        self._intake.retry()
        try:
            self._intake.end_events()
            self._faults.turn(self._link.state())
            if self._clock.mono() - self._tidied_s > _TIDY_S:
                self._tidied_s = self._clock.mono()
                self._queue.tidy(self._settings.notify.keep_days)
        except QueueError as error:
            log(Event.NOTIFY_QUEUE_FAILED, reason=str(error))

    def _end(self, error: Exception) -> None:
        self._fatal = error
        log(Event.DAEMON_FAILED, reason=repr(error))
        self._stopping.set()


def _catch_up(
    settings: Settings,
    store: ObjectStore | None,
    intake: NotifyIntake,
    keyring: Keyring | None,
    clock: Clock,
    stopping: threading.Event,
) -> CatchUp | None:
    if store is None or settings.store is None:
        return None
    spec = settings.store
    return CatchUp(
        lambda: open_inventory(spec).list("verdicts/"),
        store,
        intake.take_verdict,
        keyring,
        clock,
        stopping,
    )
