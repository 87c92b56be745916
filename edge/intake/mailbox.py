"""Where frames wait for an analysis thread.

SHELL (locks). Lossy by contract: of a stream only the newest frame waits, of single pictures a
short queue, bounded by number and bytes; `put` gives back the frames that must go, and `close`
those left, so that each loss is counted by the caller. Cameras are served in turn, the listed ones
first: while any of them waits, the others together get one turn in `LISTED_TURNS` + 1. Filled by
the broker's callbacks, emptied by one analysis thread.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from contract.ids import CameraId
from edge.records import Frame

LISTED_TURNS = 8
"""So cameras that are not listed take a ninth of the detector at most from those that somebody
wrote down."""


@dataclass(frozen=True, slots=True)
class QueueLimit:
    """How many frames of a camera may wait; `max_bytes` is of all queued pictures of a mailbox."""

    frames: int
    max_bytes: int = 0


NEWEST = QueueLimit(1)

_Queues = dict[CameraId, deque[Frame]]
"""In the order in which the cameras began to wait."""


class Mailbox:
    """Frames by camera, oldest first."""

    def __init__(self) -> None:
        self._listed: _Queues = {}
        self._others: _Queues = {}
        self._listed_in_a_row = 0
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        """How many frames wait."""
        with self._changed:
            return sum(
                len(queue) for queues in (self._listed, self._others) for queue in queues.values()
            )

    def put(
        self, frame: Frame, limit: QueueLimit = NEWEST, *, listed: bool = True
    ) -> tuple[Frame, ...]:
        """Leaves `frame`; returns the frames that must go for it, oldest first.

        After `close` that is `frame` itself: nobody will take it.
        """
        with self._changed:
            if self._closed:
                return (frame,)
            queues, other = self._listed, self._others
            if not listed:
                queues, other = other, queues
            waiting = other.pop(frame.camera, deque())  # it was listed, or taken out, meanwhile
            queue = queues.setdefault(frame.camera, deque())  # keeps its place in the order
            queue.extend(waiting)
            queue.append(frame)
            gone = [queue.popleft() for _ in range(len(queue) - limit.frames)]
            if limit.max_bytes:
                gone += self._drop_oldest(limit.max_bytes)
            self._changed.notify_all()
            return tuple(gone)

    def wait_for_room(
        self, camera: CameraId, limit: QueueLimit, n_bytes: int, timeout_s: float
    ) -> bool:
        """Waits until a picture of `n_bytes` would displace none, or no picture is taken any more;
        False if that took too long."""

        def fits() -> bool:
            waiting = self._queues()
            queue = self._listed.get(camera) or self._others.get(camera) or ()
            queued = sum(len(frame.picture) for one in waiting if len(one) > 1 for frame in one)
            return len(queue) < limit.frames and (not queue or queued + n_bytes <= limit.max_bytes)

        with self._changed:
            return self._changed.wait_for(lambda: self._closed or fits(), timeout_s)

    def take(self, timeout_s: float) -> Frame | None:
        """The next camera's frame, waiting for one up to `timeout_s`; None then or once closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or bool(self._listed) or bool(self._others), timeout_s
            )
            queues = self._next_queues()
            if not queues:
                return None
            camera = next(iter(queues))
            queue = queues.pop(camera)
            frame = queue.popleft()
            if queue:
                queues[camera] = queue
            self._changed.notify_all()
            return frame

    def close(self) -> tuple[Frame, ...]:
        """Wakes whoever waits, takes nothing more, and returns the frames nobody took."""
        with self._changed:
            self._closed = True
            left = tuple(frame for queue in self._queues() for frame in queue)
            self._listed.clear()
            self._others.clear()
            self._changed.notify_all()
            return left

    def _queues(self) -> list[deque[Frame]]:
        return [*self._listed.values(), *self._others.values()]

    def _next_queues(self) -> _Queues:
        turn_of_others = not self._listed or self._listed_in_a_row >= LISTED_TURNS
        if self._others and turn_of_others:
            self._listed_in_a_row = 0
            return self._others
        self._listed_in_a_row += 1
        return self._listed

    def _drop_oldest(self, max_bytes: int) -> list[Frame]:
        """What must go so that queued pictures fit: the oldest of whoever has the most."""
        queues = [queue for queue in self._queues() if len(queue) > 1]
        sizes = [sum(len(frame.picture) for frame in queue) for queue in queues]
        gone = []
        while sum(sizes) > max_bytes:
            largest = max(range(len(queues)), key=sizes.__getitem__)
            if len(queues[largest]) < 2:
                break
            frame = queues[largest].popleft()
            sizes[largest] -= len(frame.picture)
            gone.append(frame)
        return gone
