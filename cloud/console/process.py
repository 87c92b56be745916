"""What runs behind the console's pages: the index that follows the broker, and escalation.

SHELL (threads). The pages are served even while the broker is away; what came meanwhile is brought
in from the store at the start and by `reindex`. Called by `command`.
"""

from __future__ import annotations

import threading
from dataclasses import asdict

from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from cloud.broker.retained_link import RetainedLink
from cloud.confirm.offline import CannotRun
from cloud.console.app import open_parts
from cloud.console.escalation import Escalation
from cloud.console.fleet_book import FleetBook
from cloud.console.sites import Sites
from cloud.console.tables import AccountsError
from cloud.index.alarm_index import AlarmIndex
from cloud.index.alarm_store import AlarmStore
from cloud.index.database import IndexUnusable, open_index
from cloud.index.following import AlarmFollower, AlarmReader
from cloud.index.rebuilding import Rebuilding
from cloud.index.telling import OutcomeTeller
from cloud.keys import open_keys
from cloud.settings import Settings, SettingsError
from contract.topics import all_gateways, all_updates, every_camera, fleet_gaps
from objectstore.inventory import open_inventory
from objectstore.store import ObjectStore, StoreError
from service import events
from service.clock import Clock
from service.events import Event, log
from service.notify import SystemdNotifier

_PATIENCE_S = 5.0


class ConsoleProcess:
    """`parts` for the pages; `start` and `stop` for what runs beside them."""

    def __init__(self, settings: Settings, store: ObjectStore, clock: Clock) -> None:
        """Raises `SettingsError`, `CannotRun`."""
        try:
            index = AlarmIndex(open_index(settings.index.url, settings.index.password_file), clock)
        except IndexUnusable as error:
            raise SettingsError(str(error)) from error
        own, keys = settings.console, open_keys(settings)
        alarms = AlarmStore(store, keys)
        book = FleetBook(settings.root, clock)
        self._fleet = RetainedLink(settings, "console", _retained(settings.root), book.take, clock)
        teller = OutcomeTeller(self._fleet.link, settings.root, keys.signer)
        try:
            self.parts = open_parts(own, index, alarms, store, book, clock, teller.tell)
        except AccountsError as error:
            raise CannotRun(str(error)) from error
        reader = AlarmReader(index, alarms, keys.keyring, settings.root, clock)
        self._follower = AlarmFollower(settings, reader, clock, CollectorRegistry())
        self._rebuilding = Rebuilding(index, alarms, open_inventory(settings.store or ""))
        escalation = Escalation(index, self.parts.desk, Sites(own), own.escalate_to, clock)
        self._stopping, self._served = threading.Event(), False
        self._escalating = threading.Thread(
            target=escalation.run, args=(self._stopping,), name="escalation", daemon=True
        )
        catching_up = threading.Thread(target=self._catch_up, name="catch-up", daemon=True)
        self._threads = [catching_up, self._escalating]

    def start(self) -> None:
        """Follows the broker, whether it is there already or not."""
        self._follower.start()
        self._fleet.link.start()
        for thread in self._threads:
            thread.start()

    def tell(self, notifier: SystemdNotifier) -> None:
        """The supervisor, now and then while pages are served: ready at first, then alive as long
        as alarms escalate."""
        if not self._served:
            self._served = True
            notifier.ready()
            log(Event.DAEMON_READY)
        if self._escalating.is_alive():
            notifier.alive()
        there = self._fleet.link.state().connected
        notifier.status("ok" if there else "degraded: no connection to the broker")
        events.flush()

    def stop(self) -> None:
        """Takes nothing more."""
        log(Event.DAEMON_STOPPING, reason="asked to")
        self._stopping.set()
        self._follower.stop(_PATIENCE_S)
        self._fleet.stop()
        log(Event.DAEMON_STOPPED)
        events.flush()

    def _catch_up(self) -> None:
        """What came while nobody followed."""
        try:
            counts = self._rebuilding.run(whole=False)
        except (StoreError, SQLAlchemyError) as error:
            log(Event.INDEX_DELAYED, reason=" ".join(str(error).split())[:400])
        else:
            log(Event.INDEX_REBUILT, **asdict(counts))


def _retained(root: str) -> list[str]:
    """All that the pages of fleet and cameras show."""
    of_gateways = [all_gateways(leaf, root) for leaf in ("status", "info", "health", "stats")]
    of_cameras = [every_camera(leaf, root) for leaf in ("status", "health")]
    of_updates = [
        all_updates(kind, leaf, root)
        for kind in ("config", "model")
        for leaf in ("desired", "reported", "rejected")
    ]
    return [*of_gateways, *of_cameras, *of_updates, f"{fleet_gaps(root)}/#"]
