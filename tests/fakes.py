"""Stand-ins for what a test must hold in its own hand: time, and what was logged."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from service import events
from service.clock import Clock

START = datetime(2024, 5, 1, 12, 0, 0, tzinfo=UTC)


class ManualClock:
    """Time that only the test moves.

    A lone `wait` moves time itself by its timeout (as if slept through) and is noted in `waits`.
    With `held=True` it blocks instead until the event is set or another thread advances far
    enough.
    """

    def __init__(self, now: datetime = START, mono_s: float = 1000.0, held: bool = False) -> None:
        self._now = now
        self._mono_s = mono_s
        self._held = held
        self._moved = threading.Condition()
        self.waits: list[float] = []

    def now(self) -> datetime:
        with self._moved:
            return self._now

    def mono(self) -> float:
        with self._moved:
            return self._mono_s

    def advance(self, seconds: float) -> None:
        """Moves both clocks on."""
        with self._moved:
            self._now += timedelta(seconds=seconds)
            self._mono_s += seconds
            self._moved.notify_all()

    def jump(self, seconds: float) -> None:
        """Sets the wall clock forth or back, as NTP does; durations do not notice."""
        with self._moved:
            self._now += timedelta(seconds=seconds)

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.waits.append(timeout_s)
        if event.is_set():
            return True
        if not self._held:
            self.advance(max(0.0, timeout_s))
            return event.is_set()
        return self._wait_for_the_test(event, self.mono() + timeout_s)

    def _wait_for_the_test(self, event: threading.Event, until_s: float) -> bool:
        with self._moved:
            while self._mono_s < until_s and not event.is_set():
                self._moved.wait(0.02)  # an event that is set does not wake a condition
        return event.is_set()


@contextmanager
def recorded_events(clock: Clock | None = None) -> Iterator[list[events.LogLine]]:
    """Everything logged within the block, whatever its level."""
    lines: list[events.LogLine] = []
    events.configure(level="debug", sink=lines.append, clock=clock or ManualClock())
    try:
        yield lines
    finally:
        events.configure()
