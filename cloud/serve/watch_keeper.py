"""Keeps the entries of gateways' proof of watch in the store, and tells each gateway that it does.

SHELL, on a thread of its own, so that a slow store delays no verdict. An entry is kept as it came,
under its number and hash: two with one number both stay, for that is what proves a fork. What is no
entry, or is of another gateway than its topic, is refused with its reason and counted. The first
key of a gateway is noted. A gateway sends what was not answered again. Made by `serve`.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from contract.envelope import Refusal, RefusalReason
from contract.ids import GatewayId
from contract.keys import watch_key, watch_pin_key
from contract.signature import Signer, key_id_of, read_public
from contract.topics import Topics, gateway_of
from contract.watch import SealedEntry, read_sealed
from contract.watch_kept import WatchKept, write_kept
from objectstore.store import ObjectStore, StoreError
from service.events import Event, log

MOST_WAITING = 64
"""Entries in memory, at most 130 kB each; what is beyond is sent again by its gateway."""

_PAUSE_S = 1.0

Publish = Callable[[str, bytes], object]


@dataclass(frozen=True, slots=True)
class _Arrived:
    gateway: GatewayId
    content: bytes


class WatchKeeper:
    """`counts`: kept, repeated, dropped, failed, and what was refused by its reason."""

    def __init__(
        self,
        root: str,
        store: ObjectStore,
        publish: Publish,
        signer: Signer | None,
        stopping: threading.Event,
    ) -> None:
        """`publish` waits for nothing."""
        self._root, self._store, self._publish = root, store, publish
        self._signer, self._stopping = signer, stopping
        self._waiting: queue.Queue[_Arrived] = queue.Queue(MOST_WAITING)
        self._pinned: set[GatewayId] = set()
        self.counts: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name="watch-keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its thread gets on, or was asked to end."""
        return self._stopping.is_set() or self._thread.is_alive()

    def receive(self, topic: str, payload: bytes, ack: Callable[[], None]) -> bool:
        """Whether it came where entries come; the network thread's."""
        found = gateway_of(topic, self._root)
        if found is None or found[1] != "watch":
            return False
        try:
            self._waiting.put_nowait(_Arrived(found[0], payload))
        except queue.Full:
            self.counts["dropped"] += 1
        ack()  # the gateway goes by our word, not by the broker's
        return True

    def keep(self, gateway: GatewayId, content: bytes) -> Refusal | None:
        """One entry; why it is refused. Raises `StoreError`."""
        sealed = read_sealed(content)
        if isinstance(sealed, Refusal):
            return sealed
        if sealed.entry.gateway != gateway:
            words = f"an entry of {sealed.entry.gateway} on the topic of {gateway}"
            return Refusal(RefusalReason.NOT_FOR_US, words)
        self._pin(gateway, sealed)
        key_id = key_id_of(read_public(sealed.entry.key.encode()))
        key = watch_key(gateway, key_id, sealed.entry.number, sealed.sha256)
        put = self._store.put_if_absent(key, content, "application/json")
        self.counts["kept" if put == "created" else "repeated"] += 1
        self._answer(gateway, sealed)
        return None

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                arrived = self._waiting.get(timeout=_PAUSE_S)
            except queue.Empty:
                continue
            self._handle(arrived)

    def _handle(self, arrived: _Arrived) -> None:
        try:
            refusal = self.keep(arrived.gateway, arrived.content)
        except StoreError as error:
            self.counts["failed"] += 1
            log(Event.STORE_FAILED, reason=str(error))
            return
        if refusal is not None:
            self.counts[refusal.reason.value] += 1
            log(
                Event.WATCH_ENTRY_REFUSED,
                gateway=arrived.gateway,
                reason=f"{refusal.reason}: {refusal.detail}",
            )

    def _pin(self, gateway: GatewayId, sealed: SealedEntry) -> None:
        """The first key that we see of it; `fleet proof` says when another comes."""
        if gateway not in self._pinned:
            body = f"{sealed.entry.key}\n".encode()
            self._store.put_if_absent(watch_pin_key(gateway), body, "text/plain")
            self._pinned.add(gateway)

    def _answer(self, gateway: GatewayId, sealed: SealedEntry) -> None:
        entry = sealed.entry
        kept = WatchKept(gateway=gateway, key=entry.key, number=entry.number, sha256=sealed.sha256)
        topic = Topics(gateway=gateway, root=self._root).of_watch_kept()
        self._publish(topic, write_kept(kept, self._signer))
