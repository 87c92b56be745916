"""What a worker counts and measures, for Prometheus.

SHELL. Names are part of what operators build on: `stillwatch_cloud_*`. Every delivery has
exactly one `ReportOutcome`, so their sum is what was received. Called by `worker` and
`evaluator`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Buckets: from a verdict that is only repeated to a model on a busy core."""


class ReportOutcome(StrEnum):
    """What became of a delivery; the value is the metric's label `outcome`."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    EVIDENCE_REQUESTED = "evidence_requested"
    """Left open: another picture was asked for; decided when the report comes with it."""
    REPEATED = "repeated"
    """A verdict stood already (the report came again, or another worker was faster)."""
    TESTED = "tested"
    """A self-test of a gateway, whatever was decided and however often it came."""
    MALFORMED = "malformed"
    FAILED = "failed"
    """Store or model did not work: nothing decided, the edge sends it again."""
    SET_ASIDE = "set_aside"
    """The same report made the worker fail before, though the model works: not tried any more."""
    DROPPED = "dropped"
    """The queue was full: nothing decided, the edge sends it again."""
    UNPUBLISHED = "unpublished"
    """Decided and stored, but the broker was gone; published when the report comes again."""
    INTERRUPTED = "interrupted"
    """The worker had to leave before the end."""


class WorkerMetrics:
    """The counters of one worker process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reports = Counter(
            "stillwatch_cloud_reports",
            "Received reports by outcome.",
            ["outcome"],
            registry=registry,
        )
        self._retries = Counter(
            "stillwatch_cloud_store_retries",
            "Retries because the object store did not answer.",
            registry=registry,
        )
        self._stages = Histogram(
            "stillwatch_cloud_stage_seconds",
            "Time spent per stage: fetch, detect, report (all of it).",
            ["stage"],
            buckets=SECONDS,
            registry=registry,
        )
        for outcome in ReportOutcome:
            self._reports.labels(outcome.value)

    def count(self, outcome: ReportOutcome) -> None:
        self._reports.labels(outcome.value).inc()

    def count_retry(self) -> None:
        self._retries.inc()

    def observe(self, stage: str, seconds: float) -> None:
        self._stages.labels(stage).observe(seconds)


class WatchCollector(Collector):
    """What became of the entries of proofs of watch that came, read when Prometheus asks."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        entries = CounterMetricFamily(
            "stillwatch_cloud_watch_entries",
            "Entries of proofs of watch that came, by outcome.",
            labels=["outcome"],
        )
        for outcome, count in sorted({"kept": 0, **self._counts}.items()):
            entries.add_metric([outcome], count)
        yield entries
