"""Updates for Prometheus.

SHELL: asked by the status server's threads. Registered by `daemon`.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.update.updater import Updater


class UpdateCollector(Collector):
    """How updates ended, and which is in force."""

    def __init__(self, updates: Updater) -> None:
        self._updates = updates

    def collect(self) -> Iterator[Metric]:
        outcomes, in_force = self._updates.outcomes, self._updates.record.in_force
        ended = CounterMetricFamily(
            "stillwatch_updates", "Updates that ended, by state.", labels=["kind", "state"]
        )
        for state, count in outcomes.counts().items():
            ended.add_metric([outcomes.kind, state], count)
        version = GaugeMetricFamily(
            "stillwatch_update_version",
            "Version of the update in force; 0: the gateway's own file.",
            labels=["kind"],
        )
        version.add_metric([outcomes.kind], 0 if in_force is None else in_force.version)
        yield from (ended, version)
