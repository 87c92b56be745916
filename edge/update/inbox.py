"""Orders as they come: over MQTT, or in a file that somebody dropped.

SHELL. A message is put aside on the network thread, with its size checked and nothing of it read;
the control loop takes what waits. Orders are retained, so the broker repeats them after each
connect: one that was taken already is passed over. Made by `edge.daemon.updates`.
"""

from __future__ import annotations

import hashlib
import math
import stat
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contract.envelope import MAX_ENVELOPE_BYTES
from contract.topics import Topics
from service.clock import Clock
from service.link import Subscription

Ordered = Literal["root", "config", "model"]

MOST_WAITING = 8
"""Orders of a kind that wait for the control loop; the newest count."""
FILE_S = 2.0
"""How often the file is looked at."""


@dataclass(frozen=True, slots=True)
class OrderArrival:
    """Bytes that may be an order of this kind."""

    what: Ordered
    content: bytes


class Inbox:
    """What came and was not taken yet; `dropped` counts what gave way to newer ones."""

    def __init__(self, topics: Topics, file: Callable[[], Path | None], clock: Clock) -> None:
        """`file` is where an order of configuration may be dropped."""
        self._topics: Mapping[str, Ordered] = {
            topics.of_trust(): "root",
            topics.of_update("config", "desired"): "config",
            topics.of_update("model", "desired"): "model",
        }
        self._file, self._clock = file, clock
        self._lock = threading.Lock()
        self._waiting: deque[OrderArrival] = deque()
        self._taken: dict[Ordered, bytes] = {}
        self._looked_at_s = -math.inf
        self._stamp: tuple[int, int, int] | None = None
        self.dropped = 0

    def subscriptions(self) -> tuple[Subscription, ...]:
        """A broker that refuses one keeps nobody from watching."""
        return tuple(Subscription(filter=one, qos=1, optional=True) for one in self._topics)

    def on_message(self, topic: str, payload: bytes, retained: bool) -> bool:
        """Put aside what was published; False if the topic is another. An empty payload is an order
        that the operator took back from the broker: nothing is asked."""
        what = self._topics.get(topic)
        if what is None:
            return False
        seen = retained and self._taken.get(what) == _digest(payload)
        if payload and not seen:
            self.add(OrderArrival(what, payload[: MAX_ENVELOPE_BYTES + 1]))
        return True

    @property
    def waits(self) -> bool:
        """Whether anything does."""
        return bool(self._waiting)

    def take(self, kinds: Collection[Ordered]) -> OrderArrival | None:
        """What of these waits longest, a root before all orders, whose keys it may name; None if
        nothing does. Call it on each turn of the control loop."""
        self._look()
        with self._lock:
            of_kinds = [one for one in self._waiting if one.what in kinds]
            if not of_kinds:
                return None
            taken = next((one for one in of_kinds if one.what == "root"), of_kinds[0])
            self._waiting.remove(taken)
        self._taken[taken.what] = _digest(taken.content)
        return taken

    def add(self, arrival: OrderArrival) -> None:
        """Put aside; what waits longest of its kind gives way where there is no room."""
        with self._lock:
            of_kind = [one for one in self._waiting if one.what == arrival.what]
            if len(of_kind) >= MOST_WAITING:
                self._waiting.remove(of_kind[0])
                self.dropped += 1
            self._waiting.append(arrival)

    def _look(self) -> None:
        """Takes the file whenever it is another one than before."""
        now, file = self._clock.mono(), self._file()
        if file is None or now - self._looked_at_s < FILE_S:
            return
        self._looked_at_s = now
        try:
            found = file.stat()
            if not stat.S_ISREG(found.st_mode):  # a pipe would hold the control loop
                return
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            with file.open("rb") as opened:
                content = opened.read(MAX_ENVELOPE_BYTES + 1)
        except OSError:  # no order lies there, or not yet
            return
        self._stamp = stamp
        if content:
            self.add(OrderArrival("config", content))


def _digest(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()
