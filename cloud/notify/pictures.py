"""Pictures for those who are told, out of the object store, without holding up any word.

SHELL. One thread reads; whoever needs a picture waits for as long as it likes and goes on without.
A picture is the one that the key names, by its hash, or none. The last ones are kept in memory, as
several destinations want the same. Called by `destination_worker`.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from contract.keys import parse_evidence_key
from objectstore.store import NotFound, ObjectStore, PermanentStoreError, StoreError

MAX_BYTES = 8_000_000
_KEPT = 16
_WAITING = 256


@dataclass(slots=True)
class _Reading:
    done: threading.Event = field(default_factory=threading.Event)
    picture: bytes | None = None
    reason: str = "it is still being read"
    final: bool = False


@dataclass(frozen=True, slots=True)
class NoPicture:
    """There is none now, or (`final`) there never will be."""

    reason: str
    final: bool


class PictureReader:
    """Made with the store; `None` reads nothing."""

    def __init__(self, store: ObjectStore | None) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Reading] = OrderedDict()
        self._asked: queue.Queue[tuple[str, _Reading]] = queue.Queue(maxsize=_WAITING)
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def get(self, key: str, wait_s: float) -> bytes | NoPicture:
        """The picture, if it is there within `wait_s`; one that failed is read anew."""
        if self._store is None:
            return NoPicture("no object store is given (`store`)", True)
        reading = self._reading(key)
        if reading is None:
            return NoPicture(f"{_WAITING} others are to be read before", False)
        reading.done.wait(wait_s)
        if reading.picture is not None:
            return reading.picture
        return NoPicture(reading.reason, reading.final)

    def _reading(self, key: str) -> _Reading | None:
        with self._lock:
            found = self._known.get(key)
            if found is not None and not (found.done.is_set() and found.picture is None):
                self._known.move_to_end(key)
                return found
            reading = _Reading()
            try:
                self._asked.put_nowait((key, reading))
            except queue.Full:
                return None
            self._known[key] = reading
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return reading

    def _run(self) -> None:
        while True:
            key, reading = self._asked.get()
            self._read(key, reading)
            reading.done.set()

    def _read(self, key: str, reading: _Reading) -> None:
        place = parse_evidence_key(key)
        if self._store is None or place is None:
            reading.reason, reading.final = "its key is none of evidence", True
            return
        try:
            picture = self._store.get(key, MAX_BYTES)
        except NotFound:
            reading.reason = "it is not in the store"
        except PermanentStoreError as error:
            reading.reason, reading.final = str(error), True
        except StoreError as error:
            reading.reason = str(error)
        else:
            if hashlib.sha256(picture).hexdigest() == place.sha256:
                reading.picture = picture
            else:
                reading.reason, reading.final = "it is not the one that was hashed", True
