"""Updates for Prometheus.

SHELL: asked by the status server's threads. Registered by `daemon`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from contract.shadow import ShadowOutcome
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
        yield from (ended, version, _decisions(self._updaters))


def _decisions(updaters: Iterable[Updater]) -> Metric:
    """Nothing of an update whose frames were not replayed."""
    decisions = GaugeMetricFamily(
        "stillwatch_update_decisions",
        "Decisions on recent frames by the latest update beside what ran, by what became of them.",
        labels=["kind", "change"],
    )
    for one in updaters:
        found = None if one.record.attempt is None else one.record.attempt.shadow
        if found is None or found.outcome != ShadowOutcome.REPLAYED:
            continue
        for change, count in (
            ("before", found.before),
            ("after", found.after),
            ("lost", found.lost),
            ("new", found.new),
            ("changed", found.changed),
        ):
            decisions.add_metric([one.kind, change], count)
    return decisions
