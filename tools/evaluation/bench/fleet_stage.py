"""Simulated gateways for the figures of a fleet: the real link, topics, messages and checks,
without cameras.

SHELL. Each has a connection and a thread of its own, and `AT_ONCE` of them a process. Births, the
last will, statistics and what is said of an order are written by the edge's own code, and an order
is opened by `contract.update`.
What would be on a gateway's disk is in memory. Called by `fleet`.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

from contract.envelope import Refusal
from contract.ids import GatewayId
from contract.rotation import read_root
from contract.topics import Topics
from contract.trust import TrustedState
from contract.update import ConfigOrder, OpenedOrder, open_order
from edge.config.live import Live
from edge.config.load import read
from edge.config.schema import OutboxConfig
from edge.daemon.connections import uplink_settings
from edge.daemon.identity import Identity
from edge.daemon.status_messages import StatusMessages
from edge.deliver.outbox import Outbox, open_outbox
from edge.metrics.counters import Counters
from edge.update.inbox import Inbox
from edge.update.machine import UpdateStage
from edge.update.messages import UpdateMessages
from edge.update.outcomes import facts
from edge.update.store import Attempt, KeptUpdate, UpdateRecord
from service import events
from service.clock import Clock, SystemClock
from service.link import Link, Publication, Receipt

AT_ONCE = 250
"""In one process: paho waits by select(), which knows 1,024 descriptors, and a link has three."""

_STACK_BYTES = 512 * 1024
_STOP_S = 30.0


class SimulatedGateway:
    """One of them; `opened` and `refused` are what became of the orders that came, `connected_at_s`
    when the broker accepted it."""

    def __init__(
        self, live: Live, outbox: Outbox, topics: Topics, trusted: TrustedState, clock: Clock
    ) -> None:
        self._topics, self._clock, self._live = topics, clock, live
        self._trusted, self._record = trusted, UpdateRecord()
        self.connected_at_s: list[float] = []
        self.opened: list[OpenedOrder] = []
        self.refused: list[Refusal] = []
        model = "0" * 64
        self._status = StatusMessages(topics, live, lambda: model, Counters(), outbox, clock)
        self._status.of_update(lambda: facts(self._record, UpdateRecord()))
        self._updates = UpdateMessages(topics, "config")
        self._inbox = Inbox(topics, lambda: None, clock)
        self.link = Link(
            replace(
                uplink_settings(live.current.config, Identity(topics.gateway, kept=True)),
                will=self._status.status("offline"),
            ),
            on_fatal=_fatal,
            on_message=self._take,
            subscriptions=self._inbox.subscriptions(),
            on_connect=self._births,
            clock=clock,
        )

    def say_stats(self) -> None:
        """As a gateway does at its interval."""
        said = self._status.stats()
        self.link.publish(said.topic, said.payload, said.qos, said.retain)

    def stop(self) -> None:
        """With the farewell of a gateway that is switched off."""
        self.link.stop(_STOP_S, (self._status.status("stopped"),))

    def _births(self) -> Iterator[Publication]:
        self.connected_at_s.append(self._clock.mono())
        yield self._status.status("online")
        yield self._status.info()
        yield from self._updates.standing(self._record, self._live.current.sha256)

    def _take(self, topic: str, payload: bytes, retained: bool, ack: Receipt) -> None:
        ack()
        self._inbox.on_message(topic, payload, retained)
        while (arrival := self._inbox.take(("root", "config"))) is not None:
            if arrival.what == "config":
                self._obey(arrival.content)

    def _obey(self, content: bytes) -> None:
        now, gateway = self._clock.now(), self._topics.gateway
        found = open_order(content, "config", self._trusted, gateway, (), now)
        if isinstance(found, Refusal):
            self.refused.append(found)
            return
        self.opened.append(found)
        if found.again or not isinstance(found.order, ConfigOrder):
            return
        self._trusted = self._trusted.with_accepted("config", found.order.version, found.digest)
        kept = KeptUpdate(
            version=found.order.version, digest=found.digest, content=found.order.patch
        )
        for stage in (UpdateStage.VERIFIED, UpdateStage.IN_WINDOW, UpdateStage.APPLIED):
            attempt = Attempt(**kept.model_dump(), state=stage, at=now)
            applied = kept if stage is UpdateStage.APPLIED else self._record.applied
            self._record = UpdateRecord(applied=applied, attempt=attempt)
            for said in self._updates.advanced(self._record, self._live.current.sha256):
                self.link.publish(said.topic, said.payload, said.qos, said.retain)


@contextmanager
def fleet(
    numbers: range, port: int, root: str, trust: Path, folder: Path
) -> Iterator[Sequence[SimulatedGateway]]:
    """Gateways of these numbers, not started yet; those that were are stopped at the end. Raises
    `ValueError` if the file is no root of trust."""
    first = read_root(trust.read_bytes())
    if isinstance(first, Refusal):
        raise ValueError(first.detail)
    clock, state = SystemClock(), TrustedState(root=first)
    before = threading.stack_size(_STACK_BYTES)
    with ExitStack() as stack:
        stack.callback(threading.stack_size, before)
        settings = OutboxConfig(path=folder / "outbox")
        outbox = open_outbox(settings, clock, lambda _loss: None)
        stack.callback(outbox.close)
        made = [
            SimulatedGateway(
                Live(read(_document(number, port, root), {})),
                outbox,
                Topics(gateway=GatewayId(_name(number)), root=root),
                state,
                clock,
            )
            for number in numbers
        ]
        stack.callback(_stop, made)
        yield made


def start(gateways: Sequence[SimulatedGateway]) -> None:
    """All at once."""
    for one in gateways:
        one.link.start()


@dataclass(frozen=True, slots=True)
class GatewayTally:
    """What became of one gateway: when the broker accepted it, orders obeyed, and refused."""

    connected_at_s: Sequence[float]
    obeyed: int
    refused: int


def tally(one: SimulatedGateway) -> GatewayTally:
    """As of now."""
    obeyed = sum(not opened.again for opened in one.opened)
    return GatewayTally(tuple(one.connected_at_s), obeyed, len(one.refused))


class FleetProcesses:
    """Any number of gateways, in as many processes as they need; started when it is entered."""

    def __init__(self, count: int, port: int, root: str, trust: Path, folder: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._children: list[tuple[BaseProcess, Connection]] = []
        for first in range(0, count, AT_ONCE):
            numbers = range(first, min(count, first + AT_ONCE))
            ours, theirs = context.Pipe()
            place = folder / str(first)
            child = context.Process(target=_serve, args=(theirs, numbers, port, root, trust, place))
            self._children.append((child, ours))

    def __enter__(self) -> Self:
        for process, _ in self._children:
            process.start()
        self._ask("ready")
        return self

    def __exit__(self, *_reason: object) -> None:
        self._ask("stop")
        for process, _ in self._children:
            process.join(2 * _STOP_S)

    def start(self) -> None:
        """All connect."""
        self._ask("start")

    def talk(self) -> None:
        """Each says its statistics once."""
        self._ask("talk")

    def tallies(self) -> list[GatewayTally]:
        """Of all."""
        return [one for found in self._ask("tally") for one in found]

    def _ask(self, what: str) -> list[list[GatewayTally]]:
        for _, pipe in self._children:
            pipe.send(what)
        return [other.recv() for _, other in self._children]


def _serve(
    pipe: Connection, numbers: range, port: int, root: str, trust: Path, folder: Path
) -> None:
    """A process of gateways, which does what it is asked."""
    events.configure(level="error")
    with fleet(numbers, port, root, trust, folder) as gateways:
        while (asked := pipe.recv()) != "stop":
            if asked == "start":
                start(gateways)
            elif asked == "talk":
                for one in gateways:
                    one.say_stats()
            pipe.send([tally(one) for one in gateways])
    pipe.send([])


def _stop(gateways: Sequence[SimulatedGateway]) -> None:
    for one in gateways:
        if one.connected_at_s:
            one.stop()


def _name(number: int) -> str:
    return f"gw-{number:05}"


def _document(number: int, port: int, root: str) -> bytes:
    lines = [
        f"gateway: {{id: {_name(number)}}}",
        f"intake: {{broker: {{host: 127.0.0.1, port: {port}}}}}",
        f"deliver: {{root: {root}}}",
    ]
    return "\n".join(lines).encode()


def _fatal(error: Exception) -> None:
    raise error
