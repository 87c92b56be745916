"""Reports that wait for the one thread that owns the model.

SHELL. Bounded in memory. The receive maximum keeps a well-behaved broker far below the bound; one
that ignores it finds the queue full, and then the delivery is given up: acknowledged and counted as
shed, for the edge keeps its report until it has a verdict and sends it again. Filled by the link's
thread, emptied by `worker`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from cloud.serve.metrics import ReportOutcome, WorkerMetrics


@dataclass(frozen=True, slots=True)
class QueuedReport:
    """A report's message as the link handed it over."""

    topic: str
    payload: bytes
    ack: Callable[[], None]


class ReportQueue:
    """At most `max_waiting` reports; none is taken any more once `stopping` is set."""

    def __init__(self, max_waiting: int, metrics: WorkerMetrics, stopping: threading.Event) -> None:
        self._waiting: queue.Queue[QueuedReport] = queue.Queue(max_waiting)
        self._metrics = metrics
        self._stopping = stopping

    def receive(self, topic: str, payload: bytes, _retained: bool, ack: Callable[[], None]) -> None:
        """The link's `on_message`. What comes too late stays with the broker, unacknowledged."""
        if self._stopping.is_set():
            return
        try:
            self._waiting.put_nowait(QueuedReport(topic, payload, ack))
        except queue.Full:
            self._metrics.count(ReportOutcome.DROPPED)
            ack()

    def get(self, timeout_s: float) -> QueuedReport | None:
        """The oldest report, or None if none came in time."""
        try:
            return self._waiting.get(timeout=timeout_s)
        except queue.Empty:
            return None
