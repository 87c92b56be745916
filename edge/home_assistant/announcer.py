"""Announces the gateway and its cameras to Home Assistant, and takes it back.

SHELL. The control loop compares what should be announced with what the broker has acknowledged, and
publishes the difference, so many at a time; after a connect everything is published again, and so
it is when Home Assistant says that it has started. What is gone is removed by an empty retained
message. Suspicions and their pictures are published by the analysis thread that raised them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol

from contract.ids import CameraId, is_name
from contract.report import ThreatReport
from contract.topics import Topics
from edge.config.schema import EdgeConfig
from edge.deliver.evidence import ReportBundle
from edge.home_assistant.announcements import Announcements
from edge.home_assistant.camera_device import SUSPICION, camera_message, removal_message
from edge.home_assistant.discovery import Announced, camera_topic, gateway_topic
from edge.home_assistant.gateway_device import gateway_message
from edge.home_assistant.picture import evidence_picture
from service.events import Event, log
from service.link import Publication, Subscription
from service.outcomes import Delivered, Pending, Refused, TimedOut

MOST_PICTURES = 32
"""So many cameras' last pictures are published again after a connect to a broker that forgot."""
_AT_ONCE = 64
"""Messages under way at a time: a link takes a thousand, and alarms go over the same."""


class Site(Protocol):
    """The connection to the site's broker."""

    def publish(
        self, topic: str, payload: bytes, qos: int = 1, retain: bool = False
    ) -> Pending: ...

    @property
    def connected(self) -> bool: ...


