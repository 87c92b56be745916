"""What `notify run` counts, for Prometheus: `stillwatch_notify_*`.

SHELL. Read from the queue and the intake when Prometheus asks. Called by `process`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cloud.notify.queue import DestinationBacklog


class NotifyCollector(Collector):
    """Backlogs by destination, and verdicts by what they meant."""

    def __init__(
        self,
        backlogs: Callable[[], Mapping[str, DestinationBacklog]],
        verdicts: Callable[[], Mapping[str, int]],
    ) -> None:
        self._backlogs, self._verdicts = backlogs, verdicts

    def collect(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            "stillwatch_notify_waiting", "Notices that wait.", labels=["destination"]
        )
        oldest = GaugeMetricFamily(
            "stillwatch_notify_oldest_seconds",
            "How long the oldest has waited.",
            labels=["destination"],
        )
        ended = CounterMetricFamily(
            "stillwatch_notify_notices",
            "Notices by how they ended.",
            labels=["destination", "state"],
        )
        verdicts = CounterMetricFamily(
            "stillwatch_notify_verdicts", "Verdicts by what they meant.", labels=["what"]
        )
        for name, backlog in self._backlogs().items():
            waiting.add_metric([name], backlog.waiting)
            oldest.add_metric([name], backlog.oldest_s)
            for state, count in backlog.ended.items():
                ended.add_metric([name, state], count)
        for what, count in self._verdicts().items():
            verdicts.add_metric([what], count)
        yield from (waiting, oldest, ended, verdicts)
