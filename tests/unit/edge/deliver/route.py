"""A courier for tests between an outbox, a store and a scripted link."""

from __future__ import annotations

import random
from pathlib import Path

from contract.cloudevent import read_report
from edge.config.schema import DeliverConfig
from edge.deliver.context import DeliveryContext
from edge.deliver.courier import CloudEndpoint, Courier
from edge.deliver.outbox import Outbox, OutboxEntry
from objectstore.store import StoreError
from service.outcomes import (
    NotConnected,
    PublishOutcome,
)
from tests.unit.edge.deliver.bundles import CAMERA, GATEWAY, bundle, name
from tests.unit.edge.deliver.carriers import BalkyStore, Longest, ScriptedLink
from tests.unit.edge.deliver.site import Site

SUSPECT = f"stillwatch/{GATEWAY}/{CAMERA}/suspect"

AWAY = NotConnected("the connection was lost")


class Route:
    """A courier on its way between an outbox and links and a store of the test's own."""

    def __init__(
        self,
        folder: Path,
        *answers: PublishOutcome,
        failures: tuple[StoreError | None, ...] = (),
        store: Path | None = None,
        chance: random.Random | None = None,
        **deliver: object,
    ) -> None:
        self.site = Site(folder / "outbox")
        self.clock = self.site.clock
        self.outbox: Outbox = self.site.open()
        self.store = BalkyStore(store or folder / "store", *failures)
        self.uplink = ScriptedLink(list(answers))
        self.deliver = DeliverConfig.model_validate({"resend_s": 30, "deadline_s": 600} | deliver)
        self.progress = 0
        self.courier = Courier(
            DeliveryContext(outbox=self.outbox, clock=self.clock, settings=lambda: self.deliver),
            CloudEndpoint(store=self.store, uplink=self.uplink, root="stillwatch"),
            chance or Longest(),
            self._progress,
        )

    def keep(self, *numbers: int) -> None:
        for number in numbers:
            self.outbox.put(bundle(number))

    def step(self) -> bool:
        return self.courier.step()

    def drain(self) -> int:
        """Steps until there is nothing to do at this moment; how many there were."""
        steps = 0
        while self.step():
            steps += 1
            assert steps < 100
        return steps

    def entry(self, number: int) -> OutboxEntry:
        entry = self.outbox.find(name(number))
        assert entry is not None
        return entry

    def reported(self) -> list[str]:
        """The ids of the reports handed to the uplink."""
        return [read_report(payload).report_id for payload in self.uplink.on(SUSPECT)]

    def _progress(self) -> None:
        self.progress += 1
