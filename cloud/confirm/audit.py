"""Was it a threat after all? What the full model sees in an audit's pictures gives a verdict.

PURE, but for the model that is given. An audit asks what the edge overlooked, so it takes nothing
from the edge but the camera's whole frames. The model runs on each by the views of `audit_views`,
and a person or vehicle anywhere in any of them was missed if it did not just stand there. What
stands is what is at the same place in the earliest and in the latest picture: found there too, if
faintly, or looking the same there. Who arrives, leaves or passes is in one of them at most. Where
all pictures are of one moment nothing tells what stands: a person was missed, a vehicle only where
the edge saw something move. What is of a group of which the edge reported something was not missed.
Called by `evaluator`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from cloud.confirm.audit_views import views_of
from cloud.confirm.decision import Stamp
from cloud.confirm.policy import Policy
from cloud.confirm.similarity import alike
from contract.labels import Group, group_of
from contract.report import RelativeBox, ThreatReport
from contract.verdict import Sighting, Verdict
from imaging.boxes import areas, intersections, iou
from imaging.detections import Detections, FloatArray, Image

DetectInPictures = Callable[[Sequence[Image]], list[Detections]]

_APART_S = 5.0
"""Pictures so far apart show who moves at two places, and what stands at one."""

_FAINT = 0.5
"""Of the limit: what is found so faintly at a place where it is found surely at another time stood
there then. A thing near its limit is over it in one picture and under it in the next."""

_SAME_IOU = 0.5
"""A box of the same thing at the same place; a walker is elsewhere by then."""

_ONE_THING = 0.5
"""Overlap (IoU), or share of the smaller, by which sightings of several views are one."""

_INSIDE = 0.5
_EVERYWHERE = 0.9
"""Share of the picture from which the edge's box does not say what moved."""

