"""The site's side of a gateway: who is heard there, what can be asked, and who is told.

SHELL, though it decides nothing; the cloud's side is `delivery`. Made by `gateway`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from edge.daemon.connections import site_settings
from edge.daemon.foundation import Foundation
from edge.daemon.identity import Identity
from edge.daemon.site_listener import SiteListener, SiteReaders
from edge.daemon.version import program_version
from edge.daemon.worker import OnFailure
from edge.home_assistant.announcer import HomeAssistant
from edge.intake.mailbox import Mailbox
from edge.intake.mqtt import CameraListener, Intake
from edge.intake.redelivery import Attempts
from edge.remote.requests import RemoteRequests
from edge.self_test.requests import self_test_parts
from edge.self_test.runner import ReportSource
from service.link import Link, Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCallbacks:
    """`cameras` come and go; `reply` answers at the site's broker, `on_connect` is what stands
    there."""

    cameras: CameraListener
    reply: Callable[[Iterable[Publication]], None]
    on_connect: Callable[[], Iterator[Publication]]
    on_failure: OnFailure


class SiteSide:
    """Both links to the site's broker, and who reads what arrives there."""

    def __init__(self, base: Foundation, identity: Identity, callbacks: SiteCallbacks) -> None:
        """Raises `LinkError`."""
        self.mailboxes = tuple(Mailbox() for _ in base.in_force.networks)
        self._make_answerers(base)
        config, clock = base.in_force.config, base.clock
        attempts = Attempts(config().deliver.outbox.path)
        self.intake = Intake(
            config, self.mailboxes, base.counters, clock, callbacks.cameras, attempts
        )
        readers = SiteReaders(
            intake=self.intake,
            controls=base.in_force.controls,
            remote=self.remote,
            home_assistant=self.home_assistant,
            reply=callbacks.reply,
        )
        self.listener = SiteListener(config, identity, readers, clock, callbacks.on_failure)
        will = base.status_messages.status("offline")
        self.link: Link = Link(
            replace(site_settings(config(), identity), will=will),
            on_fatal=callbacks.on_failure,
            on_connect=callbacks.on_connect,
        )

    def _make_answerers(self, base: Foundation) -> None:
        """What can be asked for: self-tests, pictures, diagnostics, Home Assistant's devices."""
        config, topics, outbox, clock = base.in_force.config, base.topics, base.outbox, base.clock
        source = ReportSource(origin=base.in_force.origin, epoch=base.epoch)
        self.self_tests = self_test_parts(config, outbox, topics, clock, source)
        base.status_messages.add("self_test", self.self_tests.record.as_json)
        self.remote = RemoteRequests(config, topics, outbox, clock, self.self_tests.requests)
        self.home_assistant = HomeAssistant(
            config, topics, program_version(), lambda: self.link, lambda: self.intake.cameras
        )
