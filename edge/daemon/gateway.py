"""The parts of a running gateway, built from the configuration and tied together.

SHELL. The composition root: everything is made here, nothing is decided. `daemon` starts, watches
and stops what it finds here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from contract.ids import CameraId, GatewayId
from contract.signature import Keyring
from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.live import Live
from edge.config.load import Loaded
from edge.config.schema import EdgeConfig
from edge.daemon.analysis import AnalysisContext, WorkerSettings
from edge.daemon.analysis_threads import AnalysisThreads
from edge.daemon.built import Built
from edge.daemon.camera_controls import CameraControls
from edge.daemon.camera_watch import CameraSources, CameraWatch
from edge.daemon.connections import intake_settings, open_keyring, site_settings, snapshot_settings
from edge.daemon.delivery import Delivery, DeliveryCallbacks, UplinkSetup
from edge.daemon.enrolment import Enrolment
from edge.daemon.health_watch import HealthWatch
from edge.daemon.heartbeat import Pulse
from edge.daemon.identity import Identity, open_identity
from edge.daemon.open_outbox import open_outbox_of
from edge.daemon.status_messages import StatusMessages
from edge.daemon.updates import Updates, UpdateSays
from edge.daemon.verdict_queue import VerdictQueue
from edge.daemon.version import program_version
from edge.daemon.worker import OnFailure
from edge.deliver.context import DeliveryContext
from edge.deliver.evidence import ReportOrigin
from edge.detect.networks import NamedDetector, OpenDetectors, open_detectors
from edge.health.clocksync import WRITTEN_AT, ClockSync
from edge.health.gateway_health import GatewayHealth
from edge.home_assistant.announcer import HomeAssistant
from edge.intake.mailbox import Mailbox
from edge.intake.mqtt import CameraListener, Intake
from edge.intake.redelivery import Attempts
from edge.intake.snapshots import SnapshotConnection
from edge.metrics.counters import Counters, Timings
from edge.pipeline import Pipeline
from edge.privacy import privacy_of
from edge.remote.requests import RemoteRequests
from edge.self_test.requests import self_test_parts
from edge.self_test.runner import ReportSource
from edge.static_objects.store import StaticStore
from service.clock import Clock
from service.link import Link, LinkState, Publication, Subscription


class Gateway:
    """Made whole or not at all; nothing runs until its parts are started."""

    def __init__(
        self,
        loaded: Loaded,
        clock: Clock,
        on_failure: OnFailure,
        open_networks: OpenDetectors = open_detectors,
    ) -> None:
        """Raises `ModelError`, `OutboxInUse`, `LinkError`, `StoreError`, `ConfigError` for what
        must be fixed."""
        config = loaded.config
        keyring = open_keyring(config)
        self.live = Live(loaded)
        self.clock = clock
        self.counters = Counters()
        self.health = GatewayHealth(clock)
        self.timings = Timings()
        self._open_networks = open_networks
        self._networks = tuple(open_networks(config))
        self.mailboxes = tuple(Mailbox() for _ in self._networks)
        self.topics = Topics(gateway=GatewayId(config.gateway.id), root=config.deliver.root)
        self.synchronised = ClockSync(clock, floor=WRITTEN_AT)
        self.outbox = open_outbox_of(config, clock, self.counters, self.synchronised)
        self.static = StaticStore(config.deliver.outbox.path, clock)
        self.status_messages = StatusMessages(
            self.topics,
            self.live,
            lambda: self._networks[0].sha256,
            self.counters,
            self.outbox,
            clock,
        )
        self.controls = CameraControls(
            config.deliver.outbox.path,
            self.topics,
            clock,
            self.live,
            lambda: self.intake.cameras,
        )
        self.status_messages.add_to_info(self.controls.facts)
        self._config = config = self.controls.in_force()
        self._on_failure = on_failure
        self._subscribed: tuple[Subscription, ...] = ()
        self._verdict_queue = VerdictQueue()
        self._epoch = self.outbox.next_epoch()
        self.self_tests = self_test_parts(
            self.config,
            self.outbox,
            self.topics,
            clock,
            ReportSource(origin=lambda: self._origin(self._networks[0]), epoch=self._epoch),
        )
        self.status_messages.add("self_test", self.self_tests.record.as_json)
        self.remote = RemoteRequests(
            self.config, self.topics, self.outbox, clock, self.self_tests.requests
        )
        self.home_assistant = HomeAssistant(
            self.config,
            self.topics,
            program_version(),
            lambda: self.site,
            lambda: self.intake.cameras,
        )
        self.updates = Updates(
            self.topics,
            self.live,
            self.counters,
            self.health,
            UpdateSays(publish=self._publish_to_all, model_sha256=lambda: self._networks[0].sha256),
            clock,
        )
        self.status_messages.of_update(self.updates.facts)
        identity = open_identity(config.deliver.outbox.path)
        self.enrolment = Enrolment(config, clock, self._on_failure)
        self._build_site(config, identity)
        self._build_delivery(identity, keyring)
        self._build_workers(config)
        self._build_watches()

    def config(self) -> EdgeConfig:
        """The configuration in force, with the switches as they stand."""
        return self._config

    def links(self) -> dict[str, LinkState]:
        """The links that are wanted, as they are now."""
        links = {
            "intake": self.intake_link.state(),
            "site": self.site.state(),
            "uplink": self.delivery.uplink.state(),
        }
        snapshots = self.snapshots.state()
        return links if snapshots is None else links | {"snapshots": snapshots}

    def pulses(self) -> tuple[Pulse, ...]:
        """When each worker last made progress."""
        patience_s = self.config().runtime.heartbeat_s
        return (*self.analysis.pulses(patience_s), *self.delivery.pulses())

    def public_on_connect(self) -> Iterator[Publication]:
        """What is retained at the brokers of site and cloud: that we live, and our cameras."""
        yield self.status_messages.status("online")
        yield self.status_messages.info()
        yield from self.updates.on_connect()
        yield from self.health_watch.on_connect()
        yield from self.camera_watch.on_connect()

    def on_connect(self) -> Iterator[Publication]:
        """Everything retained that must be true at the site's broker after a connect."""
        yield from self.public_on_connect()
        cameras = self.intake.cameras
        listed = tuple(map(CameraId, self.config().cameras))
        yield from self.controls.states(self.config())
        for camera in sorted({*listed, *cameras, *self.delivery.threats.known}):
            yield self.delivery.threats.state(camera)
        yield from self.home_assistant.on_connect()

    def on_stop(self) -> tuple[Publication, ...]:
        """What is said last at the site's broker: no threat stays ON when nobody can end it."""
        return (*self.delivery.threats.on_stop(), *self.public_on_stop())

    def public_on_stop(self) -> tuple[Publication, ...]:
        """What is said last at the brokers of site and cloud; our presence at the very end."""
        return (
            *self.camera_watch.on_stop(),
            self.status_messages.stats(),
            self.status_messages.status("stopped"),
        )

    def publish_stats(self) -> None:
        """`stats`, if there is anybody to hear it and anything new."""
        if not any(state.connected for state in self.links().values()):
            return
        stats = self.status_messages.changed_stats()
        if stats is not None:
            self._publish_to_all((stats,))

    def republish(self) -> None:
        """Everything retained, after it may have changed."""
        self._publish(self.on_connect())
        self.delivery.publish_to_cloud(self.public_on_connect())

    def build(self, proposed: Loaded, *, anew: bool) -> Built:
        """What another configuration needs, beside what runs; networks are opened `anew` if it asks
        for others. Raises `ModelError` or `ConfigError`."""
        keyring = open_keyring(proposed.config)
        networks = tuple(self._open_networks(proposed.config)) if anew else self._networks
        return Built(loaded=proposed, keyring=keyring, networks=networks)

    def take_up(self, built: Built) -> None:
        """Put another configuration in force."""
        self._networks = built.networks
        self.delivery.trusting(built.keyring)
        self.live.swap(built.loaded)
        self._put_in_force()

    def turn_controls(self) -> None:
        """Put in force what people set, then say how it stands."""
        changed = self.controls.turn()
        if changed is None:
            return
        self._put_in_force()
        self._publish(self.controls.changed_states(self.config(), changed))
        if changed.settings:
            self._publish_to_all((self.status_messages.info(),))

    def _put_in_force(self) -> None:
        """From the next frame on."""
        self._config = self.controls.in_force()
        self.analysis.adopt(self._worker_settings())
        self.snapshots.follow()
        if self._subscribed != self._heard():
            self._subscribed = self._heard()
            self.intake_link.subscribe(self._subscribed)

    def _heard(self) -> tuple[Subscription, ...]:
        """What we listen to at the site's broker."""
        return (
            *self.intake.subscriptions(),
            *self.controls.subscriptions(),
            *self.remote.subscriptions(),
            *self.home_assistant.subscriptions(),
        )

    def _build_site(self, config: EdgeConfig, identity: Identity) -> None:
        self.intake = Intake(
            self.config,
            self.mailboxes,
            self.counters,
            self.clock,
            CameraListener(found=self._camera_found, left=self._camera_left),
            Attempts(config.deliver.outbox.path),
        )
        self.snapshots = SnapshotConnection(
            snapshot_settings(config, identity),
            self.config,
            self.intake,
            self.clock,
            self._on_failure,
        )
        self._subscribed = self._heard()
        self.intake_link: Link = Link(
            intake_settings(config, identity),
            on_fatal=self._on_failure,
            on_message=self._on_site_message,
            subscriptions=self._subscribed,
        )
        self.site: Link = Link(
            site_settings(config, identity),
            on_fatal=self._on_failure,
            on_connect=self.on_connect,
            will=self.status_messages.status("offline"),
        )

    def _build_delivery(self, identity: Identity, keyring: Keyring | None) -> None:
        self.delivery = Delivery(
            self.config,
            DeliveryContext(
                outbox=self.outbox,
                clock=self.clock,
                settings=lambda: self.config().deliver,
                trace=self.self_tests.tests,
            ),
            UplinkSetup(
                topics=self.topics,
                identity=identity,
                on_connect=self.public_on_connect,
                will=self.status_messages.status("offline"),
                keyring=keyring,
                requests=self.remote,
                orders=self.updates.inbox,
            ),
            self.counters,
            self.site,
            DeliveryCallbacks(
                answered=self._answered, on_failure=self._on_failure, synchronised=self.synchronised
            ),
        )

    def _build_workers(self, config: EdgeConfig) -> None:
        self.analysis = AnalysisThreads(
            self.mailboxes,
            (Pipeline(config, one, self._epoch, self.static.load) for one in self._networks),
            self._worker_settings(),
            AnalysisContext(
                outbox=self.outbox,
                counters=self.counters,
                timings=self.timings,
                clock=self.clock,
                kept=self.delivery.kept,
                evidence_requests=self.delivery.evidence_requests,
                verdict_queue=self._verdict_queue,
                sync_memory=self.static.sync,
                raised=self.home_assistant.raised,
                looked=self.remote.frames.keep,
            ),
            self._on_failure,
        )
        self.workers = (*self.analysis.threads, *self.delivery.workers, *self.enrolment.workers)

    def _build_watches(self) -> None:
        self.camera_watch = CameraWatch(
            self.config,
            self.counters,
            self.status_messages,
            self.clock,
            self._publish_to_all,
            CameraSources(
                followed=lambda: self.intake.cameras,
                faults=self.analysis.faults,
                known=lambda: self.delivery.threats.known,
                notices=self.analysis.notices,
            ),
        )
        self.status_messages.add("notices", self.camera_watch.noticed)
        self.health_watch = HealthWatch(
            self.health, self.status_messages, self.clock, self._publish_to_all
        )

    def _camera_found(self, camera: CameraId) -> None:
        """Its `status` and `health` follow on the next round."""
        self._publish((self.delivery.threats.state(camera),))
        self._publish(self.controls.states_of(self.config(), camera))

    def _publish_to_all(self, publications: Iterable[Publication]) -> None:
        """At the brokers of site and cloud."""
        all_ = tuple(publications)
        self._publish(all_)
        self.delivery.publish_to_cloud(all_)

    def _camera_left(self, camera: CameraId) -> None:
        """Nothing is left of a camera whose place went to another."""
        self.counters.forget(camera)
        self.static.forget_camera(camera)
        self.analysis.forget(camera)
        self.home_assistant.forget(camera)
        self.remote.frames.forget(camera)
        gone = [
            self.topics.of_camera(camera, "status"),
            self.topics.of_camera(camera, "health"),
            *(one.topic for one in self.controls.states_of(self.config(), camera)),
        ]
        # the brokers forget it too
        self._publish_to_all(Publication(topic=topic, payload=b"") for topic in gone)

    def _publish(self, publications: Iterable[Publication]) -> None:
        for one in publications:
            self.site.publish(one.topic, one.payload, one.qos, one.retain)

    def _answered(self, verdict: Verdict) -> None:
        """The cloud decided: memory and cooldowns of the camera's thread take it up."""
        self.static.add_verdict(verdict)
        self._verdict_queue.add(verdict)

    def _on_site_message(
        self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]
    ) -> None:
        asked = self.remote.on_message(topic, payload, retained, lambda one: self._publish((one,)))
        told = self.home_assistant.on_message(topic, payload)
        if asked or told or self.controls.on_message(topic, payload, retained):
            ack()
        elif self.snapshots.carries(topic):
            ack()  # the copy that the broker holds for us is the one that counts
        else:
            self.intake.on_message(topic, payload, retained, ack)

    def _worker_settings(self) -> tuple[WorkerSettings, ...]:
        """What the worker of each network goes by from now on."""
        return tuple(
            WorkerSettings(config=self.config(), detector=network, origin=self._origin(network))
            for network in self._networks
        )

    def _origin(self, network: NamedDetector) -> ReportOrigin:
        """What reports say from now on of where they come from."""
        current = self.live.current
        return ReportOrigin(
            gateway=self.topics.gateway,
            model_sha256=network.sha256,
            config_version=current.version,
            config_sha256=current.sha256,
            evidence=current.config.deliver.evidence,
            privacy=privacy_of(current.config),
            clocksync=self.synchronised,
            on_test=self.controls.on_test,
        )
