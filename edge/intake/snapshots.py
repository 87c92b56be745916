"""The connection that the broker keeps pictures for: those of listed `kind: snapshot` cameras.

SHELL. A camera that sends single pictures sends each once, so the broker must hold it until it was
analysed: a session of its own that outlives us, QoS 1, acknowledgement by whoever analysed. Streams
stay on the other connection, whose session ends with it: nobody wants thousands of old frames after
an outage. The broker remembers subscriptions of a kept session, so one to a camera that is no
snapshot camera any more is ended when it brings something. Brokers send more than the window that
they were asked to take (Mosquitto 2.0.11 does), so the network thread, which carries nothing else,
waits until there is room: the rest stays with the broker. Made by `daemon.gateway`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from contract.ids import CameraId
from contract.topics import ImageTemplate
from edge.config.schema import EdgeConfig
from edge.intake.camera_topics import filters_of
from edge.intake.mqtt import Intake
from service.clock import Clock
from service.link import Link, LinkSettings, LinkState, Receipt, Subscription

PATIENCE_S = 10.0
"""So long after the start the pictures are left to this connection, though it may not stand yet."""


ROOM_S = 4.0
"""A picture waits so long for those before it; then they are lost, counted. Below the shortest
keep-alive, since the thread sends no pings meanwhile."""


class SnapshotConnection:
    """Takes the pictures of its cameras while it can; `start` does nothing while there are none."""

    def __init__(
        self,
        settings: LinkSettings,
        current: Callable[[], EdgeConfig],
        intake: Intake,
        clock: Clock,
        on_failure: Callable[[Exception], None],
    ) -> None:
        """Raises `LinkError`."""
        self._current = current
        self._intake = intake
        self._clock = clock
        self._link = Link(
            replace(settings, manual_ack=True),
            on_fatal=on_failure,
            on_message=self._on_message,
            clock=clock,
        )
        self._lock = threading.Lock()
        self._started_at_s: float | None = None
        self._stood = False

    def start(self) -> None:
        """Connects, if any camera needs it."""
        self.follow()

    def follow(self) -> None:
        """Takes up which cameras send single pictures now."""
        with self._lock:
            wanted = self._subscriptions()
            self._link.subscribe(wanted)
            if wanted and self._started_at_s is None:
                self._started_at_s = self._clock.mono()
                self._link.start()

    def stop(self, timeout_s: float) -> None:
        """The broker keeps from now on what comes."""
        if self._started_at_s is not None:
            self._link.stop(timeout_s)

    def state(self) -> LinkState | None:
        """None while no camera needs it."""
        return None if self._started_at_s is None else self._link.state()

    def carries(self, topic: str) -> bool:
        """Whether a picture on `topic` comes this way, so that the other connection's copy is none.

        If the broker does not let us, or not in time, it has to come the other way.
        """
        camera = self._intake.camera_of(topic)
        if self._started_at_s is None or camera is None or camera not in self._cameras():
            return False
        filters = filters_of(self._current(), camera)
        if not any(ImageTemplate(one).fits(topic) for one in filters):
            return False  # its topic spells the name otherwise, which no filter asks for
        self._stood = self._stood or self._link.ready
        early = self._clock.mono() - self._started_at_s < PATIENCE_S
        return (self._stood or early) and not self._link.state().refused_filters

    def _cameras(self) -> frozenset[CameraId]:
        return snapshot_cameras(self._current())

    def _subscriptions(self) -> tuple[Subscription, ...]:
        filters = (
            one for camera in sorted(self._cameras()) for one in filters_of(self._current(), camera)
        )
        return tuple(Subscription(filter=one, qos=1) for one in dict.fromkeys(filters))

    def _on_message(self, topic: str, payload: bytes, retained: bool, ack: Receipt) -> None:
        camera = self._intake.camera_of(topic)
        if camera is not None and camera in self._cameras():
            self._intake.wait_for_room(camera, len(payload), ROOM_S)
            self._intake.on_held_message(topic, payload, retained, ack)
        else:
            self._link.unsubscribe([topic])
            ack()


def snapshot_cameras(config: EdgeConfig) -> frozenset[CameraId]:
    """Listed by name, because the broker must know them before they send."""
    return frozenset(
        CameraId(name) for name, camera in config.cameras.items() if camera.kind == "snapshot"
    )
