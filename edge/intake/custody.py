"""Single pictures whose messages the broker holds until we have judged them.

SHELL (a lock). After a reconnect the broker delivers again what it has no acknowledgement for,
though it may still wait here or be in hand: such a picture is not judged twice, its new receipt
takes the place of the old. Filled on the network thread, settled by the analysis threads.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from contract.ids import CameraId
from edge.intake.tries import Tries
from edge.records import Held
from service.receiver import Receipt

MOST_SETTLED = 1000
"""More than any broker's window holds unacknowledged."""

_Key = tuple[CameraId, str, int]


class Custody:
    """What is in hand, and what was settled lately."""

    def __init__(self, tries: Tries | None = None) -> None:
        self._tries = tries or Tries()
        self._lock = threading.Lock()
        self._in_hand: dict[_Key, Receipt] = {}
        self._settled: OrderedDict[_Key, None] = OrderedDict()

    def take(self, camera: CameraId, picture: bytes, receipt: Receipt) -> Held | None:
        """A picture of which nothing is known; None if this process has it or had it already."""
        digest = hashlib.sha256(picture).hexdigest()
        key = camera, digest, receipt.mid
        with self._lock:
            if receipt.again and key in self._in_hand:
                self._in_hand[key] = receipt
                return None
            settled = receipt.again and key in self._settled
            twin = key in self._in_hand
            if not (settled or twin):
                self._in_hand[key] = receipt
        if settled:
            receipt()
            return None
        again, done = receipt.again, lambda: self._settle(key)
        if twin:  # in a new session, in which message ids begin anew
            again, done = False, receipt
        if not again:
            return Held(digest=digest, message=receipt.mid, again=False, done=done)
        name = f"{camera} {digest} {receipt.mid}"
        return Held(
            digest=digest,
            message=receipt.mid,
            again=True,
            begin=lambda: self._tries.begin(name),
            done=lambda: self._end(name, key),
        )

    def _end(self, name: str, key: _Key) -> None:
        self._tries.end(name)
        self._settle(key)

    def _settle(self, key: _Key) -> None:
        with self._lock:
            receipt = self._in_hand.pop(key, None)
            self._settled[key] = None
            while len(self._settled) > MOST_SETTLED:
                self._settled.popitem(last=False)
        if receipt is not None:
            receipt()
