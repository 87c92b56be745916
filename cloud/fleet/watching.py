"""`fleet watch`: says when a gateway or camera falls silent and when it is back.

SHELL. Each gap in watching is printed, and published retained on `<root>-fleet/gap/<gateway>` or
`.../<gateway>/<camera>`, with its begin, and again with its end. A gap that was open when an
earlier watcher ended goes on. While the broker is away nothing can be known: that is a gap of its
own, which is told when it is over. Called by `command`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from cloud.fleet.listening import FleetListener
from cloud.fleet.silence import Gap, Gaps, GapSubject, silent
from cloud.settings import Settings
from contract import ijson
from contract.ids import CameraId, GatewayId, is_name
from contract.topics import fleet_gaps
from service.clock import Clock
from service.link import LinkState
from service.metrics import Health
from service.notify import SystemdNotifier
from service.outcomes import NotConnected, Pending, Refused, TimedOut

_TURN_S = 0.5
_STUCK_S = 60.0
_RESTATED_S = 5.0
"""After a reconnect gateways' retained messages come again; before that nobody is called back."""


class FleetWatch:
    """One watcher, until it is asked to stop."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        say: Callable[[Gap], None],
        *,
        silent_s: float,
        after_s: float,
    ) -> None:
        self._clock, self._say, self._silent_s = clock, say, silent_s
        self._root = fleet_gaps(settings.root)
        self._gaps = Gaps(after_s)
        self._told: dict[GapSubject, Gap] | None = {}
        self._fleet = FleetListener(settings, clock, (f"{self._root}/#",), self._resume)
        self._connects, self._there_at = 1, clock.now()
        self._back_at_s = float("-inf")
        self._unanswered: dict[str, tuple[bytes, Pending]] = {}
        """By topic, the newest gap that the broker has not answered for."""
        self.refused = 0
        self._turned_at_s = clock.mono()

    def start(self, settle_s: float) -> None:
        """Raises `CannotRun`."""
        self._fleet.start(settle_s)
        with self._fleet.changed:
            for gap in (self._told or {}).values():
                self._gaps.resume(gap)
            self._told = None
        self._connects = self._fleet.link.state().counters["connects"]
        self._there_at = self._clock.now()

    def run(self, stop: threading.Event, notifier: SystemdNotifier) -> None:
        """Turn after turn, of which the supervisor hears."""
        notifier.ready()
        while not self._clock.wait(stop, _TURN_S):
            self.turn()
            self._turned_at_s = self._clock.mono()
            notifier.alive()
            notifier.status(self.health().status)
        notifier.stopping()
        self._fleet.stop()

    def link_state(self) -> LinkState:
        """Of the connection to the broker."""
        return self._fleet.link.state()

    def health(self) -> Health:
        """Unhealthy if its turns hang; without the broker degraded."""
        link = self.link_state()
        stuck = self._clock.mono() - self._turned_at_s > _STUCK_S
        return Health(
            status="unhealthy" if stuck else "ok" if link.connected else "degraded",
            facts={"link_connected": link.connected, "link": link.reason},
        )

    def turn(self) -> None:
        """Tells what began and what ended since the last turn."""
        if self._is_away():
            return
        self._settle()
        for gap in self._gaps.step(self._silent(), self._clock.now(), self._clock.mono()):
            self._tell(gap)

    def _settle(self) -> None:
        """Counts what was refused; what was lost with its connection is published again."""
        waiting, self._unanswered = self._unanswered, {}
        for topic, (payload, pending) in waiting.items():
            match pending.wait(0):
                case NotConnected():
                    self._publish(topic, payload)
                case TimedOut():
                    self._unanswered[topic] = payload, pending
                case Refused():
                    self.refused += 1

    def _is_away(self) -> bool:
        """Whether the broker is, or was a moment ago; its own gap is told when it is back."""
        state, now = self._fleet.link.state(), self._clock.mono()
        if not state.connected:
            return True
        connects = state.counters["connects"]
        if connects != self._connects:
            lost = Gap(subject=(GatewayId(""), None), reason="broker", begin=self._there_at)
            self._tell(replace(lost, end=max(self._clock.now(), self._there_at)))
            self._connects, self._back_at_s = connects, now
            with self._fleet.changed:
                for known in self._fleet.states.gateways.values():
                    known.heard_at_s = now
        self._there_at = self._clock.now()
        return now - self._back_at_s < _RESTATED_S

    def _silent(self) -> dict[GapSubject, tuple[str, datetime | None]]:
        now = self._clock.mono()
        with self._fleet.changed:
            return {
                subject: (reason, known.seen_at if subject[1] is None else None)
                for name, known in self._fleet.states.gateways.items()
                for subject, reason in silent(name, known, now - known.heard_at_s > self._silent_s)
            }

    def _tell(self, gap: Gap) -> None:
        self._say(gap)
        gateway, camera = gap.subject
        topic = "/".join(part for part in (self._root, gateway, camera) if part)
        self._publish(topic, json.dumps(gap.as_json()).encode())

    def _publish(self, topic: str, payload: bytes) -> None:
        self._unanswered[topic] = payload, self._fleet.link.publish(topic, payload, 1, True)

    def _resume(self, topic: str, payload: bytes) -> None:
        """What an earlier watcher has told; what we tell ourselves comes back later."""
        if self._told is None:
            return
        gap = _read(topic.removeprefix(f"{self._root}/"), payload)
        if gap is not None and gap.end is None:
            self._told[gap.subject] = gap


def _read(name: str, payload: bytes) -> Gap | None:
    """A gap as it was published; None for anything else."""
    gateway, _, camera = name.partition("/")
    if not is_name(gateway) or (camera and not is_name(camera)):
        return None
    try:
        facts = ijson.parse(payload)
        found = facts if isinstance(facts, dict) else {}
        begin = datetime.fromisoformat(str(found.get("begin")))
    except ValueError:
        return None
    if begin.tzinfo is None:
        return None
    return Gap(
        subject=(GatewayId(gateway), CameraId(camera) if camera else None),
        reason=str(found.get("reason"))[:16],
        begin=begin,
        end=None if found.get("end") is None else begin,
    )
