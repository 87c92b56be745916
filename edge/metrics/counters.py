"""Frame accounting: every frame is counted received once and settled once, per camera.

Any thread may count. Settled means rejected, superseded, quiet or analysed. Read by `stats`, by
Prometheus, and by tests that check the law of `funnel`.
How long frames take is filled in by the analysis threads, as Prometheus histograms.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeVar

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from contract.ids import CameraId
from edge.audit.counts import AuditCounts
from edge.metrics.funnel import ALARMS, OTHERS, STAGES, FrameStage, Funnel, SuspicionStage
from edge.metrics.refusals import Refusals

Name = TypeVar("Name", bound=str)

MAX_CAMERAS = 2000
"""Names that are counted apart; anyone who publishes can invent more."""


class Counters:
    """The funnels of all cameras."""

    def __init__(self) -> None:
        self.audits = AuditCounts()
        self.refusals = Refusals()
        self._lock = threading.Lock()
        self._counts: dict[CameraId, Counter[FrameStage | SuspicionStage]] = {}
        self._rejected: dict[CameraId, Counter[str]] = {}
        self._suppressed: dict[CameraId, Counter[str]] = {}
        self._inferences: Counter[CameraId] = Counter()

    def count(self, camera: CameraId, what: FrameStage | SuspicionStage) -> None:
        """One more of `what`."""
        with self._lock:
            self._counts.setdefault(self._known(camera), Counter())[what] += 1

    def infer(self, camera: CameraId, inferences: int) -> None:
        """So many runs of the network over a frame that is counted as analysed."""
        with self._lock:
            self._inferences[self._known(camera)] += inferences

    def reject(self, camera: CameraId, reason: str) -> None:
        """The frame ends as rejected for `reason`."""
        with self._lock:
            self._rejected.setdefault(self._known(camera), Counter())[reason] += 1

    def count_suppressed(self, camera: CameraId, reason: str) -> None:
        """An alarm is not raised, for `reason`."""
        with self._lock:
            self._suppressed.setdefault(self._known(camera), Counter())[reason] += 1

    def forget(self, camera: CameraId) -> None:
        """Its counts go on under `OTHERS`: nothing of it is in flight."""
        with self._lock:
            _fold(self._counts, camera)
            _fold(self._rejected, camera)
            _fold(self._suppressed, camera)
            self._inferences[OTHERS] += self._inferences.pop(camera, 0)

    def snapshot(self) -> dict[CameraId, Funnel]:
        """All cameras at one moment, in order of their names."""
        with self._lock:
            cameras = sorted({*self._counts, *self._rejected, *self._suppressed})
            return {camera: self._funnel(camera) for camera in cameras}

    def _known(self, camera: CameraId) -> CameraId:
        if camera in self._counts or camera in self._rejected:
            return camera
        full = len(self._counts) + len(self._rejected) >= 2 * MAX_CAMERAS
        return OTHERS if full else camera

    def _funnel(self, camera: CameraId) -> Funnel:
        counts = self._counts.get(camera, Counter())
        rejected = dict(sorted(self._rejected.get(camera, Counter()).items()))
        suppressed = dict(sorted(self._suppressed.get(camera, Counter()).items()))
        return Funnel(
            **{name: counts[name] for name in STAGES + ALARMS},
            inferences=self._inferences[camera],
            rejected_by=rejected,
            suppressed_by=suppressed,
        )


def _fold(table: dict[CameraId, Counter[Name]], camera: CameraId) -> None:
    counts = table.pop(camera, None)
    if counts is not None:
        table.setdefault(OTHERS, Counter()).update(counts)


class FunnelCollector(Collector):
    """The counters for Prometheus, read when it asks."""

    def __init__(self, snapshot: Callable[[], dict[CameraId, Funnel]]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        frames = CounterMetricFamily(
            "stillwatch_frames", "Frames by outcome.", labels=["camera", "outcome"]
        )
        rejected = CounterMetricFamily(
            "stillwatch_frames_rejected", "Rejected frames by reason.", labels=["camera", "reason"]
        )
        alarms = CounterMetricFamily(
            "stillwatch_alarms", "Suspicions and verdicts, by kind.", labels=["camera", "kind"]
        )
        suppressed = CounterMetricFamily(
            "stillwatch_alarms_suppressed",
            "Alarms that were suppressed, by reason.",
            labels=["camera", "reason"],
        )
        inferences = CounterMetricFamily(
            "stillwatch_inferences", "Runs of the detection network.", labels=["camera"]
        )
        flying = GaugeMetricFamily(
            "stillwatch_frames_in_flight",
            "Frames received and without an outcome yet.",
            labels=["camera"],
        )
        for camera, funnel in self._snapshot().items():
            for stage in STAGES:
                frames.add_metric([camera, stage], getattr(funnel, stage))
            frames.add_metric([camera, "rejected"], funnel.rejected)
            for reason, count in funnel.rejected_by.items():
                rejected.add_metric([camera, reason], count)
            for reason, count in funnel.suppressed_by.items():
                suppressed.add_metric([camera, reason], count)
            for alarm in ALARMS:
                alarms.add_metric([camera, alarm], getattr(funnel, alarm))
            inferences.add_metric([camera], funnel.inferences)
            flying.add_metric([camera], funnel.in_flight)
        yield from (frames, rejected, alarms, suppressed, inferences, flying)


_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Timings:
    """Seconds of analysis, and from receipt to the end of analysis."""

    def __init__(self) -> None:
        self._analysis = Histogram(
            "stillwatch_analysis_seconds",
            "Seconds of analysis per frame.",
            registry=None,
            buckets=_BUCKETS,
        )
        self._age = Histogram(
            "stillwatch_frame_age_seconds",
            "Seconds from receipt of a frame to the end of its analysis.",
            registry=None,
            buckets=_BUCKETS,
        )

    def register(self, registry: CollectorRegistry) -> None:
        """Shows both in `registry`."""
        registry.register(self._analysis)
        registry.register(self._age)

    def observe(self, analysis_s: float, age_s: float) -> None:
        """One frame."""
        self._analysis.observe(analysis_s)
        self._age.observe(age_s)
