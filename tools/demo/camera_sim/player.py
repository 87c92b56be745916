"""Cameras that publish on time: one MQTT connection each, paced by the monotonic clock.

SHELL. A camera is a foreign thing, so this speaks MQTT with paho directly: QoS 0, MQTT 3.1.1 unless
asked otherwise, no queue while the broker is away. Pictures that are late are left out, never sent
in a burst. Called by `__main__`; the pace is decided by `PublishTimes`, which is pure.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from service.clock import Clock
from tools.demo.camera_sim.payload import PayloadFormat, wrap
from tools.demo.camera_sim.sources import PictureStream

CONNECT_TIMEOUT_S = 10.0
PROTOCOLS: dict[str, MQTTProtocolVersion] = {
    "3.1.1": MQTTProtocolVersion.MQTTv311,
    "5": MQTTProtocolVersion.MQTTv5,
}


class CameraError(Exception):
    """A camera cannot play; the text says which, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishSettings:
    """How all cameras of a run publish."""

    host: str
    port: int
    fps: float
    loop: bool = False
    payload_format: PayloadFormat = "raw"
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    topic: str = "cameras/{camera}/image"
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None


@dataclass(slots=True, kw_only=True)
class PublishCounts:
    """What became of a camera's pictures."""

    sent: int = 0
    unsent: int = 0
    late: int = 0
    bytes: int = 0


@dataclass(slots=True, kw_only=True)
class SimulatedCamera:
    """One camera, its stream and its connection."""

    id: str
    stream: PictureStream
    client: mqtt.Client
    pictures: Iterator[bytes] = field(default_factory=lambda: iter(()))
    counts: PublishCounts = field(default_factory=PublishCounts)


@dataclass(slots=True)
class PublishTimes:
    """PURE. When each of `cameras` is due: in turn, evenly spread over the interval of `fps`."""

    fps: float
    cameras: int
    started_s: float
    turn: int = 0

    def due_s(self) -> float:
        """When the next picture is due, on the clock of `started_s`."""
        return self.started_s + self.turn / (self.fps * self.cameras)

    def next(self) -> int:
        """The number of the camera whose turn it is; the turn passes on."""
        camera = self.turn % self.cameras
        self.turn += 1
        return camera

    def is_late(self, now_s: float) -> bool:
        """Whether the picture that is due is more than an interval late."""
        return now_s - self.due_s() > 1 / self.fps


def connect(camera: str, stream: PictureStream, settings: PublishSettings) -> SimulatedCamera:
    """A camera with its connection made; raises `CameraError` if the broker does not take it."""
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"camera-{camera}",
        protocol=PROTOCOLS[settings.protocol],
    )
    if settings.username is not None:
        client.username_pw_set(settings.username, settings.password)
    if settings.tls is not None:
        client.tls_set_context(settings.tls)
    connected = threading.Event()
    refusals: list[str] = []

    def on_connect(_client: object, _data: object, _flags: object, code: object, _: object) -> None:
        if getattr(code, "is_failure", False):
            refusals.append(str(code))
        connected.set()

    client.on_connect = on_connect
    where = f"{settings.host}:{settings.port}"
    try:
        client.connect(settings.host, settings.port, keepalive=30)
    except OSError as error:
        raise CameraError(f"camera {camera}: broker {where} cannot be reached: {error}") from error
    client.loop_start()
    if not connected.wait(CONNECT_TIMEOUT_S) or not client.is_connected():
        client.loop_stop()
        why = refusals[0] if refusals else "did not accept the connection"
        raise CameraError(f"camera {camera}: broker {where}: {why}")
    return SimulatedCamera(id=camera, stream=stream, client=client)


def play(
    cameras: Sequence[SimulatedCamera],
    settings: PublishSettings,
    clock: Clock,
    stop: threading.Event,
    seconds: float | None = None,
) -> None:
    """Publishes until every source is at its end, `seconds` are over, or `stop` is set."""
    pace = PublishTimes(settings.fps, len(cameras), clock.mono())
    playing = set(range(len(cameras)))
    while playing:
        due_s = pace.due_s()
        if seconds is not None and due_s - pace.started_s >= seconds:
            return
        if clock.wait(stop, due_s - clock.mono()):
            return
        late = pace.is_late(clock.mono())
        number = pace.next()
        if number in playing and not _show(cameras[number], settings, clock, late=late):
            playing.discard(number)


def close(cameras: Sequence[SimulatedCamera]) -> None:
    """Sends what is still on its way and hangs up."""
    for camera in cameras:
        camera.client.disconnect()
    for camera in cameras:
        camera.client.loop_stop()


def _show(camera: SimulatedCamera, settings: PublishSettings, clock: Clock, *, late: bool) -> bool:
    """Publish the camera's next picture; False if there is none."""
    picture = _next_picture(camera, settings)
    if picture is None:
        return False
    if late:
        camera.counts.late += 1
        return True
    topic = settings.topic.replace("{camera}", camera.id)
    parts = wrap(picture, settings.payload_format, camera.id, clock.now())
    gone = [camera.client.publish(topic + suffix, data).rc for suffix, data in parts]
    if any(gone):
        camera.counts.unsent += 1
    else:
        camera.counts.sent += 1
        camera.counts.bytes += sum(len(data) for _, data in parts)
    return True


def _next_picture(camera: SimulatedCamera, settings: PublishSettings) -> bytes | None:
    picture = next(camera.pictures, None)
    first = camera.counts == PublishCounts()
    if picture is None and (settings.loop or first):
        camera.pictures = camera.stream()
        picture = next(camera.pictures, None)
    return picture
