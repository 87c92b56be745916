"""What became of a publication, and the table of those not yet answered.

Used by the MQTT link alone to pair acknowledgements with publications. The table is bounded by
number and bytes; when a connection ends, everything open is settled as `NotConnected`, because the
one who published decides whether to try again.
"""

import threading
from dataclasses import dataclass

PUBACK_S = 10.0
"""So long a step waits for the broker's answer; then it is something else's turn."""

LOST_S = 120.0
"""A broker that keeps its connection alive and has not answered by then has lost the message."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The broker took it (QoS 1), or it was written to the socket (QoS 0)."""

    words: str = "Success"


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker, or a limit of ours, said no; trying the same again will not help."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotConnected:
    """There is no connection, or it ended before the answer; the broker may or may not have it."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No answer within the time given; it may still come."""

    after_s: float


PublishOutcome = Delivered | Refused | NotConnected | TimedOut


class Pending:
    """A publication under way."""

    def __init__(
        self, outcome: PublishOutcome | None = None, topic: str = "", n_bytes: int = 0
    ) -> None:
        self._resolved = threading.Event()
        self._outcome = outcome
        self.topic = topic
        self.n_bytes = n_bytes
        if outcome is not None:
            self._resolved.set()

    def wait(self, timeout_s: float) -> PublishOutcome:
        """The outcome, or `TimedOut`; may be asked again."""
        self._resolved.wait(max(0.0, timeout_s))
        return self._outcome or TimedOut(timeout_s)

    def resolve(self, outcome: PublishOutcome) -> None:
        """The first outcome stays."""
        if not self._resolved.is_set():
            self._outcome = outcome
            self._resolved.set()


class PendingTable:
    """Publications by message id, within the generation of one connection.

    An acknowledgement may come on the network thread before the publisher has learnt the message
    id; it is kept in `_early` until then.
    """

    def __init__(self, max_count: int, max_bytes: int) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._open: dict[int, Pending] = {}
        self._early: dict[int, PublishOutcome] = {}
        self._bytes = 0
        self._generation = 0

    @property
    def generation(self) -> int:
        """Counts connections; an acknowledgement belongs to exactly one."""
        with self._lock:
            return self._generation

    def has_room(self, n_bytes: int) -> bool:
        """Whether one more fits; an empty table takes any size."""
        with self._lock:
            fits = len(self._open) < self._max_count and self._bytes + n_bytes <= self._max_bytes
            return fits or not self._open

    def add(self, mid: int, generation: int, topic: str, n_bytes: int) -> Pending:
        """Enters what was handed to the client during `generation`."""
        pending = Pending(topic=topic, n_bytes=n_bytes)
        with self._lock:
            if generation != self._generation:
                pending.resolve(NotConnected("the connection ended meanwhile"))
            early = self._early.pop(mid, None)
            if early is not None:
                pending.resolve(early)
                return pending
            self._open[mid] = pending
            self._bytes += n_bytes
        return pending

    def resolve(self, mid: int, outcome: PublishOutcome) -> str | None:
        """Pairs the broker's answer with its publication; its topic, if that is known yet."""
        with self._lock:
            pending = self._open.pop(mid, None)
            if pending is None:
                self._early[mid] = outcome
                return None
            self._bytes -= pending.n_bytes
        pending.resolve(outcome)
        return pending.topic

    def abandon(self, reason: str) -> None:
        """The connection is over: nothing open will be answered."""
        with self._lock:
            lost = list(self._open.values())
            self._open.clear()
            self._early.clear()
            self._bytes = 0
            self._generation += 1
        for pending in lost:
            pending.resolve(NotConnected(reason))
