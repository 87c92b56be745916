"""One camera's thread: its source opened, its pictures sent, opened again after a fault.

SHELL. Nothing that a source does reaches another camera: each has a thread of its own, its waits
have full jitter, and an error that nobody expected is logged and tried again like any other. Called
by `bridge.process`.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from bridge.fault import FaultReason, SourceFault
from bridge.picture import Ready, SourceItem
from bridge.source_condition import SourceCondition
from bridge.sources.open import PictureSource
from contract.ids import CameraId
from imaging.admission import Rejected
from service.backoff import delay_s
from service.clock import Clock
from service.events import Event, log
from service.redact import redacted

STEADY_S = 10.0
"""Who sent pictures for so long begins anew with short waits."""

Send = Callable[[CameraId, bytes], bool]
"""Hands a picture on; False if there was no room or no connection for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFeed:
    """Where one camera's pictures come from and go to, and where it is noted what became of
    them."""

    camera: CameraId
    source: PictureSource
    condition: SourceCondition
    send: Send
    reconnect_max_s: float


class CameraWorker:
    """The loop of one camera."""

    def __init__(self, feed: CameraFeed, clock: Clock, rng: random.Random) -> None:
        self._feed = feed
        self._camera = feed.camera
        self._condition = feed.condition
        self._clock = clock
        self._rng = rng
        self._failures = 0

    def run(self, stopping: threading.Event) -> None:
        """Until `stopping`."""
        while not stopping.is_set():
            began_s = self._clock.mono()
            fault = self._watch(stopping)
            if fault is None or stopping.is_set():
                return
            self._condition.failed(fault.reason, fault.detail)
            log(Event.SOURCE_FAILED, camera=self._camera, reason=fault.reason, detail=fault.detail)
            steady = self._clock.mono() - began_s >= STEADY_S + self._wait_floor_s(fault)
            self._failures = 0 if steady else self._failures + 1
            self._clock.wait(stopping, self._wait_s(fault))

    def _watch(self, stopping: threading.Event) -> SourceFault | None:
        """Sends until the source fails; None if it ended because we stop."""
        try:
            self._condition.count("connects")
            for picture in self._feed.source(stopping):
                self._handle(picture)
        except SourceFault as fault:
            return SourceFault(fault.reason, redacted(fault.detail))
        except OSError as error:  # a password or certificate that cannot be read
            return SourceFault(FaultReason.SECRET, f"{error.filename}: {error.strerror}")
        except Exception as error:  # noqa: BLE001, the worker boundary: one camera ends no other
            log(Event.WORKER_FAILED, worker=self._camera, error=type(error).__name__)
            return SourceFault(FaultReason.DEFECT, f"unexpected {type(error).__name__}")
        return None if stopping.is_set() else SourceFault(FaultReason.ENDED, "the source ended")

    def _handle(self, picture: SourceItem) -> None:
        if isinstance(picture, Ready):
            if self._condition.opened():
                log(Event.SOURCE_OPENED, camera=self._camera)
            return
        if isinstance(picture, Rejected):
            self._condition.count("rejected")
            reason, detail = picture.reason.value, picture.detail
            log(Event.FRAME_REJECTED, camera=self._camera, reason=reason, detail=detail)
            return
        if self._condition.received(self._clock.mono()):
            log(Event.SOURCE_OPENED, camera=self._camera)
        self._condition.count("sent" if self._feed.send(self._camera, picture) else "dropped")

    def _wait_s(self, fault: SourceFault) -> float:
        jitter_s = delay_s(self._failures, self._feed.reconnect_max_s, self._rng)
        return max(jitter_s, self._wait_floor_s(fault))

    def _wait_floor_s(self, fault: SourceFault) -> float:
        """A wrong password is tried seldom: cameras lock an account out."""
        return self._feed.reconnect_max_s / 2 if fault.reason is FaultReason.REFUSED else 0.0
