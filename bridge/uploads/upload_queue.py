"""Pictures that a camera uploaded and its thread has not taken yet.

SHELL (a queue). Bounded by number and bytes; what finds no room is refused, by mail so that the
camera may try again, by FTP logged. Filled by `ftp` and `smtp`, emptied by the source `upload`.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass

from imaging import jpeg, png

MAX_PICTURES = 32
MAX_BYTES = 32_000_000


def looks_like_picture(data: bytes) -> bool:
    """By its first bytes, whatever its name or declared type says."""
    return data.startswith((jpeg.MAGIC, png.MAGIC))


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """Of one upload, of connections to a port at once, and of their silence."""

    max_bytes: int
    max_connections: int
    idle_s: float


class UploadQueue:
    """One camera's."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._count = self._bytes = 0

    def put(self, data: bytes) -> bool:
        """Whether there was room."""
        with self._lock:
            fits = self._count < MAX_PICTURES and self._bytes + len(data) <= MAX_BYTES
            if fits:
                self._count += 1
                self._bytes += len(data)
                self._queue.put(data)
            return fits

    def get(self, timeout_s: float) -> bytes | None:
        """The oldest, or None if none came in time."""
        try:
            data = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        with self._lock:
            self._count -= 1
            self._bytes -= len(data)
        return data
