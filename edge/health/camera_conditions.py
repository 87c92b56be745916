"""The condition of each camera at one moment, for MQTT, Prometheus and people.

A camera is `offline` while it is silent, `degraded` while it sends pictures in which nobody could
be seen or trusted, `disabled` where the configuration says so. Made by `daemon.camera_watch`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from contract.ids import CameraId
from edge.config.health import Fault
from edge.health.camera_health import FAULTS
from edge.records import Notices

CameraStatus = Literal["online", "offline", "degraded", "disabled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraCondition:
    """`last_frame_age_s`: None if nothing usable came since the start; `superseded` and `rejected`
    (by reason): pictures lost; `notices`: what was found out by looking; `refused_for`: of an
    `unusable` camera, why most of its pictures are refused."""

    status: CameraStatus
    reasons: tuple[Fault, ...] = ()
    last_frame_age_s: float | None = None
    fps_in: float = 0.0
    superseded: int = 0
    rejected: Mapping[str, int]
    notices: Notices = field(default_factory=Notices)
    refused_for: str = ""

    def as_json(self) -> dict[str, object]:
        """As `health` says it."""
        age_s = self.last_frame_age_s
        return {
            "status": self.status,
            "reasons": list(self.reasons),
            "last_frame_age_s": None if age_s is None else round(age_s, 1),
            "fps_in": round(self.fps_in, 2),
            "superseded": self.superseded,
            "rejected": dict(self.rejected),
            **({"refused_for": self.refused_for} if self.refused_for else {}),
            **self.notices.as_json(),
        }


class ConditionCollector(Collector):
    """The conditions for Prometheus, read when it asks."""

    def __init__(self, snapshot: Callable[[], Mapping[CameraId, CameraCondition]]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        faults = GaugeMetricFamily(
            "stillwatch_camera_fault",
            "1 while the camera has this fault.",
            labels=["camera", "reason"],
        )
        ages = GaugeMetricFamily(
            "stillwatch_camera_last_frame_age_seconds",
            "Seconds since the last usable picture.",
            labels=["camera"],
        )
        rates = GaugeMetricFamily(
            "stillwatch_camera_fps", "Usable pictures per second, lately.", labels=["camera"]
        )
        for camera, condition in self._snapshot().items():
            for fault in FAULTS:
                faults.add_metric([camera, fault], float(fault in condition.reasons))
            if condition.last_frame_age_s is not None:
                ages.add_metric([camera], condition.last_frame_age_s)
            rates.add_metric([camera], condition.fps_in)
        yield from (faults, ages, rates)
