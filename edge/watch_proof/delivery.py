"""Brings the entries of the proof of watch to the cloud, each until it says that it keeps it.

SHELL. One at a time and in order, so a day's outage is made up for within a minute; again after a
time that grows while nobody answers. The newest is retained at the site's broker, too. `on_message`
is for the network thread, the rest for the control loop. Made by `daemon.watch`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contract.envelope import Refusal
from contract.signature import Keyring
from contract.topics import Topics
from contract.watch import SealedEntry
from contract.watch_kept import WatchKept, read_kept
from edge.watch_proof.files import WatchFiles
from service.clock import Clock
from service.events import Event, log
from service.link import Publication, Subscription

_FIRST_S, _LONGEST_S = 15.0, 900.0
_LOOK_S = 30.0
"""Between looks for entries that wait, unless there is reason to look."""
_LAST = 8
"""Entries that a farewell brings to the cloud: a gateway that never comes back leaves no hole that
the network did not make. After a long outage the next start sends the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRoads:
    """`cloud_ready`: whether the uplink is there; both publish without waiting; `keyring` has the
    cloud's keys, if they are known."""

    cloud_ready: Callable[[], bool]
    to_cloud: Callable[[Publication], None]
    to_site: Callable[[Publication], None]
    keyring: Callable[[], Keyring | None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    key_id: str
    one: SealedEntry


class WatchDelivery:
    """Of all entries that the gateway has."""

    def __init__(self, files: WatchFiles, topics: Topics, roads: WatchRoads, clock: Clock) -> None:
        self._files, self._topics, self._roads, self._clock = files, topics, roads, clock
        self._lock = threading.Lock()
        self._answers: list[WatchKept] = []
        self._waiting: _Waiting | None = None
        self._newest: SealedEntry | None = None
        self._pause_s, self._again_at_s, self._look_at_s = _FIRST_S, 0.0, 0.0
        self._was_ready = False
        self.waits = 0

    def subscriptions(self) -> tuple[Subscription, ...]:
        """At the cloud's broker."""
        return (Subscription(filter=self._topics.of_watch_kept(), optional=True),)

    def on_message(self, topic: str, payload: bytes) -> bool:
        """Whether it is the cloud's word on an entry; what cannot be believed is logged."""
        if topic != self._topics.of_watch_kept():
            return False
        kept = read_kept(payload, self._roads.keyring())
        if isinstance(kept, Refusal):
            log(Event.MESSAGE_REFUSED, link="uplink", topic=topic, reason=kept.detail)
            return True
        with self._lock:
            self._answers = [*self._answers[-15:], kept]
        return True

    def on_connect(self) -> Iterator[Publication]:
        """What is retained at the site's broker."""
        if self._newest is not None:
            yield self._publication(self._newest)

    def on_stop(self) -> Iterator[Publication]:
        """For both brokers: what the cloud has not, in order, and the newest last."""
        try:
            left = [(one, number) for one in self._files.key_ids() for number in self._left(one)]
            found = [self._files.read(*one) for one in left[-_LAST:]]
        except OSError as error:
            log(Event.WATCH_UNKEPT, reason=str(error))
            found = []
        last = [self._publication(one) for one in found if one is not None]
        yield from last or self.on_connect()

    def closed(self, within_s: float = 0.0) -> None:
        """There is another entry, to be sent so soon."""
        self._look_at_s = self._clock.mono() + within_s

    def tick(self) -> None:
        """Once a turn of the control loop."""
        try:
            self._settle()
            self._look()
        except OSError as error:  # a bad disk ends nothing; the recorder says it in health
            log(Event.WATCH_UNKEPT, reason=str(error))
            self._look_at_s = self._clock.mono() + _LOOK_S
            return
        self._send()

    def _settle(self) -> None:
        with self._lock:
            answers, self._answers = self._answers, []
        for kept in answers:
            waiting = self._waiting
            if waiting is None or waiting.one.sha256 != kept.sha256:
                continue
            self._files.set_delivered(waiting.key_id, waiting.one.entry.number)
            self._waiting, self._look_at_s = None, 0.0
            self._pause_s, self._again_at_s = _FIRST_S, 0.0

    def _look(self) -> None:
        """For the oldest that waits, and whether there is a newer one."""
        now = self._clock.mono()
        if now < self._look_at_s:
            return
        self._look_at_s = now + _LOOK_S
        found: _Waiting | None = None
        waits, newest = 0, None
        for key_id in self._files.key_ids():
            numbers, left = self._files.numbers(key_id), self._left(key_id)
            waits += len(left)
            newest = (key_id, numbers[-1]) if numbers else newest
            found = found or self._first(key_id, left)
        self.waits, self._waiting = waits, found
        if newest is not None:
            self._show(*newest)

    def _left(self, key_id: str) -> list[int]:
        """Numbers of the entries that the cloud has not, in order."""
        delivered = self._files.delivered(key_id)
        return [number for number in self._files.numbers(key_id) if number > delivered]

    def _first(self, key_id: str, numbers: list[int]) -> _Waiting | None:
        """The oldest that can be read; one that is damaged here is missing there, and shows."""
        for number in numbers:
            one = self._files.read(key_id, number)
            if one is not None:
                return _Waiting(key_id, one)
        return None

    def _show(self, key_id: str, number: int) -> None:
        shown = self._newest
        if shown is not None and shown.entry.number == number:
            return
        self._newest = self._files.read(key_id, number)
        if self._newest is not None:
            self._roads.to_site(self._publication(self._newest))

    def _send(self) -> None:
        ready, now = self._roads.cloud_ready(), self._clock.mono()
        if ready and not self._was_ready:
            self._pause_s, self._again_at_s = _FIRST_S, 0.0
        self._was_ready = ready
        if self._waiting is None or not ready or now < self._again_at_s:
            return
        self._again_at_s = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_S)
        self._roads.to_cloud(self._publication(self._waiting.one))

    def _publication(self, one: SealedEntry) -> Publication:
        return Publication(topic=self._topics.of_gateway("watch"), payload=one.content)
