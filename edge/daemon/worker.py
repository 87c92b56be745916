"""A named thread that repeats one step, beats, and hands its unexpected end to the control loop.

SHELL. `step` does a bounded piece of work or waits a bounded time, and returns; every return is a
beat. Expected outcomes are values and never arrive here: whatever a step lets out stops the daemon.
"""

import threading
from collections.abc import Callable

from service.clock import Clock
from service.events import Event, log

OnFailure = Callable[[Exception], None]
"""Called with what ended a thread, on that thread."""


class Worker:
    """Runs `step` until asked to stop."""

    def __init__(
        self,
        name: str,
        step: Callable[[], object],
        *,
        clock: Clock,
        on_failure: OnFailure,
    ) -> None:
        self.name = name
        self.step = step
        self._clock = clock
        self._on_failure = on_failure
        self._stopping = threading.Event()
        self._beat_at_s = clock.mono()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins; starting counts as a beat."""
        self.beat()
        self._thread.start()

    @property
    def beat_at_s(self) -> float:
        """Monotonic seconds of the last progress."""
        return self._beat_at_s

    def beat(self) -> None:
        """Progress within a step that takes long because it does much."""
        self._beat_at_s = self._clock.mono()

    @property
    def stopping(self) -> threading.Event:
        """Set once the worker is asked to end; a long wait within a step should heed it."""
        return self._stopping

    def ask_to_stop(self) -> None:
        """The step under way is finished, another is not begun."""
        self._stopping.set()

    def join(self, timeout_s: float) -> bool:
        """Waits for the end; False if the thread still runs."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.step()
                self.beat()
        except Exception as error:  # noqa: BLE001, the worker boundary: a thread's end must be heard
            log(Event.WORKER_FAILED, worker=self.name, error=f"{type(error).__name__}: {error}")
            self._on_failure(error)
