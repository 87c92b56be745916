"""The running bridge: a link to the site's broker, a thread per camera, status messages of both.

SHELL. The control loop says what changed; it decodes nothing and waits for no camera. Called by
`__main__`.
"""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import cv2
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge.address import Url, parse_address
from bridge.config import BridgeConfig, BridgeConfigError
from bridge.ffmpeg_memory import bound_ffmpeg_memory
from bridge.motion_hints import MotionHints
from bridge.motion_watch import MotionSource, MotionWatch
from bridge.picture import jpeg_format_of
from bridge.source_condition import SourceCondition
from bridge.sources.open import open_source
from bridge.status_messages import BridgeStatusMessages, PicturePublisher, topics_of
from bridge.uploads.listeners import Listeners, upload_queues
from bridge.worker import CameraFeed, CameraWorker
from contract.ids import CameraId
from contract.topics import ImageTemplate
from service.clock import Clock
from service.events import Event, log
from service.link import Link
from service.link_settings import settings_of
from service.metrics import Health, LinkCollector, StatusServer
from service.notify import SystemdNotifier

TICK_S = 0.5


class Bridge:
    """Composed when made, at work within `run`; both raise `BridgeConfigError`, making `LinkError`
    too."""

    def __init__(self, config: BridgeConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self.conditions = {CameraId(camera): SourceCondition() for camera in config.cameras}
        self.hints = {
            CameraId(camera): MotionHints(settings.rate_fps, settings.slowest_fps)
            for camera, settings in config.cameras.items()
            if settings.events
        }
        topics = topics_of(config.root, config.id)
        self._messages = BridgeStatusMessages(topics, self.conditions, self.hints, clock)
        who = config.broker.client_id or f"stillwatch-{config.id}-{uuid.uuid4().hex[:8]}"
        self._broken = threading.Event()
        self._link = Link(
            replace(
                settings_of(config.broker, "site", f"{who}-bridge"),
                will=self._messages.status("offline"),
            ),
            on_fatal=lambda _: self._broken.set(),
            on_connect=self._messages.on_connect,
        )
        self._pictures = PicturePublisher(ImageTemplate(config.topic), self._link, clock)
        self._upload_queues = upload_queues(config)
        self._listeners = Listeners(config, self._upload_queues)
        self._threads: list[threading.Thread] = []
        self._notifier = SystemdNotifier(clock=clock)

    def run(self, stopping: threading.Event) -> int:
        """Until `stopping` is set; 1 if the connection's thread failed."""
        cv2.setNumThreads(1)  # threads are ours: one per camera
        bound_ffmpeg_memory(self._config.limits.max_pixels)
        status = self._status_server()
        try:
            status.start()
        except OSError as error:
            runtime = self._config.runtime
            where = f"{runtime.metrics_host}:{runtime.metrics_port}"
            raise BridgeConfigError(
                f"runtime.metrics_port: cannot listen on {where}: {error.strerror} (another bridge "
                "may run; choose another port, or 0 to do without)"
            ) from error
        self._link.start()
        self._listeners.start(stopping)
        self._start_workers(stopping)
        log(Event.DAEMON_READY, cameras=len(self.conditions))
        self._notifier.ready()
        self._publish_status(stopping)
        stopping.set()
        self._notifier.stopping()
        self._listeners.stop()
        self._end()
        status.stop()
        return 1 if self._broken.is_set() else 0

    def health(self) -> Health:
        """Degraded while the broker or a camera is away."""
        states = {camera: condition.state() for camera, condition in self.conditions.items()}
        away = {camera: f"{s.reason}: {s.detail}" for camera, s in states.items() if s.reason}
        dead = [thread.name for thread in self._threads if not thread.is_alive()]
        if dead or self._broken.is_set():
            return Health(status="unhealthy", facts={"dead": dead})
        link = self._link.state()
        now = self._clock.mono()
        motions = {camera: hints.state(now) for camera, hints in self.hints.items()}
        facts = {
            "connected": link.connected,
            "link": link.reason,
            "offline": away,
            "no_motion_events": {
                c: f"{m.reason}: {m.detail}" for c, m in motions.items() if m.reason
            },
        }
        return Health(status="ok" if link.connected and not away else "degraded", facts=facts)

    def _start_workers(self, stopping: threading.Event) -> None:
        limits = self._config.limits
        for camera, condition in self.conditions.items():
            settings = self._config.cameras[camera]
            jpeg_format = jpeg_format_of(
                settings.width_px, settings.jpeg_quality, limits.max_bytes, limits.max_pixels
            )
            queue, hints = self._upload_queues.get(camera), self.hints.get(camera)
            surely = partial(self._pictures.deliver, stopping=stopping)
            rate_at = None if hints is None else hints.rate_fps
            feed = CameraFeed(
                camera=camera,
                source=open_source(settings, jpeg_format, self._clock, queue, rate_at),
                condition=condition,
                send=self._pictures.send if queue is None else surely,
                reconnect_max_s=settings.reconnect_max_s,
            )
            worker = CameraWorker(feed, self._clock, random.Random())
            self._start_thread(worker.run, f"camera-{camera}", stopping)
            url = parse_address(settings.source)
            if hints is not None and isinstance(url, Url):
                self._start_motion(camera, url, hints, stopping)

    def _start_motion(
        self, camera: CameraId, url: Url, hints: MotionHints, stopping: threading.Event
    ) -> None:
        condition, settings = self.conditions[camera], self._config.cameras[camera]
        watch = MotionWatch(
            MotionSource(camera=camera, settings=settings, url=url),
            hints,
            lambda: condition.state().status == "online",
            self._clock,
            random.Random(),
        )
        self._start_thread(watch.run, f"motion-{camera}", stopping)

    def _start_thread(
        self, run: Callable[[threading.Event], None], name: str, stopping: threading.Event
    ) -> None:
        thread = threading.Thread(target=run, args=(stopping,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _publish_status(self, stopping: threading.Event) -> None:
        next_s = self._clock.mono() + self._config.runtime.health_s
        while not self._clock.wait(stopping, TICK_S) and not self._broken.is_set():
            self._notify_supervisor()
            said = list(self._messages.changes()) if self._link.connected else []
            if self._clock.mono() >= next_s:
                next_s += self._config.runtime.health_s
                said += self._messages.health()
            for one in said:
                self._link.publish(one.topic, one.payload, one.qos, one.retain)

    def _notify_supervisor(self) -> None:
        health = self.health()
        if health.status != "unhealthy":
            self._notifier.alive()
        states = [condition.state() for condition in self.conditions.values()]
        online = sum(state.status == "online" for state in states)
        link = "connected" if self._link.connected else "no broker"
        self._notifier.status(f"{online} of {len(states)} cameras online, {link}")

    def _end(self) -> None:
        until_s = self._clock.mono() + self._config.runtime.stop_deadline_s
        self._link.stop(self._config.runtime.stop_deadline_s, [self._messages.status("stopped")])
        for thread in self._threads:  # one that waits for a dead camera ends with the process
            thread.join(max(0.0, until_s - self._clock.mono()))
        log(Event.DAEMON_STOPPED)

    def _status_server(self) -> StatusServer:
        registry = CollectorRegistry()
        registry.register(LinkCollector(lambda: {"site": self._link.state()}))
        registry.register(_Cameras(self.conditions, self.hints, self._clock))
        runtime = self._config.runtime
        return StatusServer(runtime.metrics_host, runtime.metrics_port, registry, self.health)


class _Cameras(Collector):
    """Each camera's figures, read when Prometheus asks."""

    def __init__(
        self,
        conditions: dict[CameraId, SourceCondition],
        hints: dict[CameraId, MotionHints],
        clock: Clock,
    ) -> None:
        self._conditions, self._hints, self._clock = conditions, hints, clock

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(
            "stillwatch_bridge_camera_up", "Pictures come from the camera.", labels=["camera"]
        )
        pictures = CounterMetricFamily(
            "stillwatch_bridge_pictures", "What became of pictures.", labels=["camera", "what"]
        )
        for camera, condition in self._conditions.items():
            state = condition.state()
            up.add_metric([camera], float(state.status == "online"))
            for what in ("sent", "rejected", "dropped"):
                pictures.add_metric([camera, what], state.counts.get(what, 0))
        yield up
        yield pictures
        yield from self._motion()

    def _motion(self) -> Iterator[Metric]:
        events = CounterMetricFamily(
            "stillwatch_bridge_motion_events",
            "Motion events of cameras, and subscriptions to them.",
            labels=["camera", "what"],
        )
        rate = GaugeMetricFamily(
            "stillwatch_bridge_camera_rate_fps",
            "Pictures per second that a camera's own motion events ask for.",
            labels=["camera"],
        )
        for camera, hints in self._hints.items():
            state = hints.state(self._clock.mono())
            rate.add_metric([camera], state.rate_fps)
            for what in ("subscribed", "lost", "messages", "ignored"):
                events.add_metric([camera, what], state.counts.get(what, 0))
        yield events
        yield rate
