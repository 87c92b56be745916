"""Tells one destination what it has not heard: one notice after the other, each until it is told.

SHELL, on a thread of its own, so that a destination that hangs costs nobody else anything. What
cannot be told now is tried again with a back-off that grows, with jitter; what the destination
refuses is final. A defect of ours in one notice is counted and does not end the others. Made by
`process`.
"""

from __future__ import annotations

import random
import threading
from typing import assert_never

from cloud.notify.delivery import (
    Acknowledged,
    BuiltDestination,
    DeliveryAttempt,
    DeliveryOutcome,
    NotWanted,
    TryAgain,
)
from cloud.notify.pictures import NoPicture, PictureReader
from cloud.notify.queue import NotificationQueue, QueueError
from cloud.notify.queue_rows import QueuedNotice
from service.backoff import delay_s
from service.clock import Clock
from service.events import Event, log

TURN_S = 1.0
"""How long a destination sleeps when nobody wakes it; what was postponed waits no longer."""

PICTURE_S = 1.0
"""So long a first word waits for its picture, which then follows by itself."""

DEFECTS = 3
"""So often a notice may make our own code fail."""


class DestinationWorker:
    """Of one destination."""

    def __init__(
        self,
        name: str,
        built: BuiltDestination,
        queue: NotificationQueue,
        pictures: PictureReader,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self.name, self._destination, self._settings = name, built.destination, built.settings
        self._queue, self._pictures, self._clock, self._rng = queue, pictures, clock, rng
        self._counted = built.counted
        self._failures, self._resume_s = 0, 0.0
        self._defects: dict[int, int] = {}
        self.trouble = ""
        self.turned_at_s = clock.mono()

    def run(self, stopping: threading.Event) -> None:
        """Until `stopping`, which whoever sets it follows by a wake."""
        wake = self._queue.wake[self.name]
        while not stopping.is_set():
            self.turned_at_s = self._clock.mono()
            if not self.step():
                self._destination.idle()
                self._clock.wait(wake, TURN_S)
                wake.clear()

    def step(self) -> bool:
        """One notice further; False if there is nothing to do now."""
        if self._clock.mono() < self._resume_s:
            return False
        try:
            queued = self._queue.begin_next(self.name, self._counted)
            if queued is None:
                return False
            self._settle(queued, *self._deliver(queued))
        except QueueError as error:  # a disk that takes no mark: sent again under the same key
            self._pause(str(error), None)
            return False
        return True

    def _deliver(self, queued: QueuedNotice) -> tuple[DeliveryOutcome, bool]:
        """How it went, and whether its picture went along."""
        picture = self._picture(queued)
        if isinstance(picture, NoPicture) and queued.notice.stage == "picture":
            return _without(picture), False
        shown = picture if isinstance(picture, bytes) else None
        attempt = DeliveryAttempt(
            notice=queued.notice,
            picture=shown,
            tries=queued.tries,
            number=queued.sequence,
            planned_at_s=queued.planned_at_s,
            began_at_s=queued.began_at_s,
        )
        try:
            return self._destination.deliver(attempt), shown is not None
        except Exception as error:  # noqa: BLE001, the worker boundary: one notice must not end all
            return self._defect(queued, error), False

    def _picture(self, queued: QueuedNotice) -> bytes | NoPicture | None:
        """None where none is wanted now."""
        key, stage = queued.notice.evidence_key, queued.notice.stage
        if key is None or not self._destination.with_picture or stage not in ("first", "picture"):
            return None
        alone = stage == "picture"
        return self._pictures.get(key, self._settings.timeout_s if alone else PICTURE_S)

    def _defect(self, queued: QueuedNotice, error: Exception) -> DeliveryOutcome:
        log(Event.WORKER_FAILED, worker=f"notify-{self.name}", error=repr(error)[:500])
        count = self._defects[queued.number] = self._defects.get(queued.number, 0) + 1
        if count >= DEFECTS:
            del self._defects[queued.number]
            return NotWanted(f"our own code failed {DEFECTS} times: {error!r}"[:500])
        return TryAgain(repr(error)[:500], all_wait=False)

    def _settle(self, queued: QueuedNotice, outcome: DeliveryOutcome, pictured: bool) -> None:
        match outcome:
            case Acknowledged(words=words):
                self._failures, self.trouble = 0, ""
                self._queue.end(queued.number, "delivered", words or None, picture=pictured)
                log(Event.NOTICE_DELIVERED, **self._about(queued), tries=queued.tries)
            case NotWanted(reason=reason):
                self._queue.end(queued.number, "refused", reason)
                about = self._about(queued)
                log(Event.NOTIFICATION_FAILED, **about, state="refused", reason=reason)
            case TryAgain(reason=reason, after_s=after_s, all_wait=True):
                self._pause(reason, after_s, queued)
            case TryAgain(reason=reason, after_s=after_s):
                wait_s = after_s or delay_s(queued.tries, self._settings.backoff_max_s, self._rng)
                self._queue.postpone(queued.number, self._clock.mono() + wait_s)
                self._say(reason, wait_s, queued)
            case _:
                assert_never(outcome)

    def _pause(
        self, reason: str, after_s: float | None, queued: QueuedNotice | None = None
    ) -> None:
        """Nothing can be told now."""
        self._failures += 1
        self.trouble = reason
        wait_s = delay_s(self._failures - 1, self._settings.backoff_max_s, self._rng)
        wait_s = max(wait_s, after_s or 0.0)
        self._resume_s = self._clock.mono() + wait_s
        self._say(reason, wait_s, queued)

    def _say(self, reason: str, wait_s: float, queued: QueuedNotice | None) -> None:
        about = {"destination": self.name} if queued is None else self._about(queued)
        log(Event.DELIVERY_FAILED, **about, reason=reason, again_in_s=round(wait_s, 1))

    def _about(self, queued: QueuedNotice) -> dict[str, object]:
        notice = queued.notice
        return {"destination": self.name, "report_id": notice.about, "stage": notice.stage}


def _without(picture: NoPicture) -> DeliveryOutcome:
    if picture.final:
        return NotWanted(f"no picture: {picture.reason}")
    return TryAgain(f"no picture yet: {picture.reason}", all_wait=False)
