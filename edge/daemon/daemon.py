"""The daemon: starts a gateway's parts, watches them, reloads, and stops them in order.

SHELL. The control loop runs on the main thread and does little: it looks whether every worker is on
time, tells the supervisor, ends threats, publishes statistics and answers signals within a turn.
Called by `__main__`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.config.load import Loaded
from edge.daemon.config_target import ConfigTarget
from edge.daemon.connections import exposed
from edge.daemon.diagnostics import diagnostics
from edge.daemon.gateway import Gateway
from edge.daemon.health_checks import checks
from edge.daemon.heartbeat import late
from edge.daemon.metrics import registry_of
from edge.daemon.model_target import ModelTarget
from edge.daemon.watchdog import DeadMan, Watchdog
from edge.deliver.delivery_metrics import waiting
from edge.detect.networks import OpenDetectors, open_detectors
from edge.errors import ConfigError, ConfigProblem, OutboxError
from edge.self_test.requests import PATH, AskedHere
from imaging.manifest import ModelError
from service.clock import Clock
from service.events import Event, flush, log
from service.metrics import Health, StatusServer
from service.notify import SystemdNotifier

_TURN_S = 0.25
_SWEEP_S = 60.0
_MODEL_S = 60.0
"""A model may take this long to open and pass its self-test before the dead-man timer fires."""
_FAREWELL_SHARE = 0.2
"""Of the time to stop in: kept for saying goodbye if the workers use up the rest."""


@dataclass(slots=True)
class Requests:
    """What signals ask for, which may be before there is a daemon. Plain values, because a signal
    interrupts the very thread that waits: it might hold the lock of an event."""

    stop: bool = False
    reload: bool = False


class Daemon:
    """One gateway from start to end."""

    def __init__(
        self,
        loaded: Loaded,
        path: Path | None,
        environ: Mapping[str, str],
        clock: Clock,
        requests: Requests,
        open_networks: OpenDetectors = open_detectors,
    ) -> None:
        """Builds everything, starts nothing; raises what `Gateway` raises."""
        self._clock, self._requests = clock, requests
        self._failed = threading.Event()
        self._failures: list[Exception] = []
        self._ending = False
        self._stats_at = self._sweep_at = clock.mono()
        self._exposed = exposed(loaded.config)
        self.gateway = Gateway(loaded, clock, self._fail, open_networks)
        self._target = ConfigTarget(self.gateway, path, environ)
        self._models = ModelTarget(self._target, self.gateway)
        self.gateway.health.add_checks(*checks(self.gateway))
        self.gateway.remote.diagnose_by(diagnostics(self.gateway))
        runtime = loaded.config.runtime
        self._status_server = StatusServer(
            runtime.metrics_host,
            runtime.metrics_port,
            registry_of(self.gateway),
            self.health,
            {PATH: AskedHere(self.gateway.self_tests.tests)},
        )
        self._notifier = SystemdNotifier(environ, clock)
        self._dead_man = DeadMan(2 * runtime.heartbeat_s)
        self._watchdog = Watchdog(
            self.gateway.pulses,
            heartbeat_s=runtime.heartbeat_s,
            clock=clock,
            notifier=self._notifier,
            dead_man=self._dead_man,
        )

    def run(self) -> int:
        """Until a signal or a failure; the exit status. Raises `ConfigError` if the metrics' port
        cannot be had."""
        self.listen()
        self._start()
        try:
            self._turn_until_stopped()
        except OutboxError as error:
            self._fail(error)
        finally:
            self._wind_down()
        if self._failures:
            log(Event.DAEMON_FAILED, reason=repr(self._failures[0]))
            return 1
        log(Event.DAEMON_STOPPED)
        return os.EX_TEMPFAIL if self.gateway.remote.restart_wanted else 0

    def health(self) -> Health:
        """Whether an alarm would reach a person, and what stands against it."""
        gateway = self.gateway
        condition = gateway.health.condition()
        facts: dict[str, object] = condition.as_json() | {
            "links": {name: state.ready for name, state in gateway.links().items()},
            "late": [str(one) for one in late(gateway.pulses(), self._clock.mono())],
            "outbox": dict(gateway.outbox.depth().entries),
            **waiting(gateway.outbox),
            "config": gateway.live.current.version,
            "cloud_keys": list(gateway.delivery.trust.key_ids)
            or "none: unsigned verdicts are accepted",
        }
        if self._exposed:
            facts["exposed"] = list(self._exposed)
        return Health(status=condition.status, facts=facts)

    def listen(self) -> None:
        """First of all, since a port that is taken is for somebody to fix."""
        runtime = self.gateway.config().runtime
        try:
            self._status_server.start()
        except OSError as error:
            self.gateway.outbox.close()
            problem = ConfigProblem(
                path="runtime.metrics_port",
                problem=f"cannot listen on {runtime.metrics_host}:{runtime.metrics_port}: "
                f"{error.strerror}",
                hint="another daemon may run; choose another port, or 0 to do without",
            )
            raise ConfigError((problem,)) from error

    def _start(self) -> None:
        current = self.gateway.live.current
        for words in self._exposed:
            log(Event.LINK_EXPOSED, reason=words)
        self._target.keep()
        self._watchdog.start()
        self.gateway.delivery.log_trust()
        for worker in self.gateway.workers:
            worker.start()
        self.gateway.delivery.uplink.start()
        self.gateway.site_listener.start()
        self.gateway.site.start()
        self._notifier.ready()
        gateway, listed = current.config.gateway.id, len(current.config.cameras)
        log(Event.DAEMON_READY, gateway=gateway, config=current.version, listed_cameras=listed)

    def _turn_until_stopped(self) -> None:
        while not (self._requests.stop or self._clock.wait(self._failed, _TURN_S)):
            self._watch()
            self.turn()

    def turn(self) -> None:
        """What the control loop does a few times a second, but for watching over threads."""
        gateway, now = self.gateway, self._clock.mono()
        gateway.delivery.verdicts.tick()
        gateway.delivery.threats.remember(gateway.intake.cameras)
        gateway.delivery.threats.tick()
        gateway.intake.tick()
        gateway.turn_controls()
        gateway.camera_watch.tick(gateway.site_listener.link.ready)
        gateway.health_watch.tick()
        gateway.home_assistant.tick()
        gateway.remote.tick()
        gateway.watch_proof.tick()
        self._requests.stop = self._requests.stop or gateway.remote.restart_wanted
        gateway.self_tests.tests.tick(gateway.delivery.wake)
        if self._requests.reload:
            self._requests.reload = False
            self._take_up_file()
        self._update()
        if now >= self._stats_at:
            self._stats_at = now + gateway.config().runtime.stats_s
            gateway.publications.publish_stats()
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_S
            self._sweep()

    def _watch(self) -> None:
        gateway = self.gateway
        self._watchdog.check()
        up = [name for name, state in gateway.links().items() if state.connected]
        cameras = len(gateway.intake.cameras)
        self._notifier.status(f"{cameras} cameras, links up: {', '.join(up) or 'none'}")

    def _sweep(self) -> None:
        try:
            self.gateway.outbox.sweep()
            self.gateway.outbox.notifications.give_up(
                self.gateway.config().deliver.notify_max_age_s
            )
        except OutboxError as error:  # a bad disk ends nothing; the next sweep may succeed
            log(Event.DELIVERY_FAILED, reason=str(error), again_in_s=_SWEEP_S)
        self.gateway.in_force.controls.keep_again()
        self._target.keep_again()
        flush()

    def _take_up_file(self) -> None:
        """Parse, validate, plan, build, swap; any failure leaves everything as it is."""
        self._notifier.reloading()
        self._dead_man.rearm(_MODEL_S)
        try:
            proposed = self._target.take_up_file()
        except (ConfigError, ModelError) as error:
            log(Event.CONFIG_REFUSED, reasons=str(error).splitlines())
        else:
            log(Event.CONFIG_APPLIED, config=proposed.version)
        self._notifier.ready()

    def _update(self) -> None:
        """Orders from afar; one that asks for another model takes as long as a file that does."""
        if self.gateway.updates.busy:
            self._dead_man.rearm(_MODEL_S)
        self.gateway.updates.tick(self._target, self._models)

    def _wind_down(self) -> None:
        """Intake first, then what is under way, then the farewell, within the deadline."""
        gateway = self.gateway
        deadline_s = gateway.config().runtime.stop_deadline_s
        until_s = self._clock.mono() + deadline_s
        self._notifier.stopping()
        self._watchdog.stop(deadline_s + 5.0)
        log(Event.DAEMON_STOPPING, reason="a failure" if self._failures else "asked to")
        self._settle(until_s - _FAREWELL_SHARE * deadline_s)
        self._ending = True
        gateway.shadow.stop()
        gateway.watch_proof.stop()
        gateway.self_tests.tests.stop()
        gateway.site_listener.stop(1.0)
        leaving = threading.Thread(target=self._leave_cloud, args=(until_s,), daemon=True)
        leaving.start()  # beside the site: neither broker is to use up the other's time
        gateway.site.stop(max(1.0, until_s - self._clock.mono()), gateway.publications.on_stop())
        leaving.join(max(1.0, until_s - self._clock.mono()))
        self._status_server.stop()
        gateway.outbox.close()
        gateway.static.close()
        flush()
        self._watchdog.end()

    def _leave_cloud(self, until_s: float) -> None:
        delivery = self.gateway.delivery
        on_stop = () if delivery.alone else self.gateway.publications.public_on_stop()
        delivery.uplink.stop(max(1.0, until_s - self._clock.mono()), on_stop)

    def _settle(self, until_s: float) -> None:
        """No more frames; workers finish the step they are in, and what waited is decided on."""
        gateway = self.gateway
        gateway.intake.close()
        for mailbox in gateway.mailboxes:
            for frame in mailbox.close():
                gateway.counters.count(frame.camera, "superseded")
        for worker in gateway.workers:
            worker.ask_to_stop()
        gateway.delivery.wake()
        ended = [worker.join(until_s - self._clock.mono()) for worker in gateway.workers]
        # the workers behind these deliver: nothing waits in them
        for analysis, over in zip(gateway.analysis.workers, ended, strict=False):
            if over and not self._failures:
                analysis.finish()

    def _fail(self, error: Exception) -> None:
        """Something that nobody expected: end in order, the supervisor starts us again.

        A thread that was still busy when the outbox was closed under it is no failure.
        """
        if not self._ending:
            self._failures.append(error)
            self._failed.set()
