"""From a report to a verdict: fetch the evidence, look at it, decide.

SHELL (the object store and the model). The best frame is looked at first; the crop is fetched and
looked at only where the frame leaves it open. Evidence that is missing or not what the edge hashed
makes the verdict inconclusive; a store or a model that fails raises, and nothing is decided. Called
by the worker and by `python -m cloud confirm`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from cloud.audit import judge_audit
from cloud.confirm import Stamp, confirm, inconclusive, second_look_due
from cloud.evidence import Unusable, fetch
from cloud.matching import Seen
from cloud.settings import Policy
from contract.report import EvidenceRef, ThreatReport
from contract.verdict import Verdict
from imaging.admission import PictureLimits
from imaging.detections import Detections, Image
from objectstore.store import ObjectStore
from service.clock import Clock

Stage = Literal["fetch", "detect"]


class Model(Protocol):
    """What is asked of the full model; `cloud.model.FullModel` is one."""

    @property
    def sha256(self) -> str: ...

    def detect(self, images: Sequence[Image]) -> list[Detections]: ...


def _unmeasured(stage: Stage, seconds: float) -> None:
    """Nobody wants to know how long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges one report at a time, on the thread that owns the model."""

    store: ObjectStore
    model: Model
    policy: Policy
    limits: PictureLimits
    clock: Clock
    measured: Callable[[Stage, float], None] = _unmeasured

    def judge(self, report: ThreatReport) -> Verdict:
        """The verdict on the evidence; raises what the store and the model raise."""
        best = self._look(report, "best")
        if best is None:
            return inconclusive(report, "the report names no best picture", self._stamp())
        if isinstance(best, Unusable):
            return inconclusive(report, str(best), self._stamp())
        if report.audit:
            return judge_audit(report, best, self.policy, self._stamp())
        crop = self._look(report, "crop") if second_look_due(report, best, self.policy) else None
        if isinstance(crop, Unusable):
            reason = f"the whole frame leaves it open and the {crop}"
            return inconclusive(report, reason, self._stamp())
        return confirm(report, best, crop, self.policy, self._stamp())

    def _look(self, report: ThreatReport, role: Literal["best", "crop"]) -> Seen | Unusable | None:
        ref = next((one for one in report.evidence if one.role == role), None)
        image = self._fetch(report, ref) if ref else None
        return (
            self._detect(image) if image is not None and not isinstance(image, Unusable) else image
        )

    def _fetch(self, report: ThreatReport, ref: EvidenceRef) -> Image | Unusable:
        began = self.clock.mono()
        image = fetch(self.store, report, ref, self.limits)
        self.measured("fetch", self.clock.mono() - began)
        return image

    def _detect(self, image: Image) -> Seen:
        began = self.clock.mono()
        (detections,) = self.model.detect([image])
        self.measured("detect", self.clock.mono() - began)
        height, width = image.shape[:2]
        return Seen(detections=detections, width=width, height=height)

    def _stamp(self) -> Stamp:
        return Stamp(model_sha256=self.model.sha256, decided_at=self.clock.now())
