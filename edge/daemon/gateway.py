"""The parts of a running gateway, built from the configuration and tied together.

SHELL. The composition root: everything is made here, nothing is decided. `daemon` starts, watches
and stops what it finds here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from contract.ids import CameraId, GatewayId
from contract.signature import Keyring
from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.load import Loaded
from edge.config.schema import EdgeConfig
from edge.daemon.analysis import AnalysisContext
from edge.daemon.analysis_threads import AnalysisThreads
from edge.daemon.camera_watch import CameraSources, CameraWatch
from edge.daemon.connections import open_keyring, site_settings
from edge.daemon.delivery import Delivery, DeliveryCallbacks, UplinkSetup
from edge.daemon.enrolment import Enrolment
from edge.daemon.health_watch import HealthWatch
from edge.daemon.heartbeat import Pulse
from edge.daemon.identity import Identity, open_identity
from edge.daemon.in_force import Built, InForce
from edge.daemon.open_outbox import open_outbox_of
from edge.daemon.publications import Publications
from edge.daemon.site_listener import SiteListener, SiteReaders
from edge.daemon.status_messages import StatusMessages
from edge.daemon.updates import Updates, UpdateSays
from edge.daemon.verdict_queue import VerdictQueue
from edge.daemon.version import program_version
from edge.daemon.watch_proof import WatchedParts, WatchProof
from edge.daemon.worker import OnFailure
from edge.deliver.context import DeliveryContext
from edge.detect.networks import OpenDetectors, open_detectors
from edge.health.clocksync import WRITTEN_AT, ClockSync
from edge.health.gateway_health import GatewayHealth
from edge.home_assistant.announcer import HomeAssistant
from edge.intake.mailbox import Mailbox
from edge.intake.mqtt import CameraListener, Intake
from edge.intake.redelivery import Attempts
from edge.metrics.counters import Counters, Timings
from edge.pipeline import Pipeline
from edge.remote.requests import RemoteRequests
from edge.self_test.requests import self_test_parts
from edge.self_test.runner import ReportSource
from edge.shadow.recent_frames import RecentFrames
from edge.shadow.runs import ShadowRuns
from edge.static_objects.store import StaticStore
from edge.update.trial import TrialSources
from edge.watch_proof.delivery import WatchRoads
from service.clock import Clock
from service.link import Link, LinkState, Publication


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
        keyring = open_keyring(loaded.config)
        self.clock = clock
        self.counters = Counters()
        self.health = GatewayHealth(clock)
        self.timings = Timings()
        self._on_failure = on_failure
        self.topics = Topics(
            gateway=GatewayId(loaded.config.gateway.id), root=loaded.config.deliver.root
        )
        self.synchronised = ClockSync(clock, floor=WRITTEN_AT)
        self.in_force = InForce(
            loaded, self.topics, clock, self.synchronised, self._followed, open_networks
        )
        self.config, self.live = self.in_force.config, self.in_force.live
        self.mailboxes = tuple(Mailbox() for _ in self.in_force.networks)
        self._open_records(loaded.config)
        self._build_requests()
        self._build_updates()
        self._build_watch_proof()
        identity = open_identity(self.config().deliver.outbox.path)
        self.enrolment = Enrolment(self.config(), clock, on_failure)
        self._build_site(identity)
        self._build_delivery(identity, keyring)
        self._build_workers()
        self._build_watches()
        self._build_publications()

    def _followed(self) -> tuple[CameraId, ...]:
        """The cameras that sent something."""
        return self.intake.cameras

    def links(self) -> dict[str, LinkState]:
        """The links that are wanted, as they are now."""
        own = {"site": self.site.state(), "uplink": self.delivery.uplink.state()}
        return self.site_listener.links() | own

    def pulses(self) -> tuple[Pulse, ...]:
        """When each worker last made progress."""
        patience_s = self.config().runtime.heartbeat_s
        return (*self.analysis.pulses(patience_s), *self.delivery.pulses())

    def take_up(self, built: Built) -> None:
        """Put another configuration in force."""
        self.in_force.take_up(built)
        self.delivery.trusting(built.keyring)
        self._follow()

    def turn_controls(self) -> None:
        """Put in force what people set, then say how it stands."""
        changed = self.in_force.turn_controls()
        if changed is not None:
            self._follow()
            self.publications.publish_changed(changed)

    def _follow(self) -> None:
        """Go by what is in force now, from the next frame on."""
        self.analysis.adopt(self.in_force.worker_settings())
        self.site_listener.follow()

    def _open_records(self, config: EdgeConfig) -> None:
        """What is kept on disk over a restart, and what is said of it."""
        self.outbox = open_outbox_of(config, self.clock, self.counters, self.synchronised)
        self.static = StaticStore(config.deliver.outbox.path, self.clock)
        self._verdict_queue = VerdictQueue()
        self._epoch = self.outbox.next_epoch()
        self.status_messages = StatusMessages(
            self.topics,
            self.live,
            self.in_force.model_sha256,
            self.counters,
            self.outbox,
            self.clock,
        )
        self.status_messages.add_to_info(self.in_force.controls.facts)

    def _build_requests(self) -> None:
        """What can be asked for: self-tests, pictures, diagnostics, Home Assistant's devices."""
        self.self_tests = self_test_parts(
            self.config,
            self.outbox,
            self.topics,
            self.clock,
            ReportSource(origin=self.in_force.origin, epoch=self._epoch),
        )
        self.status_messages.add("self_test", self.self_tests.record.as_json)
        self.remote = RemoteRequests(
            self.config, self.topics, self.outbox, self.clock, self.self_tests.requests
        )
        self.home_assistant = HomeAssistant(
            self.config, self.topics, program_version(), lambda: self.site, self._followed
        )

    def _build_updates(self) -> None:
        """Orders from afar, and the recent frames by which they are judged."""
        self.shadow = ShadowRuns(RecentFrames(self.config), self.clock)
        self.updates = Updates(
            self.topics,
            self.live,
            TrialSources(
                funnels=self.counters.snapshot,
                problems=lambda: tuple(one.problem for one in self.health.condition().ongoing),
                failing=self._failing,
            ),
            UpdateSays(
                publish=self._publish_to_all,
                info=self.status_messages.info,
                model_sha256=self.in_force.model_sha256,
            ),
            self.clock,
        )
        self.status_messages.of_update(self.updates.facts)

    def _build_watch_proof(self) -> None:
        self.watch_proof = WatchProof(
            WatchedParts(
                topics=self.topics,
                config=self.config,
                live=self.live,
                model_sha256=self.in_force.model_sha256,
                counters=self.counters,
                epoch=self._epoch,
                synchronised=self.synchronised,
            ),
            WatchRoads(
                cloud_ready=lambda: self.delivery.uplink.ready,
                to_cloud=self._send_to_cloud,
                to_site=lambda one: self._publish(() if self.delivery.alone else (one,)),
                keyring=lambda: self.delivery.trust.keyring,
            ),
            self.clock,
        )
        self.status_messages.add_to_info(self.watch_proof.info)
        self.status_messages.add("watch", self.watch_proof.stats)

    def _build_site(self, identity: Identity) -> None:
        """Both links to the site's broker, and who reads what arrives there."""
        self.intake = Intake(
            self.config,
            self.mailboxes,
            self.counters,
            self.clock,
            CameraListener(found=self._camera_found, left=self._camera_left),
            Attempts(self.config().deliver.outbox.path),
        )
        readers = SiteReaders(
            intake=self.intake,
            controls=self.in_force.controls,
            remote=self.remote,
            home_assistant=self.home_assistant,
            reply=self._publish,
        )
        self.site_listener = SiteListener(
            self.config, identity, readers, self.clock, self._on_failure
        )
        self.site: Link = Link(
            replace(
                site_settings(self.config(), identity), will=self.status_messages.status("offline")
            ),
            on_fatal=self._on_failure,
            on_connect=self._on_connect,
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
                on_connect=self._public_on_connect,
                will=self.status_messages.status("offline"),
                keyring=keyring,
                requests=self.remote,
                orders=self.updates.inbox,
                watch=self.watch_proof.delivery,
            ),
            self.counters,
            self.site,
            DeliveryCallbacks(
                answered=self._answered,
                marked=self.static.add_outcome,
                on_failure=self._on_failure,
                synchronised=self.synchronised,
            ),
        )

    def _build_workers(self) -> None:
        """Threads; a pipeline of its own for each network."""
        self.analysis = AnalysisThreads(
            self.mailboxes,
            (
                Pipeline(self.config(), one, self._epoch, self.static.load)
                for one in self.in_force.networks
            ),
            self.in_force.worker_settings(),
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
                decided=self.shadow.recent.keep,
                raised_alone=self.shadow.recent.raised,
                on_trial=lambda: self.updates.on_trial,
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
                followed=self._followed,
                faults=self.analysis.faults,
                known=lambda: self.delivery.threats.known,
                notices=self.analysis.notices,
            ),
        )
        self.status_messages.add("notices", self.camera_watch.noticed)
        self.health_watch = HealthWatch(
            self.health, self.status_messages, self.clock, self._publish_to_all
        )

    def _build_publications(self) -> None:
        self.publications = Publications(
            topics=self.topics,
            config=self.config,
            followed=self._followed,
            links=self.links,
            status_messages=self.status_messages,
            updates=self.updates,
            health_watch=self.health_watch,
            camera_watch=self.camera_watch,
            controls=self.in_force.controls,
            home_assistant=self.home_assistant,
            watch_proof=self.watch_proof,
            site=self.site,
            delivery=self.delivery,
        )

    # asked for by parts that are made before what publishes them all

    def _on_connect(self) -> Iterator[Publication]:
        return self.publications.on_connect()

    def _public_on_connect(self) -> Iterator[Publication]:
        return self.publications.public_on_connect()

    def _publish(self, publications: Iterable[Publication]) -> None:
        self.publications.publish(publications)

    def _publish_to_all(self, publications: Iterable[Publication]) -> None:
        self.publications.publish_to_all(publications)

    def _failing(self) -> str | None:
        return self.analysis.failing()

    def _send_to_cloud(self, one: Publication) -> None:
        self.delivery.send(one)

    def _camera_found(self, camera: CameraId) -> None:
        self.publications.publish_found(camera)

    def _camera_left(self, camera: CameraId) -> None:
        """Nothing is left of a camera whose place went to another."""
        self.counters.forget(camera)
        self.static.forget_camera(camera)
        self.analysis.forget(camera)
        self.home_assistant.forget(camera)
        self.remote.frames.forget(camera)
        self.shadow.recent.forget(camera)
        self.publications.clear(camera)

    def _answered(self, verdict: Verdict) -> None:
        """The cloud decided: memory and cooldowns of the camera's thread take it up."""
        self.static.add_verdict(verdict)
        self._verdict_queue.add(verdict)
