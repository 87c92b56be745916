"""The networks of a gateway: one for each analysis thread, all by the same runtime.

SHELL. Called by `daemon.gateway` when it is built and when another network is configured, and by
replay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from edge.config.schema import EdgeConfig
from edge.detect.detect_frame import Detector
from edge.detect.detector import TfliteDetector, open_detector
from service.events import Event, log


class NamedDetector(Detector, Protocol):
    """A detector that reports can name; see `edge.detect.detector.TfliteDetector`."""

    @property
    def sha256(self) -> str:
        """Of the weights."""
        ...


OpenDetectors = Callable[[EdgeConfig], Sequence[NamedDetector]]
"""One for each of `detect.workers`; raises `ModelError`."""


def open_detectors(config: EdgeConfig) -> tuple[TfliteDetector, ...]:
    """One detector per analysis thread; the first decides the runtime for all."""
    detect = config.detect
    threads, min_score, summed = detect.threads_per_worker, detect.min_score, detect.vehicle_sum
    first = open_detector(detect.model, detect.runtime, threads, min_score, summed)
    log(
        Event.MODEL_OPENED,
        model=first.name,
        sha256=first.sha256,
        runtime=first.runtime,
        reason=first.choice.reason,
    )
    rest = (
        open_detector(detect.model, first.runtime, threads, min_score, summed)
        for _ in range(detect.workers - 1)
    )
    return (first, *rest)
