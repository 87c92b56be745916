"""What the cloud decided, on its way to the thread that looks at the camera.

SHELL (a lock). A verdict changes what is news: what was refuted may soon be asked again
(`rules.deduplication`, `rules.cooldown`). Filled on the uplink's thread, emptied by `analysis`
before a frame is looked at. What nobody takes is bounded: of a camera that sends nothing more, the
newest answers are enough.
"""

from __future__ import annotations

import threading
from collections import deque

from contract.ids import CameraId
from contract.verdict import Verdict

_MOST = 64
"""Answers that wait for one camera: more reports of it than are ever open."""


class VerdictQueue:
    """The answers of the cloud by camera; any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[CameraId, deque[Verdict]] = {}

    def add(self, verdict: Verdict) -> None:
        """Take an answer from the uplink."""
        with self._lock:
            self._waiting.setdefault(verdict.camera, deque(maxlen=_MOST)).append(verdict)

    def take(self, camera: CameraId) -> tuple[Verdict, ...]:
        """The answers about `camera` since the last call, oldest first."""
        with self._lock:
            return tuple(self._waiting.pop(camera, ()))
