"""Recent frames of all cameras, by which an update is judged before it comes into force.

SHELL (a lock). Pictures are kept as the camera sent them and in memory alone: nothing is written,
and with the process they are gone. Nothing is kept where no order from afar is obeyed. Filled by
the analysis threads, read by `runs`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.records import Frame, Outcome
from edge.shadow.stretches import Stretches, interest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A stretch as it is handed out: frames of one camera in time order."""

    camera: CameraId
    frames: tuple[Frame, ...]


class RecentFrames:
    """What is kept of all cameras."""

    def __init__(self, config: Callable[[], EdgeConfig]) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._stretches = Stretches()

    def keep(self, frame: Frame, outcome: Outcome) -> None:
        """Any analysis thread, of each frame that it looked at."""
        manage = self._config().manage
        if manage.root is None or not manage.shadow.max_bytes:
            self._clear()
            return
        interest = interest_of(outcome)
        if interest is None:
            return
        bounds, picture = manage.shadow, replace(frame, held=None)  # no message is held for it
        with self._lock:
            self._stretches.add(picture, interest, bounds.max_bytes, bounds.max_footage_s)

    def raised(self, camera: CameraId) -> None:
        """Something was reported of a picture that had to stand alone first."""
        with self._lock:
            self._stretches.raised(camera)

    def forget(self, camera: CameraId) -> None:
        """It is followed no more."""
        with self._lock:
            self._stretches.forget(camera)

    def footage(self) -> tuple[Footage, ...]:
        """What is worth replaying, the most telling first."""
        with self._lock:
            found = self._stretches.worth_replaying()
            return tuple(Footage(camera=one.camera, frames=tuple(one.frames)) for one in found)

    def held(self) -> tuple[int, float]:
        """Bytes, and seconds of all cameras together."""
        with self._lock:
            return self._stretches.bytes, self._stretches.footage_s

    def _clear(self) -> None:
        if self._stretches.bytes:
            with self._lock:
                self._stretches = Stretches()
