"""A gateway's delivering side on a clock that the test moves: real outbox, courier, verdicts and
notifiers, one simulated second after the other, before brokers and a store that are away at times.

The cloud answers each report some seconds after it came; cameras raise suspicions by a plan.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from contract.cloudevent import frame_verdict, read_report, read_verdict
from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.schema import DeliverConfig
from edge.deliver.context import DeliveryContext
from edge.deliver.courier import CloudEndpoint, Courier
from edge.deliver.destinations import BrokerDestination, Destination, brokers
from edge.deliver.evidence_requests import EvidenceRequests
from edge.deliver.notifier import Notifier
from edge.deliver.threats import Threats
from edge.deliver.trust import Trust
from edge.deliver.verdicts import VerdictListeners, Verdicts
from edge.metrics.counters import Counters
from objectstore.store import Put, TransientStoreError
from objectstore.store_dir import DirectoryStore
from service.outcomes import Delivered, NotConnected, Pending
from tests.unit.edge.deliver.bundles import GATEWAY, bundle
from tests.unit.edge.deliver.site import Site

AWAY = NotConnected("cannot be reached")
ANSWERS_AFTER_S = 3.0

Told = tuple[float, str]
"""When, and what."""


@dataclass
class Cable:
    """A broker that takes everything while it is `up`, and notes when."""

    mono: Callable[[], float]
    up: bool = True
    tries: int = 0
    reports: list[Told] = field(default_factory=list)
    verdicts: list[tuple[float, Verdict]] = field(default_factory=list)

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int = 1,  # noqa: ARG002, the seam's
        retain: bool = False,  # noqa: ARG002
        content_type: str | None = None,  # noqa: ARG002
    ) -> Pending:
        self.tries += 1
        if not self.up:
            return Pending(AWAY)
        if topic.endswith("/suspect"):
            self.reports.append((self.mono(), read_report(payload).report_id))
        elif topic.endswith("/verdict"):
            self.verdicts.append((self.mono(), read_verdict(payload)))
        return Pending(Delivered())

    def told(self) -> Counter[tuple[str, str]]:
        return Counter((verdict.report_id, verdict.decision) for _, verdict in self.verdicts)


class FlakyStore(DirectoryStore):
    """A real directory that cannot be reached while it is not `up`."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.up = True
        self.tries = 0

    def put_if_absent(self, key: str, body: bytes, content_type: str) -> Put:
        self.tries += 1
        if not self.up:
            raise TransientStoreError("cannot be reached")
        return super().put_if_absent(key, body, content_type)


class Simulation:
    """Time goes on by `run`; everything else may be changed between."""

    def __init__(
        self, folder: Path, step_s: float = 1.0, third: bool = False, max_bytes: int = 10**9
    ) -> None:
        self.step_s = step_s
        self.site = Site(folder / "outbox", max_bytes=max_bytes)
        self.clock, self.outbox = self.site.clock, self.site.open()
        self.broker, self.cloud, self.pager = (Cable(self.clock.mono) for _ in range(3))
        self.store = FlakyStore(folder / "store")
        self.deliver = DeliverConfig(deadline_s=60, resend_s=30)
        self.raised: dict[str, float] = {}
        self.severities: dict[str, int] = {}
        self._answers: dict[float, list[str]] = defaultdict(list)
        self._answered = 0
        self._build(random.Random(5), third)

    def _build(self, rng: random.Random, third: bool) -> None:
        clock, settings = self.clock, (lambda: self.deliver)
        context = DeliveryContext(outbox=self.outbox, clock=clock, settings=settings)
        topics = Topics(gateway=GATEWAY)
        destinations: tuple[Destination, ...] = brokers(self.broker, self.cloud, topics.root)
        if third:
            everything = (
                destinations[0].of if isinstance(destinations[0], BrokerDestination) else None
            )
            assert everything
            destinations += (
                BrokerDestination(name="pager", link=self.pager, root=topics.root, of=everything),
            )
        self.outbox.notifications.keep_only([one.name for one in destinations])
        threats = Threats(self.outbox, topics, clock, settings, self.broker)
        trust = Trust(topics.root, None, self.outbox.find)
        self.verdicts = Verdicts(
            context,
            Counters(),
            trust,
            threats,
            destinations,
            VerdictListeners(evidence_requests=EvidenceRequests(clock)),
        )
        endpoint = CloudEndpoint(store=self.store, uplink=self.cloud, root=topics.root)
        self.courier = Courier(context, endpoint, rng, lambda: None)
        self.notifiers = [Notifier(one, context, rng) for one in destinations]

    def suspect(self, severity: int = 2, size: int = 1000) -> str:
        """A suspicion is raised now."""
        number = len(self.raised)
        one = bundle(number, severity=severity, size=size)
        self.outbox.put(one)
        self.raised[one.report.report_id] = self.clock.mono()
        self.severities[one.report.report_id] = severity
        return one.report.report_id

    def run(self, seconds: float, every_s: float = 0.0) -> None:
        """Time passes; a suspicion is raised every so often."""
        until_s = self.clock.mono() + seconds
        due_s = self.clock.mono()
        while self.clock.mono() < until_s:
            if every_s and self.clock.mono() >= due_s:
                self.suspect()
                due_s += every_s
            self.turn()

    def turn(self) -> None:
        """One step of time, in which each part does what it can do now."""
        self.verdicts.tick()
        while self.courier.step():
            pass
        for notifier in self.notifiers:
            while notifier.step():
                pass
        self._answer()
        self.clock.advance(self.step_s)

    def _answer(self) -> None:
        """The cloud's word on what came some seconds ago, if it can be heard."""
        if not self.cloud.up:
            return
        now = self.clock.mono()
        while self._answered < len(self.cloud.reports):
            at_s, report_id = self.cloud.reports[self._answered]
            if at_s + ANSWERS_AFTER_S > now:
                return
            self._answered += 1
            self._decide(report_id)

    def _decide(self, report_id: str) -> None:
        number = int(report_id.split(".")[3])
        report = bundle(number, severity=self.severities[report_id], size=1).report
        verdict = Verdict(
            report_id=report.report_id, gateway=report.gateway, camera=report.camera,
            decision="confirmed", decided_by="cloud", decided_at=self.clock.now(),
            label="person", reasons=("seen",),
        )  # fmt: skip
        topic = Topics(gateway=GATEWAY).of_camera(report.camera, "verdict")
        self.verdicts.on_message(topic, frame_verdict(verdict), False, lambda: None)
