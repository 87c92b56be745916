"""What a gateway publishes of itself: after a connect, when something changed, and when it stops.

SHELL. Some of it is for people at the site alone, the rest (`public`) for the cloud too. Each part
of the gateway words its own messages; their order and their broker are decided here. Made by
`gateway`; links ask on their network threads, `daemon` on the control loop's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from contract.ids import CameraId
from contract.topics import Topics
from edge.config.schema import EdgeConfig
from edge.daemon.camera_controls import CameraControls, ChangedControls
from edge.daemon.camera_watch import CameraWatch
from edge.daemon.delivery import Delivery
from edge.daemon.health_watch import HealthWatch
from edge.daemon.status_messages import StatusMessages
from edge.daemon.updates import Updates
from edge.daemon.watch_proof import WatchProof
from edge.home_assistant.announcer import HomeAssistant
from service.link import Link, LinkState, Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class Publications:
    """The parts that have something to say, and the two ways out: `site` and `delivery`'s uplink.

    `config` is in force now, `followed` are the cameras that sent something, `links` the
    connections that are wanted.
    """

    topics: Topics
    config: Callable[[], EdgeConfig]
    followed: Callable[[], tuple[CameraId, ...]]
    links: Callable[[], Mapping[str, LinkState]]
    status_messages: StatusMessages
    updates: Updates
    health_watch: HealthWatch
    camera_watch: CameraWatch
    controls: CameraControls
    home_assistant: HomeAssistant
    watch_proof: WatchProof
    site: Link
    delivery: Delivery

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
        listed = tuple(map(CameraId, self.config().cameras))
        yield from self.controls.states(self.config())
        for camera in sorted({*listed, *self.followed(), *self.delivery.threats.known}):
            yield self.delivery.threats.state(camera)
        yield from self.watch_proof.on_connect()
        yield from self.home_assistant.on_connect()

    def on_stop(self) -> tuple[Publication, ...]:
        """What is said last at the site's broker: no threat stays ON when nobody can end it."""
        return (*self.delivery.threats.on_stop(), *self.public_on_stop())

    def public_on_stop(self) -> tuple[Publication, ...]:
        """What is said last at the brokers of site and cloud; our presence at the very end."""
        return (
            *self.watch_proof.on_stop(),
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
            self.publish_to_all((stats,))

    def republish(self) -> None:
        """Everything retained, after it may have changed."""
        self.publish(self.on_connect())
        self.delivery.publish_to_cloud(self.public_on_connect())

    def publish_changed(self, changed: ChangedControls) -> None:
        """How it stands of what people set."""
        self.publish(self.controls.changed_states(self.config(), changed))
        if changed.settings:
            self.publish_to_all((self.status_messages.info(),))

    def publish_found(self, camera: CameraId) -> None:
        """Of a camera that sent its first picture; `status` and `health` follow on the next
        round."""
        self.publish((self.delivery.threats.state(camera),))
        self.publish(self.controls.states_of(self.config(), camera))

    def clear(self, camera: CameraId) -> None:
        """The brokers forget a camera whose place went to another."""
        gone = [
            self.topics.of_camera(camera, "status"),
            self.topics.of_camera(camera, "health"),
            *(one.topic for one in self.controls.states_of(self.config(), camera)),
        ]
        self.publish_to_all(Publication(topic=topic, payload=b"") for topic in gone)

    def publish_to_all(self, publications: Iterable[Publication]) -> None:
        """At the brokers of site and cloud."""
        all_ = tuple(publications)
        self.publish(all_)
        self.delivery.publish_to_cloud(all_)

    def publish(self, publications: Iterable[Publication]) -> None:
        """At the site's broker."""
        for one in publications:
            self.site.publish(one.topic, one.payload, one.qos, one.retain)
