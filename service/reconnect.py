"""When a lost link tries again, and whether another client takes its place at the broker.

PURE. Each wait has full jitter, the first after a loss too, so that clients which lost a broker
together do not come back together. A broker knows one connection per client id: a second client
with ours ends us, and each ends the other from then on. Such a conflict is known by the broker's
word (MQTT 5: session taken over) or, as MQTT 3.1.1 and some brokers have no word for it, by brief
connections in a row without an outage between them; then the waits grow. Called by `service.link`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from service.backoff import delay_s

TAKEN_OVER = 0x8E
"""MQTT 5's reason code of a disconnection: another client has connected with our id."""

STEADY_S = 60.0
"""Who stays connected so long is not in conflict with anybody."""

BRIEF_IN_A_ROW = 3
"""A broker that is restarted ends a connection or two without an outage that we notice."""


@dataclass(slots=True)
class Reconnects:
    """The tries of one link; times are monotonic seconds."""

    cap_s: float
    rng: random.Random
    failures: int = 0
    brief: int = 0
    taken_over: bool = False
    connected_at_s: float | None = None

    def connected(self, now: float) -> None:
        """The broker accepted us."""
        self.connected_at_s = now
        self.failures = 0

    def failed(self) -> None:
        """A try found no broker, or was refused: whoever ends us would have found one."""
        self.failures += 1
        if not self.taken_over:
            self.brief = 0

    def lost(self, now: float, code: int | None) -> None:
        """The connection ended unasked; `code` is the broker's, None if it said nothing."""
        since_s, self.connected_at_s = self.connected_at_s, None
        steady = since_s is not None and now - since_s >= STEADY_S
        self.taken_over = code == TAKEN_OVER or (self.taken_over and not steady)
        self.brief = 0 if steady else self.brief + 1

    def in_conflict(self, now: float) -> bool:
        """Whether another client seems to use our id."""
        if self.connected_at_s is not None and now - self.connected_at_s >= STEADY_S:
            return False
        return self.taken_over or self.brief >= BRIEF_IN_A_ROW

    def wait_s(self, now: float) -> float:
        """How long to wait before the next try."""
        attempts = max(self.failures, self.brief if self.in_conflict(now) else 0)
        return delay_s(attempts, self.cap_s, self.rng)
