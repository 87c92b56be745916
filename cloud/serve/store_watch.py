"""Whether the object store takes verdicts, tried from the start on until it does.

SHELL, a thread of its own, which ends then: after that the reports tell. A store that answers
slowly holds up nothing but this thread. Made by `process`, whose health says the reason.
"""

from __future__ import annotations

import random
import threading

from contract.keys import WORKERS_TRIAL_KEY
from objectstore.store import ObjectStore, StoreError
from objectstore.trial import put_on_trial
from service.backoff import delay_s
from service.clock import Clock
from service.events import Event, log

LONGEST_WAIT_S = 60.0


class StoreWatch:
    """Any thread may ask for the reason."""

    def __init__(self, store: ObjectStore, clock: Clock, stopping: threading.Event) -> None:
        self._store, self._clock, self._stopping = store, clock, stopping
        self._rng = random.Random()
        self._trouble = ""
        self._thread = threading.Thread(target=self._run, name="store-watch", daemon=True)

    @property
    def trouble(self) -> str:
        """Why the store cannot be used; empty while nothing speaks against it."""
        return self._trouble

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        tries = 0
        while not self._stopping.is_set():
            try:
                put_on_trial(self._store, WORKERS_TRIAL_KEY)
            except StoreError as error:
                tries += 1
                self._trouble = str(error)
                wait_s = delay_s(tries, LONGEST_WAIT_S, self._rng)
                log(Event.STORE_FAILED, reason=self._trouble, again_in_s=round(wait_s, 1))
                self._clock.wait(self._stopping, wait_s)
            else:
                self._trouble = ""
                log(Event.STORE_OPENED)
                return
