"""A connection to the cloud's broker that knows the fleet as it is.

SHELL. Subscribes to what gateways retain and folds it into `states`; begins when all of it is there
(`settling`). A session of its own, that nothing waits for.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import replace

from cloud.connection import link_settings
from cloud.fleet.states import FleetStates
from cloud.offline import CannotRun
from cloud.settings import Settings
from cloud.settling import Settling
from contract.topics import all_gateways, every_camera
from service.clock import Clock
from service.link import Link, LinkError, Receipt, Subscription

CONNECT_S = 15.0
_LONGEST_S = 120.0
_STOP_S = 5.0

Told = Callable[[str, bytes], None]


class FleetListener:
    """`states` is read and changed under `changed`, which is notified of every message."""

    def __init__(
        self, settings: Settings, clock: Clock, more: tuple[str, ...] = (), told: Told | None = None
    ) -> None:
        """`told` gets what comes on the filters `more`. Raises `CannotRun`."""
        self.states = FleetStates(settings.root)
        self.changed = threading.Condition()
        self._settling, self._clock, self._told = Settling(self.changed, clock), clock, told
        self._others = tuple(one.removesuffix("#") for one in more)
        root = settings.root
        filters = [all_gateways(leaf, root) for leaf in ("status", "info", "health", "stats")]
        filters += [every_camera("status", root), every_camera("health", root), *more]
        try:
            chosen = link_settings(settings)
        except LinkError as error:
            raise CannotRun(str(error)) from error
        own = replace(
            chosen,
            name="fleet",
            client_id=settings.client_id or f"stillwatch-fleet-{secrets.token_hex(6)}",
            reconnect_max_s=5.0,
        )
        self._where = f"{own.host}:{own.port}"
        self.link = Link(
            own,
            on_fatal=lambda _error: None,
            on_message=self._take,
            subscriptions=[Subscription(filter=one, qos=0) for one in filters],
            clock=clock,
        )

    def start(self, settle_s: float) -> None:
        """Returns when everything retained is known; raises `CannotRun` without a broker."""
        self.link.start()
        if not self.link.wait_ready(CONNECT_S):
            reason = self.link.state().reason
            self.stop()
            raise CannotRun(f"broker {self._where}: {reason}")
        self._settling.wait(settle_s, _LONGEST_S)

    def stop(self) -> None:
        """Ends the connection."""
        self.link.stop(_STOP_S)

    def _take(self, topic: str, payload: bytes, retained: bool, ack: Receipt) -> None:
        ack()
        with self.changed:
            self._settling.heard(retained)
            if self._told is not None and topic.startswith(self._others):
                self._told(topic, payload)
            else:
                self.states.take(topic, payload, self._clock.mono())
            self.changed.notify_all()
