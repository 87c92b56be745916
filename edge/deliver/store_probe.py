"""Whether the object store works, asked before the first suspicion needs it.

SHELL, on the courier's thread. A small object is put on trial, into a bucket or a directory, ever
more seldom until that succeeds; after that the deliveries tell.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from contract.ids import GatewayId
from contract.keys import trial_key
from objectstore.store import ObjectStore, StoreError
from objectstore.trial import put_on_trial
from service.backoff import delay_s
from service.clock import Clock
from service.events import Event, log


class StoreProbe:
    """Asks until it was answered well once; any thread may ask for the reason."""

    def __init__(
        self,
        store: ObjectStore,
        gateway: GatewayId,
        clock: Clock,
        rng: random.Random,
        longest_wait_s: Callable[[], float],
    ) -> None:
        self._store, self._clock, self._rng = store, clock, rng
        self._key = trial_key(gateway)
        self._longest_wait_s = longest_wait_s
        self._works = False
        self._tries = 0
        self._due_s = clock.mono()
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """Why the store cannot be used; empty while nothing speaks against it."""
        return self._trouble

    def step(self, progress: Callable[[], None] = lambda: None) -> None:
        """Asks if it is time to; quick otherwise. `progress` is called after each answer, which a
        store may take its whole time for."""
        if self._works or self._clock.mono() < self._due_s:
            return
        try:
            put_on_trial(self._store, self._key, progress)
        except StoreError as error:
            self._failed(str(error))
            progress()
        else:
            self.proven()

    def proven(self) -> None:
        """A picture was stored."""
        if not self._works:
            self._works, self._trouble = True, ""
            log(Event.STORE_OPENED)

    def _failed(self, words: str) -> None:
        self._tries += 1
        wait_s = delay_s(self._tries, self._longest_wait_s(), self._rng)
        self._due_s = self._clock.mono() + wait_s
        self._trouble = words
        log(Event.STORE_FAILED, reason=words, again_in_s=round(wait_s, 1))
