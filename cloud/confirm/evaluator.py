"""From a report to a verdict: fetch the evidence, run the model on it, decide.

SHELL (the object store and the model). Crops that say where in the frame they lie are looked at
first, all of them together, and a reduced whole frame only where they do not confirm. A report with
the whole frame at full size and one crop is decided by the frame first, and by the crop where that
leaves it open. Evidence that is missing or not
what the edge hashed makes the verdict inconclusive, unless other crops are left to decide by; a
store or a model that fails raises, and nothing is decided. `evaluate` has what reads wrong
read again first, and then, if the gateway can, stored again. Called by the worker and by
`python -m cloud confirm`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from cloud.confirm.audit import AuditFrame, evaluate_audit
from cloud.confirm.decision import Stamp, confirm, inconclusive, second_views_needed
from cloud.confirm.evidence import DAMAGED, UnusablePicture, fetch
from cloud.confirm.matching import ALL, EvidenceView, PictureDetections
from cloud.confirm.movement import UNKNOWN, PicturedMovement, movement_in
from cloud.confirm.policy import Policy
from contract.evidence_request import EvidenceRequest
from contract.report import EvidenceRef, ThreatReport
from contract.verdict import Handling, Verdict
from imaging.admission import PictureLimits
from imaging.crop import reduced
from imaging.detections import Detections, Image
from objectstore.store import ObjectStore
from service.clock import Clock

MAX_AUDITED = 12
"""Whole frames of one audit that are looked at; a gateway sends six as shipped."""

AUDITED_PX = 1920
"""The longest side at which they are; a gateway sends 960 as shipped. All of them are in memory at
once, and larger by what their pixels may be squeezed."""

MAX_CROPS = 6
"""Crops of one report that are looked at; a gateway sends three, and two more when asked."""

_MAY_STAND = "its place looks the same in every picture so far"

TimedStage = Literal["fetch", "detect"]
Refs = tuple[EvidenceRef, ...]


class Unreadable(Exception):
    """Pictures are missing or not what was hashed, at this reading."""


class Model(Protocol):
    """What is asked of the full model; `cloud.model.full_model.FullModel` is one."""

    @property
    def sha256(self) -> str: ...

    def detect(self, images: Sequence[Image]) -> list[Detections]: ...

    def close_ups(self, images: Sequence[Image]) -> list[Detections]: ...


def _unmeasured(stage: TimedStage, seconds: float) -> None:
    """Nobody wants to know how long it took."""


@dataclass(frozen=True, slots=True)
class _Decided:
    """A verdict, the pictures that it should have rested on and cannot be used, and what a vehicle
    does in those that can."""

    verdict: Verdict
    unusable: list[UnusablePicture]
    movement: PicturedMovement = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEvaluator:
    """Evaluates one report at a time, on the thread that owns the model."""

    store: ObjectStore
    model: Model
    policy: Policy
    limits: PictureLimits
    clock: Clock
    measured: Callable[[TimedStage, float], None] = _unmeasured

    def evaluate(self, report: ThreatReport, *, reread: bool = False) -> Verdict | EvidenceRequest:
        """As `decide`, but where a refutation is not clear, or a vehicle may stand, another picture
        is asked for first.

        So it is with pictures that are missing or not what was hashed: if they may be read again
        (`reread`) it raises `Unreadable`; else it asks the gateway for them.
        """
        return (self._timed if report.test else self._evaluated)(report, reread)

    def _evaluated(self, report: ThreatReport, reread: bool) -> Verdict | EvidenceRequest:
        decided = self._decided(report)
        verdict = decided.verdict
        if verdict.decision == "confirmed":  # by those that can be read, so the others can wait
            asks = decided.movement.open and report.requests_left
            return self._request(report, verdict, _MAY_STAND) if asks else verdict
        damaged = tuple(one for one in decided.unusable if one.fault in DAMAGED)
        if damaged and reread:
            raise Unreadable("; ".join(map(str, damaged)))
        if damaged and report.restores_left:
            return self._restore(report, damaged)
        unclear = verdict.decision == "refuted" and verdict.score >= self.policy.refute_below
        if decided.movement.stands or not (unclear and report.requests_left):
            return verdict
        return self._request(report, verdict)

    def decide(self, report: ThreatReport) -> Verdict:
        """The verdict on the evidence; raises what the store and the model raise."""
        return self._decided(report).verdict

    def _decided(self, report: ThreatReport) -> _Decided:
        if report.audit and not report.test:
            return self._audited(report)
        refs, more = in_turn(report)
        if not refs:
            return _Decided(
                inconclusive(report, "the report names no best picture", self._stamp()), []
            )
        first, unusable = self._views(report, refs)
        if not first:
            return _Decided(inconclusive(report, str(unusable[0]), self._stamp()), unusable)
        second: list[EvidenceView] = []
        if second_views_needed(report, first, self.policy):
            second, missing = self._views(report, more)
            unusable += missing
            if missing:
                what = "close-ups leave" if first[0].close else "whole frame leaves"
                reason = f"the {what} it open and the {missing[0]}"
                return _Decided(inconclusive(report, reason, self._stamp()), unusable)
        verdict = confirm(report, first, second, self.policy, self._stamp())
        return _Decided(verdict, unusable, movement_in(report, first, self.policy.min_iou))

    def _audited(self, report: ThreatReport) -> _Decided:
        """Of all whole frames together: the others show what stands there."""
        refs = [ref for ref in report.evidence if ref.role != "crop"][:MAX_AUDITED]
        frames, unusable = list[AuditFrame](), list[UnusablePicture]()
        for ref in refs:
            image = self._fetch(report, ref)
            if isinstance(image, UnusablePicture):
                unusable.append(image)
            else:
                frames.append(AuditFrame(image=reduced(image, AUDITED_PX), moment=ref.received_at))
        if unusable or not refs:
            reason = str(unusable[0]) if unusable else "the report names no whole picture"
            return _Decided(inconclusive(report, reason, self._stamp()), unusable)
        began = self.clock.mono()
        verdict = evaluate_audit(report, frames, self.model.close_ups, self.policy, self._stamp())
        self.measured("detect", self.clock.mono() - began)
        return _Decided(verdict, unusable)

    def _request(self, report: ThreatReport, verdict: Verdict, *more: str) -> EvidenceRequest:
        return EvidenceRequest(
            report_id=report.report_id,
            gateway=report.gateway,
            camera=report.camera,
            asked_at=verdict.decided_at,
            requests_left=report.requests_left,
            reasons=(*verdict.reasons, *more),
        )

    def _restore(
        self, report: ThreatReport, damaged: tuple[UnusablePicture, ...]
    ) -> EvidenceRequest:
        return EvidenceRequest(
            report_id=report.report_id,
            gateway=report.gateway,
            camera=report.camera,
            asked_at=self.clock.now(),
            requests_left=report.requests_left,
            reasons=tuple(map(str, damaged)),
            unreadable=tuple(one.key for one in damaged),
            restores_left=report.restores_left,
        )

    def _timed(self, report: ThreatReport, reread: bool) -> Verdict | EvidenceRequest:
        """The verdict on a self-test, which says as well when what was done."""
        taken_at, began = self.clock.now(), self.clock.mono()
        done: dict[TimedStage, float] = {"fetch": 0.0}

        def note(stage: TimedStage, seconds: float) -> None:
            self.measured(stage, seconds)
            done[stage] = self.clock.mono() - began

        answer = replace(self, measured=note)._evaluated(report, reread)
        if isinstance(answer, EvidenceRequest):
            return answer
        handled = Handling(
            taken_at=taken_at,
            fetched_s=round(done["fetch"], 4),
            decided_s=round(self.clock.mono() - began, 4),
        )
        return answer.model_copy(update={"handled": handled})

    def _views(
        self, report: ThreatReport, refs: Refs
    ) -> tuple[list[EvidenceView], list[UnusablePicture]]:
        """Those that can be used, with what the model saw in them, and the others."""
        fetched = [(ref, self._fetch(report, ref)) for ref in refs]
        usable = [(ref, image) for ref, image in fetched if not isinstance(image, UnusablePicture)]
        unusable = [image for _, image in fetched if isinstance(image, UnusablePicture)]
        seen = self._detect(usable) if usable else []
        return [
            replace(view_of(report, ref, one), image=image)
            for (ref, image), one in zip(usable, seen, strict=True)
        ], unusable

    def _fetch(self, report: ThreatReport, ref: EvidenceRef) -> Image | UnusablePicture:
        began = self.clock.mono()
        image = fetch(self.store, report, ref, self.limits)
        self.measured("fetch", self.clock.mono() - began)
        return image

    def _detect(self, pictures: list[tuple[EvidenceRef, Image]]) -> list[PictureDetections]:
        """Looked at together are only crops, or only whole frames."""
        began = self.clock.mono()
        close = pictures[0][0].role == "crop"
        images = [image for _, image in pictures]
        found = self.model.close_ups(images) if close else self.model.detect(images)
        self.measured("detect", self.clock.mono() - began)
        return [
            PictureDetections(detections=detections, width=image.shape[1], height=image.shape[0])
            for detections, image in zip(found, images, strict=True)
        ]

    def _stamp(self) -> Stamp:
        return Stamp(model_sha256=self.model.sha256, decided_at=self.clock.now())


def in_turn(report: ThreatReport) -> tuple[Refs, Refs]:
    """The pictures to look at first, and those for where the first leave it open.

    Crops come first if they are of several frames, or finer than the whole frame that was sent.
    """
    best = tuple(ref for ref in report.evidence if ref.role == "best")[:1]
    crops = tuple(ref for ref in report.evidence if ref.role == "crop")
    placed = tuple(ref for ref in crops if ref.region is not None and ref.box is not None)
    moments = {ref.received_at for ref in placed}
    if len(moments) > 1 or any(_finer(ref, best) for ref in placed):
        return placed[:MAX_CROPS], best
    return best, crops[:1]


def _finer(crop: EvidenceRef, best: Refs) -> bool:
    """Whether the crop has more pixels per width of the frame than the whole frame as sent."""
    left, _, right, _ = crop.region or ALL
    return not best or crop.width > 1.01 * best[0].width * (right - left)


def view_of(report: ThreatReport, ref: EvidenceRef, seen: PictureDetections) -> EvidenceView:
    """The picture as it is evaluated; what an older writer left away is what it always meant."""
    close = ref.role == "crop"
    return EvidenceView(
        seen=seen,
        moment=ref.received_at,
        close=close,
        region=ref.region or ALL,
        place=ref.box if close else ref.box or report.box,
    )