class HomeAssistant:
    """What Home Assistant knows of a gateway."""

    def __init__(
        self,
        config: Callable[[], EdgeConfig],
        topics: Topics,
        version: str,
        site: Callable[[], Site],
        followed: Callable[[], Iterable[CameraId]],
    ) -> None:
        """`followed` are the cameras that have sent something in this run."""
        self._config, self._topics, self._version = config, topics, version
        self._site, self._followed = site, followed
        self._announcements = Announcements(config().deliver.outbox.path)
        self._lock = threading.Lock()
        self._acknowledged: dict[str, bytes] = {}
        self._under_way: dict[str, tuple[bytes, Pending]] = {}
        self._pictures: dict[CameraId, bytes] = {}
        self._left: set[CameraId] = set()
        self._again = threading.Event()
        self._made: tuple[EdgeConfig, tuple[CameraId, ...], dict[str, bytes]] | None = None

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Where Home Assistant says that it has started."""
        settings = self._config().home_assistant
        filter_ = f"{settings.prefix}/status"
        return (Subscription(filter=filter_, qos=1, optional=True),) if settings.enabled else ()

    def on_message(self, topic: str, payload: bytes) -> bool:
        """Take what was published; False if it is on another topic."""
        settings = self._config().home_assistant
        if not settings.enabled or topic != f"{settings.prefix}/status":
            return False
        if payload == b"online":
            self._again.set()
        return True

    def on_connect(self) -> Iterator[Publication]:
        """Pictures at once, for there are few; devices follow with the next turns."""
        self._again.set()
        with self._lock:
            pictures = dict(self._pictures)
        for camera, picture in pictures.items():
            yield Publication(topic=self._topics.of_camera(camera, "image"), payload=picture)

    def forget(self, camera: CameraId) -> None:
        """It is followed no more: the next turn takes it back."""
        if self._config().home_assistant.enabled:
            with self._lock:
                self._left.add(camera)

    def tick(self) -> None:
        """Once a turn of the control loop."""
        cameras = self._cameras()
        wanted = self._wanted(self._config(), tuple(cameras))
        standing = frozenset(wanted) | self._images(cameras)
        self._settle()
        gone = {
            t for t in self._announcements.topics - standing if self._acknowledged.get(t) != b""
        }
        self._announcements.keep(cameras, standing | gone)
        with self._lock:
            for camera in [one for one in self._pictures if one not in cameras]:
                del self._pictures[camera]
        if self._again.is_set():
            self._again.clear()
            self._acknowledged.clear()
        self._acknowledged = {t: p for t, p in self._acknowledged.items() if t in standing | gone}
        if self._site().connected:
            self._publish(wanted | dict.fromkeys(gone, b""))

    def _settle(self) -> None:
        """What the broker has said of the messages under way. One that it refuses is not repeated
        before the next connect."""
        outcomes = {topic: one.wait(0) for topic, (_, one) in self._under_way.items()}
        for topic, outcome in outcomes.items():
            if isinstance(outcome, TimedOut):
                continue
            payload, _ = self._under_way.pop(topic)
            if isinstance(outcome, Delivered | Refused):
                self._acknowledged[topic] = payload

    def _publish(self, messages: Mapping[str, bytes]) -> None:
        """What the broker does not have yet, as many as may be under way."""
        due = [
            (topic, payload)
            for topic, payload in messages.items()
            if topic not in self._under_way and self._acknowledged.get(topic) != payload
        ][: _AT_ONCE - len(self._under_way)]
        for topic, payload in due:
            camera = self._camera_of(topic)
            if not payload and camera is not None:
                removal = removal_message(self._told(self._config()), camera)
                self._site().publish(topic, removal, 1, False)
            self._under_way[topic] = payload, self._site().publish(topic, payload, 1, True)
        if due:
            removed = sum(not payload for _, payload in due)
            log(Event.HOME_ASSISTANT_TOLD, devices=len(due) - removed, removed=removed)

    def raised(self, bundle: ReportBundle) -> None:
        """Tell at once what was suspected, and show it."""
        settings = self._config().home_assistant
        if not settings.enabled:
            return
        report = bundle.report
        topic = self._topics.of_camera(report.camera, "suspicion")
        self._site().publish(topic, _suspicion(report), 1, False)
        picture = evidence_picture(bundle, settings.image_px) if settings.image else None
        if picture is not None:
            self._show(report.camera, picture)

    def _show(self, camera: CameraId, picture: bytes) -> None:
        with self._lock:
            self._pictures.pop(camera, None)
            self._pictures[camera] = picture
            for oldest in list(self._pictures)[:-MOST_PICTURES]:
                del self._pictures[oldest]
        self._site().publish(self._topics.of_camera(camera, "image"), picture, 1, True)

    def _images(self, cameras: Iterable[CameraId]) -> frozenset[str]:
        """Where pictures may be retained."""
        settings = self._config().home_assistant
        if not (settings.enabled and settings.image):
            return frozenset()
        return frozenset(self._topics.of_camera(camera, "image") for camera in cameras)

    def _cameras(self) -> dict[CameraId, bool]:
        """Those to announce, and whether they are listed. One that was found by itself stays until
        its place goes to another: it may only be silent since our start."""
        config = self._config()
        if not config.home_assistant.enabled:
            return {}
        listed = set(map(CameraId, config.cameras))
        with self._lock:
            left, self._left = self._left, set()
        found = {c for c, was_listed in self._announcements.cameras.items() if not was_listed}
        kept = found - left if config.intake.discovery else set()
        return {c: c in listed for c in sorted({*listed, *self._followed(), *kept})}

    def _wanted(self, config: EdgeConfig, cameras: tuple[CameraId, ...]) -> dict[str, bytes]:
        """Topics and messages, made anew only if something has changed."""
        if self._made is None or self._made[0] is not config or self._made[1] != cameras:
            self._made = config, cameras, self._make(config, cameras)
        return self._made[2]

    def _make(self, config: EdgeConfig, cameras: tuple[CameraId, ...]) -> dict[str, bytes]:
        settings = config.home_assistant
        if not settings.enabled:
            return {}
        told = self._told(config)
        devices = {camera_topic(told, one): camera_message(told, one) for one in cameras}
        return {gateway_topic(told): gateway_message(told)} | devices

    def _told(self, config: EdgeConfig) -> Announced:
        settings = config.home_assistant
        return Announced(
            topics=self._topics,
            prefix=settings.prefix,
            version=self._version,
            image=settings.image,
            self_test=config.self_test.on_request,
            updates=config.manage.root is not None,
        )

    def _camera_of(self, topic: str) -> CameraId | None:
        """Whose device is announced there."""
        steps = topic.split("/")[-4:]
        ours = len(steps) == 4 and steps[:2] == ["device", self._topics.gateway]
        return CameraId(steps[2]) if ours and steps[3] == "config" and is_name(steps[2]) else None


def _suspicion(report: ThreatReport) -> bytes:
    """As Home Assistant's events have it; everything else is in the report."""
    facts = {
        "event_type": SUSPICION,
        "report_id": report.report_id,
        "label": report.label,
        "severity": report.severity,
        "score": report.scores.top,
        "zones": list(report.zones),
        "rule": report.rule.id,
        "reasons": list(report.rule.reasons),
        "raised_at": report.raised_at.isoformat(timespec="milliseconds"),
    }
    return json.dumps(facts).encode()
