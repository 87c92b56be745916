"""The daemon: starts a gateway's parts, watches them, reloads, and stops them in order.

SHELL. The control loop runs on the main thread and does little: it looks whether every worker is on
time, tells the supervisor, ends threats, publishes statistics and answers signals. Called by
`__main__`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry

from edge.config.live import keep
from edge.config.load import Loaded, load
from edge.config.reload import Part, plan
from edge.detect.detector import Detector
from edge.errors import ConfigError
from edge.gateway import Gateway, open_detectors
from edge.runtime.counters import FunnelCollector
from edge.runtime.heartbeat import late
from edge.runtime.watchdog import DeadMan, Watchdog
from imaging.manifest import ModelError
from service.clock import Clock
from service.events import Event, flush, log
from service.metrics import Health, LinkCollector, StatusServer
from service.notify import Notifier

_TURN_S = 0.25
_SWEEP_S = 60.0
_MODEL_S = 60.0
"""A model may take this long to open and pass its self-test before the dead-man timer fires."""


class Daemon:
    """One gateway from start to end."""

    def __init__(
        self, loaded: Loaded, path: Path | None, environ: Mapping[str, str], clock: Clock
    ) -> None:
        """Builds everything, starts nothing; raises what `Gateway` raises."""
        self._path, self._environ, self._clock = path, environ, clock
        self._stop = threading.Event()
        self._reload = threading.Event()
        self._failures: list[Exception] = []
        self._gateway = Gateway(loaded, clock, self._fail)
        runtime = loaded.config.runtime
        registry = CollectorRegistry()
        registry.register(FunnelCollector(self._gateway.counters.snapshot))
        registry.register(LinkCollector(self._gateway.links))
        self._gateway.timings.register(registry)
        self._status_server = StatusServer(
            runtime.metrics_host, runtime.metrics_port, registry, self.health
        )
        self._notifier = Notifier(environ, clock)
        self._dead_man = DeadMan(2 * runtime.heartbeat_s)
        self._watchdog = Watchdog(
            self._gateway.pulses,
            heartbeat_s=runtime.heartbeat_s,
            clock=clock,
            notifier=self._notifier,
            dead_man=self._dead_man,
        )

    def run(self) -> int:
        """Until a signal or a failure; the exit status."""
        self._start()
        try:
            self._turn_until_stopped()
        finally:
            self._wind_down()
        if self._failures:
            log(Event.DAEMON_FAILED, reason=repr(self._failures[0]))
            return 1
        log(Event.DAEMON_STOPPED)
        return 0

    def stop(self) -> None:
        """Ask for an orderly end; safe in a signal handler."""
        self._stop.set()

    def reload(self) -> None:
        """Ask for the file to be read again; safe in a signal handler."""
        self._reload.set()

    def health(self) -> Health:
        """Progress decides; a link that is down only degrades."""
        gateway = self._gateway
        overdue = late(gateway.pulses(), self._clock.mono())
        links = {name: state.connected for name, state in gateway.links().items()}
        facts: dict[str, object] = {
            "links": links,
            "late": [str(one) for one in overdue],
            "outbox": dict(gateway.outbox.depth().entries),
            "config": gateway.live.current.version,
        }
        if overdue:
            return Health(status="unhealthy", facts=facts)
        return Health(status="ok" if all(links.values()) else "degraded", facts=facts)

    def _start(self) -> None:
        current = self._gateway.live.current
        keep(current)
        self._watchdog.start()
        self._status_server.start()
        for worker in self._gateway.workers:
            worker.start()
        self._gateway.uplink.start()
        self._gateway.site.start()
        self._notifier.ready()
        gateway, listed = current.config.gateway.id, len(current.config.cameras)
        log(Event.DAEMON_READY, gateway=gateway, config=current.version, listed_cameras=listed)

    def _turn_until_stopped(self) -> None:
        stats_at = sweep_at = self._clock.mono()
        while not self._clock.wait(self._stop, _TURN_S):
            now = self._clock.mono()
            self._watch()
            self._gateway.verdicts.tick()
            self._gateway.intake.tick()
            if self._reload.is_set():
                self._reload.clear()
                self._take_up_file()
            if now >= stats_at:
                stats_at = now + self._gateway.config().runtime.stats_s
                self._say_stats()
            if now >= sweep_at:
                sweep_at = now + _SWEEP_S
                self._gateway.outbox.sweep()
                flush()

    def _watch(self) -> None:
        gateway = self._gateway
        self._watchdog.check()
        up = [name for name, state in gateway.links().items() if state.connected]
        cameras = len(gateway.intake.cameras)
        self._notifier.status(f"{cameras} cameras, links up: {', '.join(up) or 'none'}")

    def _say_stats(self) -> None:
        stats = self._gateway.statements.stats()
        if stats is not None:
            self._gateway.site.publish(stats.topic, stats.payload, 0, stats.retain)

    def _take_up_file(self) -> None:
        """Parse, validate, plan, build, swap; any failure leaves everything as it is."""
        self._notifier.reloading()
        self._dead_man.rearm(_MODEL_S)
        try:
            proposed = load(self._path, self._environ)
            self._apply(proposed)
        except (ConfigError, ModelError) as error:
            log(Event.CONFIG_REFUSED, reasons=str(error).splitlines())
        else:
            log(Event.CONFIG_APPLIED, config=proposed.version)
        self._notifier.ready()

    def _apply(self, proposed: Loaded) -> None:
        gateway = self._gateway
        planned = plan(gateway.config(), proposed.config)
        if planned.needs_restart:
            raise ConfigError(planned.needs_restart)
        detectors: tuple[Detector | None, ...] = (None,) * len(gateway.analysts)
        if Part.DETECTOR in planned.rebuild:
            detectors = gateway.detectors = open_detectors(proposed.config)
        gateway.live.swap(proposed)
        for analyst, detector in zip(gateway.analysts, detectors, strict=True):
            analyst.adopt(proposed.config, detector)
        keep(proposed)
        for birth in gateway.births():
            gateway.site.publish(birth.topic, birth.payload, birth.qos, birth.retain)

    def _wind_down(self) -> None:
        """Intake first, then what is under way, then the farewell, within the deadline."""
        gateway = self._gateway
        deadline_s = gateway.config().runtime.stop_deadline_s
        until_s = self._clock.mono() + deadline_s
        self._notifier.stopping()
        self._watchdog.stop(deadline_s + 5.0)
        log(Event.DAEMON_STOPPING, reason="a failure" if self._failures else "asked to")
        self._settle(until_s)
        final = gateway.statements.stats()
        farewell = [gateway.statements.status("stopped"), *([final] if final else [])]
        gateway.site.stop(max(1.0, until_s - self._clock.mono()), farewell)
        gateway.uplink.stop(1.0)
        self._status_server.stop()
        gateway.outbox.close()
        flush()
        self._watchdog.end()

    def _settle(self, until_s: float) -> None:
        """No more frames; workers finish the step they are in."""
        gateway = self._gateway
        for mailbox in gateway.mailboxes:
            for frame in mailbox.close():
                gateway.counters.count(frame.camera, "superseded")
        for worker in gateway.workers:
            worker.ask_to_stop()
        gateway.wake_courier()
        for worker in gateway.workers:
            worker.join(until_s - self._clock.mono())

    def _fail(self, error: Exception) -> None:
        """Something that nobody expected: end in order, the supervisor starts us again."""
        self._failures.append(error)
        self._stop.set()
