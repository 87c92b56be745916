"""Where frames wait for an analysis thread: the newest of each camera, and no more.

SHELL (locks). Lossy by contract: `put` gives back the frame that it displaces, and `close` those
left, so that each loss is counted by the caller. Cameras are served in turn. Filled by the broker's
callback, emptied by one analysis thread.
"""

from __future__ import annotations

import threading

from contract.ids import CameraId
from edge.records import Frame


class Mailbox:
    """Depth 1 per camera, newest wins, cameras in the order in which they began to wait."""

    def __init__(self) -> None:
        self._waiting: dict[CameraId, Frame] = {}
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        """How many cameras have a frame waiting."""
        with self._changed:
            return len(self._waiting)

    def put(self, frame: Frame) -> Frame | None:
        """Leaves `frame`; returns the older one of its camera, if one was still waiting.

        After `close` it returns `frame` itself: nobody will take it.
        """
        with self._changed:
            if self._closed:
                return frame
            superseded = self._waiting.get(frame.camera)
            self._waiting[frame.camera] = frame  # a waiting camera keeps its place in the order
            self._changed.notify()
            return superseded

    def take(self, timeout_s: float) -> Frame | None:
        """The next camera's frame, waiting for one up to `timeout_s`; None then or once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._waiting), timeout_s)
            if not self._waiting:
                return None
            return self._waiting.pop(next(iter(self._waiting)))

    def close(self) -> tuple[Frame, ...]:
        """Wakes whoever waits, takes nothing more, and returns the frames nobody took."""
        with self._changed:
            self._closed = True
            left = tuple(self._waiting.values())
            self._waiting.clear()
            self._changed.notify_all()
            return left
