"""Delivery in figures: what waits, for how long, and what became of what was published.

SHELL, though it opens nothing; read when Prometheus or `stats` asks. Made by `daemon.daemon`.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from edge.deliver.decision_rows import NOTIFICATION_OUTCOMES
from edge.deliver.lag import LIMITS_S, Lag
from edge.deliver.outbox import Outbox


def waiting(outbox: Outbox) -> dict[str, object]:
    """What waits and for how long, as `stats` and `/healthz` say it."""
    backlogs = outbox.notifications.backlogs()
    return {
        "oldest_report_s": round(outbox.oldest_s(), 1),
        "destinations": {name: backlog.as_json() for name, backlog in backlogs.items()},
    }


class DeliveryCollector(Collector):
    """The outbox, its destinations, and how old suspicions were when they were decided on."""

    def __init__(self, outbox: Outbox, lag: Lag) -> None:
        self._outbox = outbox
        self._lag = lag

    def collect(self) -> Iterator[Metric]:
        yield from self._entries()
        yield from self._destinations()
        yield self._verdict_ages()

    def _entries(self) -> Iterator[Metric]:
        depth = self._outbox.depth()
        entries = GaugeMetricFamily(
            "stillwatch_outbox_entries", "Entries of the outbox by state.", labels=["state"]
        )
        for state, count in depth.entries.items():
            entries.add_metric([state], count)
        yield entries
        yield GaugeMetricFamily(
            "stillwatch_outbox_bytes",
            "Bytes of pictures and reports in the outbox.",
            value=depth.bytes,
        )
        yield GaugeMetricFamily(
            "stillwatch_outbox_oldest_seconds",
            "Age of the oldest suspicion that waits for the cloud's verdict; 0 if none does.",
            value=self._outbox.oldest_s(),
        )

    def _destinations(self) -> Iterator[Metric]:
        ended = CounterMetricFamily(
            "stillwatch_notifications",
            "Verdicts by destination and by how publishing them there ended.",
            labels=["destination", "state"],
        )
        waiting = GaugeMetricFamily(
            "stillwatch_notifications_waiting",
            "Verdicts that wait to be published at a destination.",
            labels=["destination"],
        )
        oldest = GaugeMetricFamily(
            "stillwatch_notifications_oldest_seconds",
            "Age of the oldest verdict that waits for a destination.",
            labels=["destination"],
        )
        for name, backlog in self._outbox.notifications.backlogs().items():
            for state in NOTIFICATION_OUTCOMES:
                ended.add_metric([name, state], backlog.ended.get(state, 0))
            waiting.add_metric([name], backlog.waiting)
            oldest.add_metric([name], backlog.oldest_s)
        yield from (ended, waiting, oldest)

    def _verdict_ages(self) -> Metric:
        counts, total_s = self._lag.snapshot()
        ages = HistogramMetricFamily(
            "stillwatch_verdict_age_seconds",
            "Age of a suspicion when the cloud's verdict on it came.",
        )
        limits = [*(f"{limit_s:g}" for limit_s in LIMITS_S), "+Inf"]
        ages.add_metric([], [*zip(limits, counts, strict=True)], total_s)
        return ages