_NAMED = 12
"""Standing things that the reasons name; the verdict is read by people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFrame:
    """A whole frame of the audited camera, and when it was received."""

    image: Image
    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detection:
    """A thing in a frame: its box is xyxy in pixels of it."""

    label: str
    score: float
    box: tuple[float, float, float, float]

    @property
    def group(self) -> Group:
        return group_of(self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FrameDetections:
    """A frame with what the model saw in it, down to what is faint."""

    frame: AuditFrame
    detections: tuple[_Detection, ...]


def evaluate_audit(
    report: ThreatReport,
    frames: Sequence[AuditFrame],
    detect: DetectInPictures,
    policy: Policy,
    stamp: Stamp,
) -> Verdict:
    """`confirmed` with the strongest thing that was missed, else `refuted`. A person comes before a
    vehicle: the worse miss, and a parked car behind a walker may look as if it had come. The
    severity stays 0: the edge decides whether an audit may alarm anybody."""
    detected = [
        _frame_detections(frame, detect, policy)
        for frame in sorted(frames, key=lambda one: one.moment)
    ]
    reported = report.sample.reported if report.sample else ()
    missed, standing = list[Sighting](), list[Sighting]()
    for one_frame in detected:
        for detection in one_frame.detections:
            if detection.group not in reported and detection.score >= policy.limit_of(
                detection.label
            ):
                stands = _is_static(detection, one_frame, detected, report)
                (standing if stands else missed).append(_sighting(detection, one_frame.frame))
    best = max(missed, key=_missed_first, default=None)
    return Verdict(
        report_id=report.report_id,
        gateway=report.gateway,
        camera=report.camera,
        decision="refuted" if best is None else "confirmed",
        decided_by="cloud",
        decided_at=stamp.decided_at,
        label=report.label if best is None else best.label,
        score=0.0 if best is None else best.score,
        severity=0,
        audit=True,
        reasons=_reasons(best, standing, len(detected), policy),
        model_sha256=stamp.model_sha256,
        evidence_key=report.evidence[0].key,
        sightings=tuple(missed),
    )


def _reasons(
    best: Sighting | None, standing: Sequence[Sighting], pictures: int, policy: Policy
) -> tuple[str, ...]:
    where = "in the one picture" if pictures == 1 else f"in {pictures} pictures"
    if best is None:
        said = f"no person or vehicle that does not just stand there {where}"
    else:
        limit = policy.limit_of(best.label)
        said = f"missed: {best.label} {best.score:.2f} {where}, limit {limit:.2f}"
    named = [f"{one.label} {one.score:.2f}" for one in standing[:_NAMED]]
    return (said, f"standing: {', '.join(named)}") if named else (said,)


def _missed_first(sighting: Sighting) -> tuple[bool, float]:
    return group_of(sighting.label) == "person", sighting.score


def _frame_detections(
    frame: AuditFrame, detect: DetectInPictures, policy: Policy
) -> _FrameDetections:
    """What all views of a frame show, with one entry for each thing."""
    height, width = frame.image.shape[:2]
    views = views_of(int(width), int(height))
    found = detect([view.of(frame.image) for view in views])
    every = [
        _Detection(label=label, score=round(float(score), 4), box=_box(box))
        for view, one in zip(views, found, strict=True)
        for placed in (view.placed(one, frame.image),)
        for label, score, box in zip(placed.labels, placed.scores, placed.boxes, strict=True)
        if group_of(label) in ("person", "vehicle")
    ]
    return _FrameDetections(frame=frame, detections=tuple(_distinct(every, policy)))


def _distinct(every: Iterable[_Detection], policy: Policy) -> list[_Detection]:
    """The strongest of each thing, but for the faintest."""
    kept: list[_Detection] = []
    for one in sorted(every, key=lambda detection: -detection.score):
        if one.score >= _FAINT * policy.limit_of(one.label):
            rivals = [other for other in kept if other.group == one.group]
            if not any(_one_thing(one, other) for other in rivals):
                kept.append(one)
    return kept


def _one_thing(one: _Detection, other: _Detection) -> bool:
    first, second = _array(one), _array(other)
    shared = float(intersections(first, second)[0, 0])
    smaller = min(float(areas(first)[0]), float(areas(second)[0]))
    return float(iou(first, second)[0, 0]) >= _ONE_THING or shared >= _ONE_THING * smaller > 0


def _is_static(
    detection: _Detection,
    at: _FrameDetections,
    detected: Sequence[_FrameDetections],
    report: ThreatReport,
) -> bool:
    """Whether the thing is at its place in the earliest and in the latest picture."""
    earliest, latest = detected[0], detected[-1]
    apart = (latest.frame.moment - earliest.frame.moment).total_seconds()
    if apart < _APART_S or earliest.frame.image.shape != latest.frame.image.shape:
        return detection.group == "vehicle" and not _where_it_moved(detection, at.frame, report.box)
    return all(other is at or _there(detection, at, other) for other in (earliest, latest))


def _there(detection: _Detection, at: _FrameDetections, other: _FrameDetections) -> bool:
    if other.frame.image.shape != at.frame.image.shape:
        return False
    place = _array(detection)
    again = any(
        float(iou(place, _array(one))[0, 0]) >= _SAME_IOU
        for one in other.detections
        if one.group == detection.group
    )
    return again or alike(at.frame.image, other.frame.image, detection.box)


def _where_it_moved(detection: _Detection, frame: AuditFrame, moved: RelativeBox) -> bool:
    x0, y0, x1, y1 = moved
    if (x1 - x0) * (y1 - y0) >= _EVERYWHERE:
        return False
    place = _array(detection)
    shared = intersections(place, np.array([moved], np.float32) * _sides(frame))
    return bool(shared[0, 0] >= _INSIDE * areas(place)[0] > 0)


def _sighting(detection: _Detection, frame: AuditFrame) -> Sighting:
    x0, y0, x1, y1 = (min(max(float(v), 0.0), 1.0) for v in np.array(detection.box) / _sides(frame))
    box = round(x0, 5), round(y0, 5), round(x1, 5), round(y1, 5)
    return Sighting(label=detection.label, score=detection.score, box=box)


def _sides(frame: AuditFrame) -> FloatArray:
    height, width = frame.image.shape[:2]
    return np.array([width, height] * 2, np.float32)


def _array(detection: _Detection) -> FloatArray:
    return np.array([detection.box], np.float32)


def _box(box: FloatArray) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box.tolist()
    return x0, y0, x1, y1
