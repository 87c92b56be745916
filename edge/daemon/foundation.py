"""What the other parts of a gateway stand on: what is in force, counted, and kept over a restart.

SHELL, though it decides nothing. Nothing here has a thread or a connection. Laid by `gateway`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract.ids import CameraId, GatewayId
from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.load import Loaded
from edge.daemon.in_force import InForce
from edge.daemon.open_outbox import open_outbox_of
from edge.daemon.status_messages import StatusMessages
from edge.daemon.verdict_queue import VerdictQueue
from edge.deliver.outbox import Outbox
from edge.detect.networks import OpenDetectors
from edge.health.clocksync import WRITTEN_AT, ClockSync
from edge.health.gateway_health import GatewayHealth
from edge.metrics.counters import Counters, Timings
from edge.static_objects.store import StaticStore
from service.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """`synchronised` is whether the wall clock is trusted, `epoch` counts the starts."""

    clock: Clock
    topics: Topics
    synchronised: ClockSync
    counters: Counters
    timings: Timings
    health: GatewayHealth
    in_force: InForce
    outbox: Outbox
    static: StaticStore
    verdict_queue: VerdictQueue
    epoch: int
    status_messages: StatusMessages

    def answered(self, verdict: Verdict) -> None:
        """The cloud decided: memory and cooldowns of the camera's thread take it up."""
        self.static.add_verdict(verdict)
        self.verdict_queue.add(verdict)


def lay_foundation(
    loaded: Loaded,
    clock: Clock,
    followed: Callable[[], tuple[CameraId, ...]],
    open_networks: OpenDetectors,
) -> Foundation:
    """`followed`: the cameras that sent something. Raises `ModelError`, `OutboxInUse`."""
    config = loaded.config
    topics = Topics(gateway=GatewayId(config.gateway.id), root=config.deliver.root)
    counters, synchronised = Counters(), ClockSync(clock, floor=WRITTEN_AT)
    in_force = InForce(loaded, topics, clock, synchronised, followed, open_networks)
    outbox = open_outbox_of(config, clock, counters, synchronised)
    static, epoch = StaticStore(config.deliver.outbox.path, clock), outbox.next_epoch()
    messages = StatusMessages(topics, in_force.live, in_force.model_sha256, counters, outbox, clock)
    messages.add_to_info(in_force.controls.facts)
    return Foundation(
        clock=clock,
        topics=topics,
        synchronised=synchronised,
        counters=counters,
        timings=Timings(),
        health=GatewayHealth(clock),
        in_force=in_force,
        outbox=outbox,
        static=static,
        verdict_queue=VerdictQueue(),
        epoch=epoch,
        status_messages=messages,
    )
