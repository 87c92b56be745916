"""What came in the cloud's name and was refused, by reason: counted by any thread.

Read by health, by `stats` and by Prometheus.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class AnswerRefusal(StrEnum):
    """Why an answer is not taken."""

    MALFORMED = "malformed"
    OTHER_TOPIC = "other_topic"
    """It speaks of another camera than the one on whose topic it came."""
    UNSIGNED = "unsigned"
    FOREIGN_KEY = "foreign_key"
    FORGED = "forged"
    OTHER_REPORT = "other_report"
    """It is about a claim or pictures that are not of our report: replayed, or of a forged one."""
    NOT_OPEN = "not_open"
    """A question about a report that is not waiting, as a late one may be."""


SUSPICIOUS = tuple(reason for reason in AnswerRefusal if reason is not AnswerRefusal.NOT_OPEN)
"""What does not happen by itself: somebody poses as the cloud, or our keys are not its."""


class Refusals:
    """Counts since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[AnswerRefusal] = Counter()

    def count(self, reason: AnswerRefusal) -> None:
        with self._lock:
            self._counts[reason] += 1

    def snapshot(self) -> Mapping[AnswerRefusal, int]:
        """Every reason that occurred."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def suspicious(self) -> int:
        """How many do not happen by themselves."""
        with self._lock:
            return sum(self._counts[reason] for reason in SUSPICIOUS)


class RefusalCollector(Collector):
    """The counts for Prometheus, read when it asks."""

    def __init__(self, snapshot: Callable[[], Mapping[AnswerRefusal, int]]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        refused = CounterMetricFamily(
            "stillwatch_answers_refused",
            "Messages in the cloud's name that were refused, by reason.",
            labels=["reason"],
        )
        counts = self._snapshot()
        for reason in AnswerRefusal:
            refused.add_metric([reason.value], counts.get(reason, 0))
        yield refused
