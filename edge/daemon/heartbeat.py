"""Who makes progress? A worker that has not beaten for its time is late.

PURE. Beats are monotonic seconds handed in. Called by the control loop, which tells the supervisor
that all is well only while nobody is late.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """One worker: when it last made progress, and how long it may be silent."""

    worker: str
    beat_at_s: float
    patience_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A worker that is overdue, and how long ago it last made progress."""

    worker: str
    silent_s: float

    def __str__(self) -> str:
        return f"{self.worker} silent for {self.silent_s:.1f} s"


def late(pulses: Iterable[Pulse], now: float) -> tuple[Late, ...]:
    """Everyone who is overdue at `now`, longest silence first."""
    overdue = [
        Late(worker=pulse.worker, silent_s=now - pulse.beat_at_s)
        for pulse in pulses
        if now - pulse.beat_at_s > pulse.patience_s
    ]
    return tuple(sorted(overdue, key=lambda one: -one.silent_s))
