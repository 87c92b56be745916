"""Whoever is notified of verdicts: the seam, and the brokers of site and cloud behind it.

SHELL. A destination knows how to notify and what concerns it, nothing else: state, back-off and
order are `notifier`'s and the outbox's. Another kind (mail, a webhook, an alarm centre) is another
class here and another name in the outbox's table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from contract.cloudevent import CONTENT_TYPE, frame_verdict
from contract.topics import Topics
from contract.verdict import Verdict
from service.outcomes import Pending

SITE, CLOUD = "site", "cloud"


class Publishes(Protocol):
    """What takes a message without blocking; see `service.link.Link.publish`."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int = 1,
        retain: bool = False,
        content_type: str | None = None,
    ) -> Pending: ...


class Destination(Protocol):
    """Notified on one thread of its own, one verdict after the other."""

    @property
    def name(self) -> str:
        """Its name in the outbox, in metrics and in the log; never changed once it is in use."""
        ...

    def wants(self, verdict: Verdict) -> bool:
        """Whether the verdict is for it at all."""
        ...

    def notify(self, verdict: Verdict) -> Pending:
        """Begins to notify. `Refused` is final, everything else but `Delivered` is tried again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerDestination:
    """Hears verdicts on their camera's topic, under the gateway that raised the report.

    `of`: whose decisions it is to be notified of; the cloud's own the cloud has said at its broker
    itself.
    """

    name: str
    link: Publishes
    root: str
    of: frozenset[Literal["cloud", "edge"]]

    def wants(self, verdict: Verdict) -> bool:
        return verdict.decided_by in self.of

    def notify(self, verdict: Verdict) -> Pending:
        topics = Topics(gateway=verdict.gateway, root=self.root)
        topic = topics.of_camera(verdict.camera, "verdict")
        return self.link.publish(topic, frame_verdict(verdict), 1, False, CONTENT_TYPE)


def brokers(site: Publishes, cloud: Publishes | None, root: str) -> tuple[BrokerDestination, ...]:
    """The brokers to notify; without `cloud` both meet at the site's, and said once is enough."""
    if cloud is None:
        return (BrokerDestination(name=SITE, link=site, root=root, of=frozenset({"edge"})),)
    everything: frozenset[Literal["cloud", "edge"]] = frozenset({"edge", "cloud"})
    return (
        BrokerDestination(name=SITE, link=site, root=root, of=everything),
        BrokerDestination(name=CLOUD, link=cloud, root=root, of=frozenset({"edge"})),
    )
