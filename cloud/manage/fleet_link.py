"""The operator's connection to the cloud's broker: hears what gateways retain, and publishes.

SHELL. A session of its own for each command, which begins when what is retained is there
(`settling`). Raises `CannotRun`.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType
from typing import Self

from cloud.connection import link_settings
from cloud.manage.gateways import KnownGateway, take
from cloud.offline import CannotRun
from cloud.settings import Settings
from cloud.settling import Settling
from contract.ids import GatewayId
from contract.topics import all_gateways, all_updates, gateway_of
from service.clock import Clock
from service.link import Delivered, Link, Receipt, Subscription

QUIET_S = 1.0
_LONGEST_S = 60.0
_CONNECT_S = 15.0
_STOP_S = 5.0
_PUBACK_S = 15.0
_BATCH = 500
"""Publications that wait for the broker's word at once."""

MAX_GATEWAYS = 200_000


class FleetLink:
    """Connected while it is entered."""

    def __init__(self, settings: Settings, clock: Clock, client_id: str | None = None) -> None:
        self.root = settings.root
        self._clock = clock
        self._changed = threading.Condition()
        self._gateways: dict[GatewayId, KnownGateway] = {}
        self._settling = Settling(self._changed, clock)
        own = replace(
            link_settings(settings),
            name="operator",
            client_id=client_id or f"stillwatch-operator-{secrets.token_hex(6)}",
            receive_maximum=1_000,
            reconnect_max_s=5.0,
        )
        self._where = f"{own.host}:{own.port}"
        self._link = Link(
            own,
            on_fatal=lambda _error: None,
            on_message=self._take,
            # QoS 0: Mosquitto drops what is beyond 1,000 queued messages of QoS 1, retained or not
            subscriptions=[Subscription(filter=one, qos=0) for one in _filters(settings.root)],
            clock=clock,
        )

    def __enter__(self) -> Self:
        self._link.start()
        if not self._link.wait_ready(_CONNECT_S):
            reason = self._link.state().reason
            self._link.stop(_STOP_S)
            raise CannotRun(f"broker {self._where}: {reason}")
        self._settling.wait(QUIET_S, _LONGEST_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._link.stop(_STOP_S)

    @property
    def connected(self) -> bool:
        """Whether what is known is up to date."""
        return self._link.ready

    def gateways(self) -> dict[GatewayId, KnownGateway]:
        """As of now."""
        with self._changed:
            return dict(self._gateways)

    def wait_change(self, timeout_s: float) -> None:
        """Until something more was heard, or the time is over."""
        with self._changed:
            self._changed.wait(timeout_s)

    def retain(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publishes topic and payload of each, retained; the broker has all on return."""
        waiting = list(messages)
        for start in range(0, len(waiting), _BATCH):
            sent = [
                (topic, self._link.publish(topic, payload, retain=True))
                for topic, payload in waiting[start : start + _BATCH]
            ]
            for topic, pending in sent:
                outcome = pending.wait(_PUBACK_S)
                if not isinstance(outcome, Delivered):
                    raise CannotRun(f"{topic} could not be published: {outcome}")

    def _take(self, topic: str, payload: bytes, retained: bool, ack: Receipt) -> None:
        ack()
        found = gateway_of(topic, self.root)
        with self._changed:
            self._settling.heard(retained)
            if found is not None and self._has_room(found[0]):
                gateway, leaf = found
                known = self._gateways.get(gateway, KnownGateway())
                self._gateways[gateway] = take(known, leaf, payload)
            self._changed.notify_all()

    def _has_room(self, gateway: GatewayId) -> bool:
        return gateway in self._gateways or len(self._gateways) < MAX_GATEWAYS


def _filters(root: str) -> list[str]:
    of_gateways = [all_gateways(leaf, root) for leaf in ("info", "status", "health", "stats")]
    of_updates = [
        all_updates(kind, leaf, root)
        for kind in ("config", "model")
        for leaf in ("desired", "reported", "rejected")
    ]
    return of_gateways + of_updates
