"""What the broker retains of the fleet, for the console's pages.

SHELL (a connection that is made again by itself). States, updates and gaps are folded as their own
rooms fold them; a page takes what it shows under the lock. Called by `process`, read by `fleet` and
`camera`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cloud.fleet.report import details, summary, word
from cloud.fleet.states import FleetStates
from cloud.manage.gateways import KnownGateway, take
from cloud.manage.status import Row, rows
from contract import ijson
from contract.ids import CameraId, GatewayId
from contract.topics import UpdateKind, fleet_gaps, gateway_of
from service.clock import Clock

SILENT_S = 900.0
MAX_GAPS = 10_000
MAX_GAP_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class GapFacts:
    """A gap in watching as `fleet watch` told it; without an end it lasts."""

    gateway: str
    camera: str
    reason: str
    begin: str
    end: str
    seconds: float | None


class FleetBook:
    """`take` folds a message; everything else is as of now."""

    def __init__(self, root: str, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._lock = threading.Lock()
        self._states = FleetStates(root)
        self._updates: dict[GatewayId, KnownGateway] = {}
        self._gaps: dict[str, GapFacts] = {}
        self.heard_at: datetime | None = None

    def take(self, topic: str, payload: bytes) -> None:
        """Whatever it is; what cannot be read changes nothing."""
        with self._lock:
            self.heard_at = self._clock.now()
            if topic.startswith(f"{fleet_gaps(self._root)}/"):
                self._take_gap(topic, payload)
                return
            name = self._states.take(topic, payload, self._clock.mono())
            found = gateway_of(topic, self._root)
            if found is not None and (name is not None or found[0] in self._updates):
                known = self._updates.get(found[0], KnownGateway())
                self._updates[found[0]] = take(known, found[1], payload)

    def gateways(self) -> tuple[GatewayId, ...]:
        """By name."""
        with self._lock:
            return tuple(sorted(self._states.gateways))

    def summaries(self) -> tuple[Mapping[str, object], ...]:
        """A line for each gateway, in the order of their names."""
        now = self._clock.now()
        with self._lock:
            return tuple(
                summary(name, known, now, SILENT_S)
                for name, known in sorted(self._states.gateways.items())
            )

    def details(self, gateway: GatewayId) -> Mapping[str, object] | None:
        """Everything about one; None if nothing was heard of it."""
        with self._lock:
            known = self._states.gateways.get(gateway)
            return None if known is None else details(gateway, known, self._clock.now(), SILENT_S)

    def cameras(self) -> tuple[tuple[GatewayId, CameraId], ...]:
        """All that gateways have said something of."""
        with self._lock:
            return tuple(
                (name, camera)
                for name, known in self._states.gateways.items()
                for camera in known.cameras
            )

    def updates(self, kind: UpdateKind) -> tuple[Row, ...]:
        """What was ordered of each gateway, and what it answered."""
        with self._lock:
            return tuple(rows(self._updates, kind))

    def gaps(self) -> tuple[GapFacts, ...]:
        """Those that last first, then the newest."""
        with self._lock:
            return tuple(
                sorted(self._gaps.values(), key=lambda one: (not one.end, one.begin), reverse=True)
            )

    def _take_gap(self, topic: str, payload: bytes) -> None:
        self._gaps.pop(topic, None)
        if payload and len(payload) <= MAX_GAP_BYTES and len(self._gaps) < MAX_GAPS:
            try:
                said = ijson.parse(payload)
            except ValueError:
                return
            if isinstance(said, dict):
                self._gaps[topic] = _gap(said)


def _gap(said: Mapping[str, object]) -> GapFacts:
    seconds = said.get("seconds")
    return GapFacts(
        gateway=word(said.get("gateway")),
        camera=word(said.get("camera")),
        reason=word(said.get("reason")),
        begin=word(said.get("begin")),
        end=word(said.get("end")),
        seconds=seconds if isinstance(seconds, int | float) else None,
    )
