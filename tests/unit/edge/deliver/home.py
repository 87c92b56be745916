"""Verdicts for tests: an outbox, a site's broker and perhaps a cloud's."""

from __future__ import annotations

from pathlib import Path

from contract.cloudevent import frame_verdict
from contract.operator_outcome import OperatorOutcome
from contract.topics import Topics
from contract.verdict import Verdict
from edge.config.schema import DeliverConfig
from edge.deliver.context import DeliveryContext
from edge.deliver.destinations import brokers
from edge.deliver.evidence_requests import EvidenceRequests
from edge.deliver.notifier import Notifier
from edge.deliver.outbox import Outbox
from edge.deliver.threats import Threats
from edge.deliver.trust import Trust
from edge.deliver.verdicts import VerdictListeners, Verdicts
from edge.metrics.counters import Counters
from tests.fakes import ManualClock
from tests.unit.edge.deliver.bundles import CAMERA, GATEWAY, bundle
from tests.unit.edge.deliver.carriers import Longest, ScriptedLink
from tests.unit.edge.deliver.site import Site

TOPIC = f"stillwatch/{GATEWAY}/{CAMERA}/verdict"
THREAT = f"stillwatch/{GATEWAY}/{CAMERA}/threat"


class Home:
    """Where verdicts come to: an outbox with `entries` open ones, and links of the test's own."""

    def __init__(
        self,
        folder: Path,
        entries: int = 1,
        two_brokers: bool = False,
        clock: ManualClock | None = None,
        **deliver: object,
    ) -> None:
        self.site = Site(folder / "outbox")
        self.site.clock = clock or self.site.clock
        self.clock = self.site.clock
        self.outbox: Outbox = self.site.open()
        self.broker, self.cloud, self.counters = ScriptedLink(), ScriptedLink(), Counters()
        self.answered: list[Verdict] = []
        self.marked: list[OperatorOutcome] = []
        self.doubted: list[list[str]] = []
        self.deliver = DeliverConfig.model_validate(
            {"threat_hold_s": 30, "deadline_s": 60} | deliver
        )
        self.threats = Threats(
            self.outbox, Topics(gateway=GATEWAY), self.clock, lambda: self.deliver, self.broker
        )
        self.destinations = brokers(self.broker, self.cloud if two_brokers else None, "stillwatch")
        self.context = DeliveryContext(
            outbox=self.outbox, clock=self.clock, settings=lambda: self.deliver
        )
        self.verdicts = Verdicts(
            self.context,
            self.counters,
            Trust("stillwatch", None, self.outbox.find),
            self.threats,
            self.destinations,
            VerdictListeners(
                evidence_requests=EvidenceRequests(self.clock),
                answered=self.answered.append,
                marked=self.marked.append,
                doubt=lambda keys: self.doubted.append([*keys]),
            ),
        )
        self.notifiers = [Notifier(one, self.context, Longest()) for one in self.destinations]
        self.acked = 0
        for number in range(entries):
            self.outbox.put(bundle(number))

    def hear(self, verdict: Verdict | bytes, retained: bool = False) -> None:
        payload = verdict if isinstance(verdict, bytes) else frame_verdict(verdict)
        self.verdicts.on_message(TOPIC, payload, retained, self._ack)

    def tell(self) -> None:
        """Everybody everything that he can be told now."""
        for notifier in self.notifiers:
            while notifier.step():
                pass

    def miss(self) -> None:
        """The deadline of all entries passes."""
        self.clock.advance(self.deliver.deadline_s)
        self.verdicts.tick()

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.threats.tick()

    def counted(self) -> dict[str, int]:
        funnel = self.counters.snapshot().get(CAMERA)
        decisions = ("confirmed", "refuted", "inconclusive", "unconfirmed")
        counts = {decision: getattr(funnel, decision) for decision in decisions} if funnel else {}
        return {decision: count for decision, count in counts.items() if count}

    def _ack(self) -> None:
        self.acked += 1
