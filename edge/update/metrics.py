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

    def __init__(self, *updaters: Updater) -> None:
        self._updaters = updaters

    def collect(self) -> Iterator[Metric]:
        ended = CounterMetricFamily(
            "stillwatch_updates", "Updates that ended, by state.", labels=["kind", "state"]
        )
        version = GaugeMetricFamily(
            "stillwatch_update_version",
            "Version of the update in force; 0: the gateway's own file.",
            labels=["kind"],
        )
        for one in self._updaters:
            for state, count in one.outcomes.counts().items():
                ended.add_metric([one.kind, state], count)
            in_force = one.record.in_force
            version.add_metric([one.kind], 0 if in_force is None else in_force.version)
        yield from (ended, version)
