"""The fleet as it is: what gateways retain at the cloud's broker, folded into `states`.

SHELL, by way of `retained_link`. Called by `command` and `watching`.
"""

from __future__ import annotations

from collections.abc import Callable

from cloud.broker.retained_link import RetainedLink
from cloud.fleet.states import FleetStates
from cloud.settings import Settings
from contract.topics import all_gateways, every_camera
from service.clock import Clock

Told = Callable[[str, bytes], None]


class FleetListener(RetainedLink):
    """`states` is read and changed under `changed`, which is notified of every message."""

    def __init__(
        self, settings: Settings, clock: Clock, more: tuple[str, ...] = (), told: Told | None = None
    ) -> None:
        """`told` gets what comes on the filters `more`. Raises `CannotRun`."""
        root = settings.root
        self.states = FleetStates(root)
        others = tuple(one.removesuffix("#") for one in more)

        def heard(topic: str, payload: bytes) -> None:
            if told is not None and topic.startswith(others):
                told(topic, payload)
            else:
                self.states.take(topic, payload, clock.mono())

        filters = [all_gateways(leaf, root) for leaf in ("status", "info", "health", "stats")]
        filters += [every_camera("status", root), every_camera("health", root), *more]
        super().__init__(settings, "fleet", filters, heard, clock)
