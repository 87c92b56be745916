"""The parts of a running gateway, built from the configuration and tied together.

SHELL. The composition root: everything is made here, nothing is decided. `daemon` starts, watches
and stops what it finds here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contract.ids import CameraId
from contract.signature import Keyring
from edge.config.load import Loaded
from edge.daemon.analysis import AnalysisContext
from edge.daemon.analysis_threads import AnalysisThreads
from edge.daemon.camera_watch import CameraSources, CameraWatch
from edge.daemon.connections import open_keyring
from edge.daemon.delivery import Delivery, DeliveryCallbacks, UplinkSetup
from edge.daemon.enrolment import Enrolment
from edge.daemon.foundation import lay_foundation
from edge.daemon.health_watch import HealthWatch
from edge.daemon.heartbeat import Pulse
from edge.daemon.identity import Identity, open_identity
from edge.daemon.in_force import Built
from edge.daemon.publications import Publications
from edge.daemon.site import SiteCallbacks, SiteSide
from edge.daemon.updates import Updates, UpdateSays
from edge.daemon.watch_proof import WatchedParts, WatchProof
from edge.daemon.worker import OnFailure
from edge.deliver.context import DeliveryContext
from edge.detect.networks import OpenDetectors, open_detectors
from edge.intake.mqtt import CameraListener
from edge.pipeline import Pipeline
from edge.shadow.recent_frames import RecentFrames
from edge.shadow.runs import ShadowRuns
from edge.update.trial import TrialSources
from edge.watch_proof.delivery import WatchRoads
from service.clock import Clock
from service.link import LinkState, Publication


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
        self._on_failure = on_failure
        self._base = base = lay_foundation(loaded, clock, self._followed, open_networks)
        self.clock, self.topics, self.synchronised = clock, base.topics, base.synchronised
        self.counters, self.timings, self.health = base.counters, base.timings, base.health
        self.in_force, self.outbox, self.static = base.in_force, base.outbox, base.static
        self.config, self.live = base.in_force.config, base.in_force.live
        self.status_messages = base.status_messages
        identity = open_identity(self.config().deliver.outbox.path)
        self._build_site(identity)
        self._build_updates()
        self._build_watch_proof()
        self.enrolment = Enrolment(self.config(), clock, on_failure)
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

    def _build_site(self, identity: Identity) -> None:
        callbacks = SiteCallbacks(
            cameras=CameraListener(found=self._camera_found, left=self._camera_left),
            reply=self._publish,
            on_connect=self._on_connect,
            on_failure=self._on_failure,
        )
        side = SiteSide(self._base, identity, callbacks)
        self.intake, self.mailboxes = side.intake, side.mailboxes
        self.site, self.site_listener = side.link, side.listener
        self.self_tests, self.remote = side.self_tests, side.remote
        self.home_assistant = side.home_assistant

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
                epoch=self._base.epoch,
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
                answered=self._base.answered,
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
                Pipeline(self.config(), one, self._base.epoch, self.static.load)
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
                verdict_queue=self._base.verdict_queue,
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
