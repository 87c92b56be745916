"""Single pictures whose messages the broker holds until we have analysed them.

SHELL (a lock). After a reconnect the broker delivers again what it has no acknowledgement for,
though it may still wait here or be in hand: such a picture is not analysed twice, its new receipt
takes the place of the old. Filled on the network thread, acknowledged by the analysis threads.
The broker delivers a held picture again after each start, so one that kills whatever analyses it
would do so for ever: it is given up. How often one was begun and not ended is kept in a file, which
is written for pictures that come again only. The number is high, because whoever pulls the plug at
that moment is no fault of the picture.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from pathlib import Path

from contract.ids import CameraId
from edge.records import HeldMessage
from edge.storage.files import write_whole
from edge.storage.state_files import StateFile
from service.receiver import Receipt

MOST_ACKNOWLEDGED = 1000
"""More than any broker's window holds unacknowledged."""

_Key = tuple[CameraId, str, int]


class HeldMessages:
    """The messages in hand, and those that were acknowledged lately."""

    def __init__(self, attempts: Attempts | None = None) -> None:
        self._attempts = attempts or Attempts()
        self._lock = threading.Lock()
        self._in_hand: dict[_Key, Receipt] = {}
        self._acknowledged: OrderedDict[_Key, None] = OrderedDict()

    def take(self, camera: CameraId, picture: bytes, receipt: Receipt) -> HeldMessage | None:
        """A picture of which nothing is known; None if this process has it or had it already."""
        digest = hashlib.sha256(picture).hexdigest()
        key = camera, digest, receipt.mid
        with self._lock:
            if receipt.again and key in self._in_hand:
                self._in_hand[key] = receipt
                return None
            acknowledged = receipt.again and key in self._acknowledged
            twin = key in self._in_hand
            if not (acknowledged or twin):
                self._in_hand[key] = receipt
        if acknowledged:
            receipt()
            return None
        again, acknowledge = receipt.again, lambda: self._acknowledge(key)
        if twin:  # in a new session, in which message ids begin anew
            again, acknowledge = False, receipt
        if not again:
            return HeldMessage(
                digest=digest, message=receipt.mid, again=False, acknowledge=acknowledge
            )
        name = f"{camera} {digest} {receipt.mid}"
        return HeldMessage(
            digest=digest,
            message=receipt.mid,
            again=True,
            begin=lambda: self._attempts.begin(name),
            acknowledge=lambda: self._end(name, key),
        )

    def _end(self, name: str, key: _Key) -> None:
        self._attempts.end(name)
        self._acknowledge(key)

    def _acknowledge(self, key: _Key) -> None:
        with self._lock:
            receipt = self._in_hand.pop(key, None)
            self._acknowledged[key] = None
            while len(self._acknowledged) > MOST_ACKNOWLEDGED:
                self._acknowledged.popitem(last=False)
        if receipt is not None:
            receipt()


FILE = StateFile.REDELIVERIES
MOST_ATTEMPTS = 8
MOST_KEPT = 64
"""More than there are analysis threads."""


class Attempts:
    """Counts by a picture's key; without `folder`, or where it takes no file, of this run only."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = None if folder is None else folder / FILE
        self._lock = threading.Lock()
        self._begun = _read(self._file)

    def begin(self, key: str) -> bool:
        """Whether it may be analysed once more."""
        with self._lock:
            self._begun[key] = times = self._begun.pop(key, 0) + 1
            while len(self._begun) > MOST_KEPT:
                del self._begun[next(iter(self._begun))]
            self._keep()
        return times <= MOST_ATTEMPTS

    def end(self, key: str) -> None:
        """It was analysed, or given up."""
        with self._lock:
            if self._begun.pop(key, None) is not None:
                self._keep()

    def _keep(self) -> None:
        if self._file is not None:
            try:
                write_whole(self._file, json.dumps(self._begun))
            except OSError:  # a disk without room makes no picture worse
                return


def _read(file: Path | None) -> dict[str, int]:
    """What was kept; a damaged file counts for nothing."""
    try:
        document: object = {} if file is None else json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    kept = [(key, times) for key, times in document.items() if type(times) is int and times > 0]
    return dict(kept[:MOST_KEPT])
