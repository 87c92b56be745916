"""What is known of the run so far, from what the gateway and the cloud say over MQTT.

PURE: stepped with one message at a time. Reports wait here for their verdict; both are bounded.
Called by `run`.
"""

from __future__ import annotations

from dataclasses import dataclass

from contract.cloudevent import MessageError, read_report, read_verdict
from contract.ids import GatewayId, ReportId
from contract.report import ThreatReport
from contract.topics import DEFAULT_ROOT, Topics, parse_camera_topic
from contract.verdict import Verdict
from tools.demo.local.summary import CameraCounts, read_stats

MAX_REPORTS = 1000
"""That wait for a verdict; the oldest gives way."""


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as it arrived."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict with the report that it is about."""

    report: ThreatReport
    verdict: Verdict


class Collector:
    """The run's state; `hear` every message in order."""

    def __init__(self, gateway: GatewayId) -> None:
        self._topics = Topics(gateway=gateway)
        self._gateway = gateway
        self._reports: dict[ReportId, ThreatReport] = {}
        self._decisions: dict[ReportId, str] = {}
        self.online = False
        self.stats_heard = 0
        self.funnels: dict[str, CameraCounts] = {}

    @property
    def waiting(self) -> int:
        """Suspicions without a verdict."""
        return sum(max(0, funnel.suspicions - funnel.verdicts) for funnel in self.funnels.values())

    def hear(self, heard: ReceivedMessage) -> Decided | None:
        """Takes a message in; gives a decision that is news."""
        if heard.topic == self._topics.of_gateway("status"):
            self.online = heard.payload == b"online" and not heard.retained
        elif heard.topic == self._topics.of_gateway("stats"):
            self._count(heard)
        else:
            return self._follow(heard)
        return None

    def _count(self, heard: ReceivedMessage) -> None:
        funnels = None if heard.retained else read_stats(heard.payload)
        if funnels is not None:
            self.funnels = funnels
            self.stats_heard += 1

    def _follow(self, heard: ReceivedMessage) -> Decided | None:
        place = parse_camera_topic(heard.topic, DEFAULT_ROOT)
        if place is None or place.gateway != self._gateway or heard.retained:
            return None
        try:
            if place.leaf == "suspect":
                self._keep(read_report(heard.payload))
            elif place.leaf == "verdict":
                return self._decide(read_verdict(heard.payload))
        except MessageError:
            return None
        return None

    def _keep(self, report: ThreatReport) -> None:
        self._reports[report.report_id] = report
        while len(self._reports) > MAX_REPORTS:
            oldest = next(iter(self._reports))
            del self._reports[oldest]
            self._decisions.pop(oldest, None)

    def _decide(self, verdict: Verdict) -> Decided | None:
        """The same decision on the same report is shown once; a later, better one is news."""
        report = self._reports.get(verdict.report_id)
        if report is None or self._decisions.get(verdict.report_id) == verdict.decision:
            return None
        self._decisions[verdict.report_id] = verdict.decision
        return Decided(report, verdict)
