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
from functools import partial

from bridge.attempts import Retries, fault_of
from bridge.fault import FaultReason, SourceFault
from bridge.picture import Ready, SourceItem
from bridge.source_condition import SourceCondition
from bridge.sources.open import PictureSource
from contract.ids import CameraId
from imaging.admission import Rejected
from service.clock import Clock
from service.events import Event, log

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
        self._retries = Retries(feed.reconnect_max_s, rng)

    def run(self, stopping: threading.Event) -> None:
        """Until `stopping`."""
        while not stopping.is_set():
            began_s = self._clock.mono()
            fault = fault_of(partial(self._watch, stopping), self._camera)
            if fault is None or stopping.is_set():
                return
            self._condition.failed(fault.reason, fault.detail)
            log(Event.SOURCE_FAILED, camera=self._camera, reason=fault.reason, detail=fault.detail)
            lasted_s = self._clock.mono() - began_s
            self._clock.wait(stopping, self._retries.wait_s(fault, lasted_s))

    def _watch(self, stopping: threading.Event) -> None:
        """Sends until the source fails or we stop; raises `SourceFault`."""
        self._condition.count("connects")
        for picture in self._feed.source(stopping):
            self._handle(picture)
        if not stopping.is_set():
            raise SourceFault(FaultReason.ENDED, "the source ended")

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
