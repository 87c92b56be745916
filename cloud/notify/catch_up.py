"""Verdicts that the broker did not keep for us: read once from the object store, at the start.

SHELL, a thread of its own, which ends then. A broker keeps what we miss for as long as it lives and
has room; the store keeps all. What was stored since something was last heard, at most `catch_up_s`
ago, is planned as if it came now; what is known already is told nobody again. A queue that never
heard anything has missed nothing. Made by `process`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from cloud.notify.alarm_book import AlarmBook
from cloud.notify.queue import QueueError
from cloud.verdicts.entry import LedgerEntry, decode
from contract.agreement import id_flaw
from contract.keys import verdict_key
from contract.report import MAX_REPORT_BYTES
from contract.signature import Keyring
from contract.verdict import Verdict
from objectstore.inventory import StoredObject
from objectstore.store import ObjectStore, StoreError
from service.clock import Clock
from service.events import Event, log

_EARLIER = timedelta(seconds=60)
"""So much before the last word heard: what was stored then may have been published after it."""


class CatchUp:
    """One look at the store."""

    def __init__(
        self,
        listed: Callable[[], Iterable[StoredObject]],
        store: ObjectStore,
        take: Callable[[Verdict], None],
        keyring: Keyring | None,
        clock: Clock,
        stopping: threading.Event,
    ) -> None:
        """`listed` gives all that lies below `verdicts/`; `take` raises `QueueError`."""
        self._listed, self._store, self._take = listed, store, take
        self._keyring, self._clock, self._stopping = keyring, clock, stopping

    def start(self, book: AlarmBook, catch_up_s: float) -> None:
        """Begins to look, if there is anything that may have been missed."""
        heard_s = book.heard_at_s()
        if heard_s is None or catch_up_s == 0:
            return
        heard_at = datetime.fromtimestamp(heard_s, UTC)
        since = max(heard_at - _EARLIER, self._clock.now() - timedelta(seconds=catch_up_s))
        threading.Thread(target=self.run, args=(since,), name="catch-up", daemon=True).start()

    def run(self, since: datetime) -> None:
        """Takes what was stored from `since` on."""
        count = 0
        try:
            for one in self._listed():
                if self._stopping.is_set():
                    return
                if one.modified_at >= since:
                    count += self._took(one.key)
        except (StoreError, QueueError) as error:
            log(Event.CATCH_UP_ENDED, since=str(since), looked_at=count, reason=str(error))
            return
        log(Event.CATCH_UP_ENDED, since=str(since), looked_at=count)

    def _took(self, key: str) -> int:
        """1 if it is a verdict of ours, which was taken."""
        try:
            entry = decode(self._store.get(key, MAX_REPORT_BYTES), self._keyring)
        except StoreError:
            return 0  # removed meanwhile, or somebody's: the workers and `verify-evidence` say so
        if not isinstance(entry, LedgerEntry) or id_flaw(entry) is not None:
            return 0
        if not key.startswith(verdict_key(entry.gateway, entry.report_id).removesuffix(".json")):
            return 0
        self._take(entry.verdict())
        return 1
