"""The operator's connection to the cloud's broker: hears what gateways retain, and publishes.

SHELL, by way of `retained_link`. Raises `CannotRun`.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from cloud.broker.retained_link import RetainedLink
from cloud.confirm.offline import CannotRun
from cloud.manage.gateways import KnownGateway, take
from cloud.settings import Settings
from contract.ids import GatewayId
from contract.topics import all_gateways, all_updates, gateway_of
from service.clock import Clock
from service.outcomes import Delivered

QUIET_S = 1.0
_PUBACK_S = 15.0
_BATCH = 500
"""Publications that wait for the broker's word at once."""

MAX_GATEWAYS = 200_000


class FleetLink(RetainedLink):
    """Connected while it is entered."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.root = settings.root
        self._gateways: dict[GatewayId, KnownGateway] = {}
        super().__init__(settings, "operator", _filters(settings.root), self._fold, clock)

    def __enter__(self) -> Self:
        self.start(QUIET_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def connected(self) -> bool:
        """Whether what is known is up to date."""
        return self.link.ready

    def gateways(self) -> dict[GatewayId, KnownGateway]:
        """As of now."""
        with self.changed:
            return dict(self._gateways)

    def retain(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publishes topic and payload of each, retained; the broker has all on return."""
        waiting = list(messages)
        for start in range(0, len(waiting), _BATCH):
            sent = [
                (topic, self.link.publish(topic, payload, retain=True))
                for topic, payload in waiting[start : start + _BATCH]
            ]
            for topic, pending in sent:
                outcome = pending.wait(_PUBACK_S)
                if not isinstance(outcome, Delivered):
                    raise CannotRun(f"{topic} could not be published: {outcome}")

    def _fold(self, topic: str, payload: bytes) -> None:
        found = gateway_of(topic, self.root)
        if found is not None and self._has_room(found[0]):
            gateway, leaf = found
            known = self._gateways.get(gateway, KnownGateway())
            self._gateways[gateway] = take(known, leaf, payload)

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
