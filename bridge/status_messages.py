"""What the bridge publishes: pictures, and retained status messages of itself and each camera.

    <root>/<id>/status             retained   online | stopped | offline (the last will)
    <root>/<id>/<camera>/status    retained   online | offline
    <root>/<id>/<camera>/health    retained   JSON: reason, detail, last_frame_age_s, counts; of a
                                              camera with `events`: motion

`root` is `stillwatch-bridge`, so that nobody takes it for a gateway's. Of what is fetched, pictures
go at QoS 0; while one of a camera is still under way the next is dropped, since only the newest is
worth anything. What a camera uploads comes once: it goes at QoS 1, again and again until the broker
has it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from bridge.motion_hints import MotionHints, MotionState
from bridge.source_condition import SourceCondition, SourceState
from contract.ids import CameraId, GatewayId
from contract.topics import ImageTemplate, Presence, Topics
from service.clock import Clock
from service.link import Link, Publication
from service.outcomes import PUBACK_S, Delivered, NotConnected, Pending, TimedOut

AGAIN_S = 1.0
"""Between tries without a connection."""


class BridgeStatusMessages:
    """The status of the running bridge and its cameras, as publications."""

    def __init__(
        self,
        topics: Topics,
        cameras: dict[CameraId, SourceCondition],
        hints: Mapping[CameraId, MotionHints],
        clock: Clock,
    ) -> None:
        self._topics = topics
        self._cameras = cameras
        self._hints = hints
        self._clock = clock
        self._said: dict[CameraId, tuple[str, ...]] = {}

    def status(self, presence: Presence) -> Publication:
        return Publication(topic=self._topics.of_gateway("status"), payload=presence.encode())

    def on_connect(self) -> Iterator[Publication]:
        """All of it, after every connect."""
        yield self.status("online")
        for camera, condition in self._cameras.items():
            yield from self._of(camera, condition.state())

    def changes(self) -> Iterator[Publication]:
        """Of cameras whose state changed since it was said last."""
        for camera, condition in self._cameras.items():
            state, motion = condition.state(), self._motion_of(camera)
            said = (state.status, state.reason, motion.reason if motion else "")
            if self._said.get(camera) != said:
                self._said[camera] = said
                yield from self._of(camera, state)

    def health(self) -> Iterator[Publication]:
        """Every camera's figures."""
        for camera, condition in self._cameras.items():
            yield self._of(camera, condition.state())[1]

    def _motion_of(self, camera: CameraId) -> MotionState | None:
        hints = self._hints.get(camera)
        return None if hints is None else hints.state(self._clock.mono())

    def _of(self, camera: CameraId, state: SourceState) -> tuple[Publication, Publication]:
        age_s = None if state.last_s is None else round(self._clock.mono() - state.last_s, 1)
        facts: dict[str, object] = {
            "at": self._clock.now().isoformat(timespec="milliseconds"),
            "reason": state.reason,
            "detail": state.detail,
            "last_frame_age_s": age_s,
            "counts": state.counts,
        }
        motion = self._motion_of(camera)
        if motion is not None:
            facts["motion"] = asdict(motion)
        return (
            Publication(
                topic=self._topics.of_camera(camera, "status"), payload=state.status.encode()
            ),
            Publication(
                topic=self._topics.of_camera(camera, "health"), payload=json.dumps(facts).encode()
            ),
        )


def topics_of(root: str, bridge: str) -> Topics:
    return Topics(gateway=GatewayId(bridge), root=root)


class PicturePublisher:
    """Sends pictures; one at most is under way per camera. Any camera's thread may send."""

    def __init__(self, template: ImageTemplate, link: Link, clock: Clock) -> None:
        self._template = template
        self._link = link
        self._clock = clock
        self._under_way: dict[CameraId, Pending] = {}

    def send(self, camera: CameraId, jpeg: bytes) -> bool:
        """Whether it was handed to the connection."""
        before = self._under_way.get(camera)
        if before is not None and isinstance(before.wait(0), TimedOut):
            return False
        pending = self._link.publish(self._template.topic_of(camera), jpeg, qos=0)
        self._under_way[camera] = pending
        return isinstance(pending.wait(0), TimedOut | Delivered)

    def deliver(self, camera: CameraId, jpeg: bytes, stopping: threading.Event) -> bool:
        """Blocks until the broker has it; False if it refuses it, or the bridge stops first."""
        while not stopping.is_set():
            pending = self._link.publish(self._template.topic_of(camera), jpeg, qos=1)
            outcome = pending.wait(PUBACK_S)
            while isinstance(outcome, TimedOut) and not stopping.is_set():
                outcome = pending.wait(PUBACK_S)
            if not isinstance(outcome, NotConnected):
                return isinstance(outcome, Delivered)
            self._clock.wait(stopping, AGAIN_S)
        return False
