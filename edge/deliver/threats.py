"""The cameras' `threat` topics: ON while a threat is current, and never longer.

SHELL. What is ON is on disk with its end, in one transaction with the decision that turned it on,
so that the next process ends what this one could not. After a restart every camera that was ever
known is stated again. Any thread may turn on; the control loop ends what is over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from contract.ids import CameraId
from contract.topics import Topics
from edge.config.schema import DeliverConfig
from edge.deliver.destinations import Publishes
from edge.deliver.kept_threats import MOST_CAMERAS
from edge.deliver.outbox import Outbox
from edge.errors import OutboxError
from service.clock import Clock
from service.events import Event, log
from service.link import Publication


class Threats:
    """Which cameras are in alarm, until when, and that the site's broker says so."""

    def __init__(
        self,
        outbox: Outbox,
        topics: Topics,
        clock: Clock,
        settings: Callable[[], DeliverConfig],
        site: Publishes,
    ) -> None:
        self._outbox = outbox
        self._topics = topics
        self._clock = clock
        self._settings = settings
        self._site = site
        self._lock = threading.Lock()
        self._known: set[CameraId] = set()
        self._until_s: dict[CameraId, float] = {}
        for camera, until in outbox.kept_threats.cameras().items():
            self._known.add(camera)
            left_s = 0.0 if until is None else self._left_s(until)
            if left_s > 0:
                self._until_s[camera] = clock.mono() + left_s

    @property
    def known(self) -> tuple[CameraId, ...]:
        """Every camera that something retained was said about, in this run or before."""
        with self._lock:
            return tuple(sorted(self._known))

    def end_at(self) -> datetime:
        """Until when a threat that is decided now is current."""
        return self._clock.now() + timedelta(seconds=self._settings().threat_hold_s)

    def turn_on(self, camera: CameraId) -> None:
        """For its time from now, said at once; on disk it is since its decision."""
        with self._lock:
            self._until_s[camera] = self._clock.mono() + self._settings().threat_hold_s
            self._known.add(camera)
            self._say(camera)

    def tick(self) -> None:
        """End the threats whose time is over."""
        now = self._clock.mono()
        with self._lock:
            over = [camera for camera, until_s in self._until_s.items() if until_s <= now]
            for camera in over:
                del self._until_s[camera]
                self._say(camera)
        if over:
            self._kept(lambda: self._outbox.kept_threats.end(over))
        for camera in over:
            log(Event.THREAT_ENDED, camera=camera)

    def remember(self, cameras: Iterable[CameraId]) -> None:
        """These are to be stated after a restart too, whether or not they send pictures then."""
        with self._lock:
            room = max(0, MOST_CAMERAS - len(self._known))
            fresh = [camera for camera in cameras if camera not in self._known][:room]
            self._known.update(fresh)
        if fresh:
            self._kept(lambda: self._outbox.kept_threats.remember(fresh))

    def state(self, camera: CameraId) -> Publication:
        """The retained ON or OFF of a camera as it is now."""
        with self._lock:
            return self._state(camera)

    def on_stop(self) -> Iterator[Publication]:
        """OFF wherever it is ON: nobody is left to end it."""
        with self._lock:
            on = tuple(self._until_s)
            self._until_s.clear()
            publications = [self._state(camera) for camera in on]
        if on:
            self._kept(lambda: self._outbox.kept_threats.end(on))
        yield from publications

    def _left_s(self, until: datetime) -> float:
        """Seconds from now; an end further off than any threat lasts is a wrong clock's."""
        left_s = (until - self._clock.now()).total_seconds()
        return left_s if 0 < left_s <= self._settings().threat_hold_s else 0.0

    def _say(self, camera: CameraId) -> None:
        """Under the lock, so that what is said last is what is true."""
        message = self._state(camera)
        self._site.publish(message.topic, message.payload, 1, True)

    def _state(self, camera: CameraId) -> Publication:
        topic = self._topics.of_camera(camera, "threat")
        return Publication(topic=topic, payload=b"ON" if camera in self._until_s else b"OFF")

    @staticmethod
    def _kept(step: Callable[[], None]) -> None:
        """A disk that takes nothing keeps no threat on; its end lies in the past there anyway."""
        try:
            step()
        except OutboxError as error:
            log(Event.DELIVERY_FAILED, reason=str(error))
