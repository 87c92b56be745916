"""What a gateway listens to at the site: pictures, controls, requests, Home Assistant's start.

SHELL, on the network threads of two links: one for all that is heard, one for single pictures that
the broker keeps for us. Each message goes to the one part whose topic it is. Made by `gateway`;
started, changed and stopped on the main thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edge.config.schema import EdgeConfig
from edge.daemon.camera_controls import CameraControls
from edge.daemon.connections import intake_settings, snapshot_settings
from edge.daemon.identity import Identity
from edge.daemon.worker import OnFailure
from edge.home_assistant.announcer import HomeAssistant
from edge.intake.mqtt import Intake
from edge.intake.snapshots import SnapshotConnection
from edge.remote.requests import RemoteRequests
from service.clock import Clock
from service.link import Link, LinkState, Publication, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReaders:
    """The parts that take messages; `reply` answers a request at the site's broker."""

    intake: Intake
    controls: CameraControls
    remote: RemoteRequests
    home_assistant: HomeAssistant
    reply: Callable[[Iterable[Publication]], None]


class SiteListener:
    """The links on which cameras and people at the site are heard, and who reads what arrives."""

    def __init__(
        self,
        config: Callable[[], EdgeConfig],
        identity: Identity,
        readers: SiteReaders,
        clock: Clock,
        on_failure: OnFailure,
    ) -> None:
        """`config` says what is in force. Raises `LinkError`."""
        self._readers = readers
        self._subscribed = self._subscriptions()
        self._snapshots = SnapshotConnection(
            snapshot_settings(config(), identity), config, readers.intake, clock, on_failure
        )
        self.link: Link = Link(
            intake_settings(config(), identity),
            on_fatal=on_failure,
            on_message=self._on_message,
            subscriptions=self._subscribed,
        )

    def start(self) -> None:
        self._snapshots.start()
        self.link.start()

    def stop(self, within_s: float) -> None:
        """Single pictures first: what was not decided on comes again."""
        self._snapshots.stop(within_s)
        self.link.stop(within_s)

    def follow(self) -> None:
        """Subscribe to what the configuration in force names, if that is something else now."""
        self._snapshots.follow()
        subscriptions = self._subscriptions()
        if subscriptions != self._subscribed:
            self._subscribed = subscriptions
            self.link.subscribe(subscriptions)

    def links(self) -> dict[str, LinkState]:
        """Those that are wanted, as they are now."""
        links = {"intake": self.link.state()}
        snapshots = self._snapshots.state()
        return links if snapshots is None else links | {"snapshots": snapshots}

    def _subscriptions(self) -> tuple[Subscription, ...]:
        readers = self._readers
        return (
            *readers.intake.subscriptions(),
            *readers.controls.subscriptions(),
            *readers.remote.subscriptions(),
            *readers.home_assistant.subscriptions(),
        )

    def _on_message(
        self, topic: str, payload: bytes, retained: bool, ack: Callable[[], None]
    ) -> None:
        readers = self._readers
        asked = readers.remote.on_message(
            topic, payload, retained, lambda one: readers.reply((one,))
        )
        told = readers.home_assistant.on_message(topic, payload)
        if asked or told or readers.controls.on_message(topic, payload, retained):
            ack()
        elif self._snapshots.carries(topic):
            ack()  # the copy that the broker holds for us is the one that counts
        else:
            readers.intake.on_message(topic, payload, retained, ack)
