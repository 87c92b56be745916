"""How the last self-test went, over restarts; for health, `stats`, Prometheus and people.

SHELL. One small file beside the outbox, written whole once per test. A file that cannot be read
counts for nothing: the next test writes another. Any thread may ask.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from edge.health.reasons import HealthReason, Problem
from edge.self_test.journey import SelfTestOutcome
from edge.storage.files import write_whole
from edge.storage.state_files import StateFile
from service.clock import Clock
from service.events import Event, log

FILE = StateFile.SELF_TEST

_OVERDUE = 2.0
"""So many intervals without one that passed are too many."""


class Last(BaseModel):
    """What is remembered of a test."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    passed: bool
    began_at: AwareDatetime
    took_s: float
    failed_hop: str | None = None
    why: str | None = None


class Record:
    """The last test, and what this run has seen of them."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / FILE
        self._clock = clock
        self._passed_s = clock.mono()
        self._ended: Counter[bool] = Counter()
        self.last = _read(self._file)
        self.outcome: SelfTestOutcome | None = None

    def keep(self, outcome: SelfTestOutcome) -> None:
        """Remembers it; a disk that takes no file keeps nobody from knowing now."""
        self.outcome = outcome
        self.last = Last.model_validate(outcome.as_json())
        self._ended[outcome.passed] += 1
        if outcome.passed:
            self._passed_s = self._clock.mono()
        try:
            write_whole(self._file, self.last.model_dump_json())
        except OSError as error:
            log(Event.SELF_TEST_NOT_KEPT, reason=str(error))

    def problems(self, every_s: float | None) -> Iterator[Problem]:
        """A last test that failed; none that passed for long, where they are to run."""
        last = self.last
        if last is not None and not last.passed:
            detail = f"{last.began_at:%Y-%m-%dT%H:%M:%SZ}, {last.failed_hop}: {last.why}"
            yield Problem(reason=HealthReason.SELF_TEST_FAILED, detail=detail)
        silent_s = self._clock.mono() - self._passed_s
        if every_s is not None and silent_s > _OVERDUE * every_s:
            detail = f"none has passed for {silent_s:.0f} s, configured are {every_s:g} s"
            yield Problem(reason=HealthReason.SELF_TEST_OVERDUE, detail=detail)

    def as_json(self) -> dict[str, object] | None:
        """As `stats` says it."""
        return None if self.last is None else self.last.model_dump(mode="json")

    def counts(self) -> dict[str, int]:
        """Ended in this run."""
        return {"passed": self._ended[True], "failed": self._ended[False]}


class SelfTestCollector(Collector):
    """The same for Prometheus; hops are few, so each has its label."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def collect(self) -> Iterator[Metric]:
        ended = CounterMetricFamily(
            "stillwatch_self_tests", "Self-tests that ended, by result.", labels=["result"]
        )
        for result, count in self._record.counts().items():
            ended.add_metric([result], count)
        yield ended
        last, outcome = self._record.last, self._record.outcome
        if last is not None:
            yield GaugeMetricFamily(
                "stillwatch_self_test_passed", "1 if the last self-test passed.", float(last.passed)
            )
            yield GaugeMetricFamily(
                "stillwatch_self_test_timestamp_seconds",
                "When the last self-test began (Unix time).",
                last.began_at.timestamp(),
            )
        if outcome is not None:
            hops = GaugeMetricFamily(
                "stillwatch_self_test_hop_seconds",
                "Seconds from its beginning until the last self-test passed this hop.",
                labels=["hop", "of"],
            )
            for step in outcome.steps:
                if step.after_s is not None:
                    hops.add_metric([step.hop, step.of], step.after_s)
            yield hops


def _read(file: Path) -> Last | None:
    try:
        return Last.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None
