"""The proof of watch of the running gateway: what it is made from, and where it goes.

SHELL, though it decides nothing. Made by `gateway`; `daemon` turns and stops it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contract.ids import CameraId
from contract.topics import Topics
from contract.watch_binding import vouch
from edge.config.live import Live
from edge.config.schema import EdgeConfig
from edge.daemon.version import program_version
from edge.enrolment.key_files import KeyFiles, pem
from edge.health.reasons import HealthReason, Problem
from edge.metrics.counters import Counters
from edge.watch_proof.delivery import WatchDelivery, WatchRoads
from edge.watch_proof.files import WatchFiles
from edge.watch_proof.recorder import Voucher, WatchInForce, WatchRecorder, WatchSources
from service.clock import Clock
from service.link import Publication

_SPREAD = 0.01
"""Of an entry's time: a fleet, whose hours end together, does not send at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedParts:
    """What of the gateway is looked at; `epoch` counts its starts."""

    topics: Topics
    config: Callable[[], EdgeConfig]
    live: Live
    model_sha256: Callable[[], str]
    counters: Counters
    epoch: int
    synchronised: Callable[[], bool]


class WatchProof:
    """Writes entries, and brings them to the brokers of site and cloud."""

    def __init__(self, parts: WatchedParts, roads: WatchRoads, clock: Clock) -> None:
        self._parts, self._rng = parts, random.Random()
        state = parts.live.current.config.deliver.outbox.path
        self._enrolled = KeyFiles(state)
        files = WatchFiles(state, parts.topics.gateway)
        sources = WatchSources(
            gateway=parts.topics.gateway,
            run=str(parts.epoch),
            program=program_version(),
            funnels=parts.counters.snapshot,
            in_force=self._in_force,
            vouch=self._vouch,
            synchronised=parts.synchronised,
        )
        self._recorder = WatchRecorder(files, sources, clock)
        self.delivery = WatchDelivery(files, parts.topics, roads, clock)
        self._number = self._recorder.number

    def tick(self) -> None:
        """Once a turn of the control loop."""
        self._recorder.tick()
        every_s = self._parts.config().watch.every_s
        self._told(self._rng.uniform(0.0, _SPREAD * every_s))
        self.delivery.tick()

    def stop(self) -> None:
        """Everything is counted: closes the last entry."""
        self._recorder.stop()
        self._told()
        self.delivery.tick()

    def on_connect(self) -> Iterator[Publication]:
        """The newest entry, for the site's broker."""
        yield from self.delivery.on_connect()

    def on_stop(self) -> Iterator[Publication]:
        """For the brokers of site and cloud: what the cloud has not, the newest last."""
        yield from self.delivery.on_stop()

    def info(self) -> dict[str, object]:
        """For `info`."""
        return {"watch_key": self._recorder.key}

    def stats(self) -> dict[str, object]:
        """For `stats`."""
        return {"number": self._recorder.number, "waiting": self.delivery.waits}

    def problems(self) -> Iterator[Problem]:
        """For the gateway's health."""
        if self._recorder.trouble:
            yield Problem(reason=HealthReason.WATCH_UNKEPT, detail=self._recorder.trouble)

    def _told(self, within_s: float = 0.0) -> None:
        if self._number != self._recorder.number:
            self._number = self._recorder.number
            self.delivery.closed(within_s)

    def _in_force(self) -> WatchInForce:
        config = self._parts.config()
        return WatchInForce(
            config_sha256=self._parts.live.current.sha256,
            model_sha256=self._parts.model_sha256(),
            every_s=config.watch.every_s,
            gap_s=config.watch.gap_s,
            keep=config.watch.keep,
            listed=frozenset(map(CameraId, config.cameras)),
            disarmed=lambda camera: not config.of_camera(camera).armed,
        )

    def _vouch(self, watch_key: str) -> Voucher | None:
        """None where the gateway is not enrolled, or has no certificate yet."""
        if self._parts.live.current.config.enrolment is None:
            return None
        try:
            certificate = self._enrolled.open_certificate()
            if certificate is None:
                return None
            proof = vouch(self._enrolled.open_key(), self._parts.topics.gateway, watch_key)
        except OSError:
            return None
        return Voucher(certificate=pem(certificate), proof=proof)
