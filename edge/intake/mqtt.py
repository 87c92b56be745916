"""What the site's broker brings: from topic and bytes to an admitted frame in the right mailbox.

SHELL, on the network threads of the intake links: quick, never blocking. Every image counts as
received once and ends here as rejected or goes on; one in parts that is refused for its camera is
counted by its `start`. Cameras are known by the topic template; what comes of one that is neither
followed nor listed is counted under one name, and said under it, so that names cost nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from contract.ids import CameraId, id_of
from contract.topics import is_ours
from edge.config.schema import EdgeConfig
from edge.intake import camera_topics
from edge.intake.admission import admit
from edge.intake.assemblies import Assembled, Assemblies
from edge.intake.camera_slots import CameraSlot, CameraSlots
from edge.intake.chunks import ChunkTopic
from edge.intake.mailbox import NEWEST, Mailbox, QueueLimit
from edge.intake.payload import camera_name
from edge.intake.redelivery import Attempts, HeldMessages
from edge.intake.spellings import Spellings
from edge.metrics.counters import Counters
from edge.metrics.funnel import UNKNOWN
from edge.records import Frame, Message
from imaging.admission import Reason, Rejected
from service.clock import Clock
from service.events import Event, log
from service.link import Receipt, Subscription

_OF_THE_CAMERA = (Reason.TOO_MANY_CAMERAS, Reason.UNKNOWN_CAMERA)

AUTO_QUEUE = 5
"""Of `kind: auto` a burst of so many may be single pictures; what goes on longer is a stream."""


@dataclass(frozen=True, slots=True)
class CameraListener:
    """Called on the network thread: `found` with every camera when its first image comes, `left`
    with one whose slot went to another."""

    found: Callable[[CameraId], None]
    left: Callable[[CameraId], None] = lambda _: None


class Intake:
    """Routes images to mailboxes."""

    def __init__(
        self,
        current: Callable[[], EdgeConfig],
        mailboxes: Sequence[Mailbox],
        counters: Counters,
        clock: Clock,
        listener: CameraListener,
        attempts: Attempts | None = None,
    ) -> None:
        """`attempts` counts how often a picture ended us."""
        self._current = current
        self._mailboxes = mailboxes
        self._counters = counters
        self._clock = clock
        self._listener = listener
        self._slots = CameraSlots(len(mailboxes))
        self._held_messages = HeldMessages(attempts)
        self._spellings = Spellings()
        self._lock = threading.Lock()
        self._assemblies = Assemblies()
        self._closed = False

    @property
    def cameras(self) -> tuple[CameraId, ...]:
        """The cameras that are followed, in the order in which they appeared."""
        return self._slots.cameras

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Filters for whole images and, where the broker grants them, for images in parts."""
        config = self._current()
        whole, parts = camera_topics.filters(config), camera_topics.part_filters(config)
        return (
            *(Subscription(filter=filter_, qos=1) for filter_ in whole),
            *(Subscription(filter=filter_, qos=1, optional=True) for filter_ in parts),
        )

    def camera_of(self, topic: str) -> CameraId | None:
        """Whose whole image a topic carries; None for a part of one, and for other topics."""
        found = camera_topics.identify(self._current(), topic)
        return found[0] if found is not None and found[1] is None else None

    def on_message(
        self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]
    ) -> None:
        """Take one publication that the broker may forget; see `service.link.OnMessage`."""
        ack()
        with self._lock:
            if not self._closed:
                self._take(topic, payload, retained)

    def wait_for_room(self, camera: CameraId, n_bytes: int, timeout_s: float) -> None:
        """Until a picture of `camera` would displace none that waits; called by whoever may wait,
        which the streams' connection may not."""
        config, slot = self._current(), self._slots.get(camera)
        if slot is not None:
            limit = _queue_limit(config, camera, slot)
            self._mailboxes[slot.thread].wait_for_room(camera, limit, n_bytes, timeout_s)

    def on_held_message(self, topic: str, payload: bytes, retained: bool, ack: Receipt) -> None:
        """Take one that the broker keeps until its picture was analysed; after `close` it stays."""
        with self._lock:
            if not self._closed and not self._take(topic, payload, retained, ack):
                ack()

    def tick(self) -> None:
        """Gives up pictures whose parts stopped coming; called by the control loop."""
        config = self._current()
        with self._lock:
            for camera, refusal in self._assemblies.expire(self._clock.mono(), config.intake):
                self._reject(config, camera, refusal)

    def close(self) -> None:
        """What comes from now on is neither taken nor counted, so that the last figures stand."""
        with self._lock:
            self._closed = True

    def _take(
        self, topic: str, payload: bytes, retained: bool, receipt: Receipt | None = None
    ) -> bool:
        """Whether the message is held now, to be acknowledged by whoever analyses it.

        What gateways publish is passed over, as far as wildcards find it: the picture of an alarm
        would raise the next.
        """
        config = self._current()
        if is_ours(topic, config.deliver.root):
            return False
        camera, part = camera_topics.identify(config, topic) or (UNKNOWN, None)
        refusal, name = None, None
        if camera == UNKNOWN:
            named = self._named_inside(config, topic, payload)
            if isinstance(named, Rejected):
                refusal = named
            else:
                camera, name = named
        refusal = refusal or self._refusal(config, camera, retained)
        if refusal is not None:
            if part in (None, ChunkTopic.START):
                self._reject(config, camera, refusal)
            return False
        message = Message(
            camera=camera,
            name=name,
            topic=topic,
            payload=payload,
            received_at=self._clock.now(),
            received_mono_s=self._clock.mono(),
            retained=retained,
        )
        assembled = self._assembled(config, camera, part, payload)
        if assembled is None:
            return self._admit(config, message, receipt)
        for ended in assembled:
            if isinstance(ended, Rejected):
                self._reject(config, camera, ended)
            else:
                self._admit(config, replace(message, payload=ended, retained=False))
        return False

    def _assembled(
        self, config: EdgeConfig, camera: CameraId, part: ChunkTopic | None, payload: bytes
    ) -> Assembled | None:
        """What a part or a piece of a picture ends; None of a message that is neither."""
        intake, now = config.intake, self._clock.mono()
        is_known = partial(self._is_known, config)
        if part is None:
            return self._assemblies.add_piece(camera, payload, now, intake, is_known)
        return self._assemblies.add_part(camera, part, payload, now, intake, is_known)

    @staticmethod
    def _named_inside(
        config: EdgeConfig, topic: str, payload: bytes
    ) -> tuple[CameraId, str] | Rejected:
        """The camera that a message names whose topic does not, and as it is spelled there."""
        intake = config.intake
        if not camera_topics.holds_name(config, topic):
            detail = (
                f"topic {topic[:200]!r} names no camera by {', '.join(intake.topics)}; "
                "`cameras.<id>.topic` takes any topic"
            )
            return Rejected(Reason.UNKNOWN_CAMERA, detail)
        name = camera_name(payload, intake.json_paths, intake.limits.max_bytes)
        if isinstance(name, Rejected):
            return Rejected(name.reason, f"topic {topic[:200]!r}: {name.detail}")
        camera = id_of(name)
        if camera is None:
            detail = f"topic {topic[:200]!r}: no id can be made of the name {name[:80]!r}"
            return Rejected(Reason.UNKNOWN_CAMERA, detail)
        return CameraId(camera), name

    def _refusal(self, config: EdgeConfig, camera: CameraId, retained: bool) -> Rejected | None:
        """Why a picture is not even looked at; asking changes nothing."""
        if not config.of_camera(camera).enabled:
            return Rejected(Reason.DISABLED, f"camera {camera} is switched off")
        if retained and not config.intake.accept_retained:
            return Rejected(Reason.RETAINED, f"an old picture of {camera} that the broker kept")
        return self._slots.refusal(camera, config, self._clock.mono())

    def _admit(self, config: EdgeConfig, message: Message, receipt: Receipt | None = None) -> bool:
        camera = message.camera
        admitted = admit(message, config.intake.limits, config.intake.json_paths)
        if isinstance(admitted, Rejected):
            self._reject(config, camera, admitted)
            return False
        if receipt is not None:
            held = self._held_messages.take(camera, admitted.picture, receipt)
            if held is None:
                return True
            admitted = replace(admitted, held=held)
        self._hand_over(config, camera, admitted)
        self._spellings.note(config, message)
        return receipt is not None

    def _hand_over(self, config: EdgeConfig, camera: CameraId, frame: Frame) -> None:
        slot = self._slot_of(config, camera, frame.received_mono_s)
        self._counters.count(camera, "received")
        mailbox, listed = self._mailboxes[slot.thread], camera in config.cameras
        for gone in mailbox.put(frame, _queue_limit(config, camera, slot), listed=listed):
            self._counters.count(gone.camera, "superseded")
            if gone.held is not None and gone is not frame:  # itself: the mailbox was closed
                gone.held.acknowledge()

    def _slot_of(self, config: EdgeConfig, camera: CameraId, now: float) -> CameraSlot:
        """The camera's slot, which may be a new one: its picture was admitted."""
        apart_s = config.of_camera(camera).snapshot_after_s
        assigned = self._slots.assign(camera, config, now, apart_s)
        if assigned.left is not None:
            log(Event.CAMERA_FORGOTTEN, camera=assigned.left, reason=f"its slot goes to {camera}")
            self._spellings.forget(assigned.left)
            self._listener.left(assigned.left)
        if assigned.new:
            log(Event.CAMERA_FOUND, camera=camera)
            self._listener.found(camera)
        return assigned.slot

    def _is_known(self, config: EdgeConfig, camera: CameraId) -> bool:
        return camera in self._slots or camera in config.cameras

    def _reject(self, config: EdgeConfig, camera: CameraId, refusal: Rejected) -> None:
        counted_as = camera if self._is_known(config, camera) else UNKNOWN
        about = {} if counted_as == camera else {"topic_camera": camera}
        self._counters.count(counted_as, "received")
        self._counters.reject(counted_as, refusal.reason.value)
        if refusal.reason in _OF_THE_CAMERA:
            log(
                Event.CAMERA_REFUSED,
                camera=counted_as,
                reason=refusal.reason.value,
                detail=refusal.detail,
                **about,
            )
        log(
            Event.FRAME_REJECTED,
            camera=counted_as,
            reason=refusal.reason.value,
            detail=refusal.detail,
            **about,
        )


def _queue_limit(config: EdgeConfig, camera: CameraId, slot: CameraSlot) -> QueueLimit:
    """A queue for what is, or may be, single pictures; the newest of a stream."""
    kind, snapshots = config.of_camera(camera).kind, config.intake.snapshots
    if kind == "snapshot":
        return QueueLimit(snapshots.queue, snapshots.queue_max_bytes)
    if kind == "auto" and slot.burst <= AUTO_QUEUE:
        return QueueLimit(AUTO_QUEUE, snapshots.queue_max_bytes)
    return NEWEST
