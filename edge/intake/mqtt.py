"""What the site's broker brings: from topic and bytes to an admitted frame in the right mailbox.

SHELL, on the network thread of the intake link: quick, never blocking. Every image counts as
received once and ends here as rejected or goes on; one in parts that is refused for its camera is
counted by its `start`. Cameras are discovered by the topic template; a camera always goes to the
same analysis thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from contract.ids import CameraId
from contract.topics import ImageTemplate
from edge.config.schema import Config
from edge.intake import chunks
from edge.intake.admission import admit
from edge.intake.chunks import ChunkLimits, Part, State
from edge.intake.mailbox import Mailbox
from edge.records import Frame, Message
from edge.runtime.counters import Counters
from imaging.admission import Reason, Rejected
from service.clock import Clock
from service.events import Event, log
from service.link import Subscription

UNKNOWN = CameraId("_unknown")
"""Under this name the images are counted that belong to no camera which is followed."""


class Intake:
    """Routes images to mailboxes."""

    def __init__(
        self,
        current: Callable[[], Config],
        mailboxes: Sequence[Mailbox],
        counters: Counters,
        clock: Clock,
        found: Callable[[CameraId], None],
    ) -> None:
        """`found` is told of every camera when its first image comes."""
        self._current = current
        self._mailboxes = mailboxes
        self._counters = counters
        self._clock = clock
        self._found = found
        self._place: dict[CameraId, int] = {}
        self._lock = threading.Lock()
        self._assemblies: dict[CameraId, State] = {}
        self._closed = False

    @property
    def cameras(self) -> tuple[CameraId, ...]:
        """The cameras that are followed, in the order in which they appeared."""
        return tuple(self._place)

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Filters for whole images and for images in parts."""
        filters = [ImageTemplate(text).subscription for text in self._current().intake.topics]
        parts = [f"{filter_}/{part}" for filter_ in filters for part in Part]
        return tuple(Subscription(filter=filter_, qos=1) for filter_ in (*filters, *parts))

    def on_message(
        self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]
    ) -> None:
        """Take one publication; see `service.link.OnMessage`."""
        ack()
        with self._lock:
            if not self._closed:
                self._take(topic, payload, retained)

    def tick(self) -> None:
        """Gives up pictures whose parts stopped coming; called by the control loop."""
        limits = self._chunk_limits(self._current())
        with self._lock:
            for camera, state in tuple(self._assemblies.items()):
                self._assemblies[camera], refusal = chunks.expire(state, self._clock.mono(), limits)
                if refusal is not None:
                    self._reject(camera, refusal)

    def close(self) -> None:
        """What comes from now on is neither taken nor counted, so that the last figures stand."""
        with self._lock:
            self._closed = True

    def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        config = self._current()
        camera, part = self._whose(config, topic)
        refusal = self._refusal(config, camera, retained)
        if refusal is not None:
            if part in (None, Part.START):
                known = camera in self._place or camera in config.cameras
                self._reject(camera if known else UNKNOWN, refusal)
        elif part is None:
            self._admit(config, camera, topic, payload, retained)
        else:
            self._assemble(config, camera, topic, part, payload)

    def _whose(self, config: Config, topic: str) -> tuple[CameraId, Part | None]:
        """The camera of a topic, and which part of a picture it carries, None for a whole one.

        A template that the whole topic fits goes before one of which it would be a part.
        """
        templates = [ImageTemplate(text) for text in config.intake.topics]
        image_topic, part = chunks.split_topic(topic)
        for fitting, found in ((topic, None), (image_topic, part)):
            for template in templates:
                camera = template.camera_of(fitting)
                if camera is not None:
                    return camera, found
        return UNKNOWN, None

    def _refusal(self, config: Config, camera: CameraId, retained: bool) -> Rejected | None:
        if camera == UNKNOWN:
            return Rejected(Reason.UNKNOWN_CAMERA, "the topic names no camera: use a-z 0-9 _ -")
        if not config.cameras.get(camera, config.camera_defaults).enabled:
            return Rejected(Reason.DISABLED, f"camera {camera} is switched off")
        if retained and not config.intake.accept_retained:
            return Rejected(Reason.RETAINED, f"an old picture of {camera} that the broker kept")
        return self._welcome(config, camera)

    def _welcome(self, config: Config, camera: CameraId) -> Rejected | None:
        """Give a new camera its place, if it may have one."""
        if not config.intake.discovery and camera not in config.cameras:
            return Rejected(Reason.UNKNOWN_CAMERA, f"camera {camera} is not listed")
        if camera in self._place:
            return None
        followed = len(self._place)
        if followed >= config.intake.max_cameras:
            return Rejected(Reason.TOO_MANY_CAMERAS, f"{camera} is one over {followed} cameras")
        self._place[camera] = len(self._place) % len(self._mailboxes)
        log(Event.CAMERA_FOUND, camera=camera)
        self._found(camera)
        return None

    def _assemble(
        self, config: Config, camera: CameraId, topic: str, part: Part, payload: bytes
    ) -> None:
        limits, now = self._chunk_limits(config), self._clock.mono()
        state = self._assemblies.get(camera)
        self._assemblies[camera], result = chunks.step(state, part, payload, now, limits)
        if isinstance(result, Rejected):
            self._reject(camera, result)
        elif result is not None:
            self._admit(config, camera, topic, result, retained=False)

    @staticmethod
    def _chunk_limits(config: Config) -> ChunkLimits:
        intake = config.intake
        return ChunkLimits(max_bytes=intake.limits.max_bytes, timeout_s=intake.chunk_timeout_s)

    def _admit(
        self, config: Config, camera: CameraId, topic: str, payload: bytes, retained: bool
    ) -> None:
        message = Message(
            camera=camera,
            topic=topic,
            payload=payload,
            received_at=self._clock.now(),
            received_mono_s=self._clock.mono(),
            retained=retained,
        )
        admitted = admit(message, config.intake.limits, config.intake.json_paths)
        if isinstance(admitted, Rejected):
            self._reject(camera, admitted)
        else:
            self._counters.count(camera, "received")
            self._hand_over(camera, admitted)

    def _hand_over(self, camera: CameraId, frame: Frame) -> None:
        replaced = self._mailboxes[self._place[camera]].put(frame)
        if replaced is not None:
            self._counters.count(replaced.camera, "superseded")

    def _reject(self, camera: CameraId, refusal: Rejected) -> None:
        self._counters.count(camera, "received")
        self._counters.reject(camera, refusal.reason.value)
        log(
            Event.FRAME_REJECTED,
            camera=camera,
            reason=refusal.reason.value,
            detail=refusal.detail,
        )
