"""Watches the replay where something is to be found: how far each labelled event came, and how it
looked.

PURE, though it changes in place. For each event it counts what the path made of its frames, from
the gate to the rules, and keeps a filmstrip: frames spread evenly over the event, and the one in
which the thing was seen best. Whether the event was missed is decided by others (`score`); what
held it back is said by `misses`. Called by `run` once per frame.
"""

from __future__ import annotations

from collections.abc import Sequence as Row

import cv2
import numpy as np

from contract.ids import CameraId
from edge.config.schema import EdgeConfig
from edge.records import AlertCandidate, Analysed, RuleResult
from edge.replay.annotations import PALE
from edge.replay.drawing import Colour, DrawnBox
from edge.replay.failed_checks import FailedChecks
from edge.replay.html import PagePicture, jpeg_of
from edge.replay.overlay import Overlay
from edge.replay.player import ReplayStep
from edge.replay.text_report import why
from imaging.admission import Rejected
from imaging.decode import decode
from imaging.polygons import Box
from tools.evaluation.evaluate.corpus import Labelled, LabelledSequence, LabelledStaticObject
from tools.evaluation.evaluate.events import (
    CLASSES,
    ROUNDING_S,
    AtBox,
    LabelledEvent,
    Timeline,
    class_of,
    events_of,
)
from tools.evaluation.evaluate.matching import about
from tools.evaluation.evaluate.observed import BestDetection, EventTrace

FRAMES = 8
"""Of a filmstrip: at 5 frames/s a second and a half, or one frame a second of eight."""

_WIDE = (560, 560)
"""What a frame of the strip fits into: eight of them beside each other, enlarged by a click."""
_LABELLED: Colour = (200, 0, 200)

SHEET_PX = 400
"""Width of the picture by which people review an alarm: four beside each other fit a screen."""

SHEET_QUALITY = 80
"""Of its JPEG: to look at, no evidence."""
_RED = (40, 40, 220)


class TraceRecorder:
    """Watches one camera's replay for `events`; `times` are those of all its frames."""

    def __init__(
        self,
        events: Row[LabelledEvent],
        times: Row[float],
        config: EdgeConfig,
        camera: CameraId,
        static: tuple[LabelledStaticObject, ...] = (),
        *,
        boxed: bool = False,
    ) -> None:
        """`boxed`: whatever moves has a labelled box."""
        floor, begin = config.detect.min_score, config.decide.tracking.begin_score
        self._traces = tuple(EventTrace(event=one, floor=floor, begin=begin) for one in events)
        self._wanted = tuple(_spread(event, times) for event in events)
        self._overlay = Overlay(config.of_camera(camera))
        self._static = static
        self._boxed = boxed

    def see(self, step: ReplayStep, labels: Labelled) -> None:
        """The next frame, with what was labelled in it."""
        self._overlay.add(step)
        for trace, wanted in zip(self._traces, self._wanted, strict=True):
            if not _within(trace.event, step.t):
                continue
            before = trace.best
            self._count(trace, step, labels)
            if step.t in wanted:
                self._show(trace, step, labels)
            if trace.best is not None and trace.best is not before:
                self._show_clearly(trace, trace.best, step)

    def traces(self) -> tuple[EventTrace, ...]:
        """Of each event, in their order."""
        return self._traces

    def _count(self, trace: EventTrace, step: ReplayStep, labels: Labelled) -> None:
        outcome = step.outcome
        trace.outcomes[why(step.outcome)] += 1
        if not isinstance(outcome, Analysed):
            return
        trace.analysed += 1
        trace.reach("analysed", step.t)
        for rule_result in step.rule_results:
            if self._is_it(trace.event, rule_result.label, rule_result.box, labels, step.t):
                self._count_rule_result(trace, rule_result, step.t)
        for candidate in step.candidates:
            one = candidate.suspicion
            if self._is_it(trace.event, one.label, one.box, labels, step.t):
                trace.reach("suspected", step.t)
        for like in outcome.duplicates:
            if self._is_it(trace.event, like.label, like.box, labels, step.t):
                trace.deduplicated += 1
                trace.deduplicated_after_s = like.since_s
        trace.refused += sum(kept.reason == "too_many_tracks" for kept in outcome.suppressed)
        self._count_detections(trace, step, outcome, labels)

    def _count_rule_result(self, trace: EventTrace, rule_result: RuleResult, t: float) -> None:
        trace.holds.count(rule_result)
        if "suspected" not in trace.first_s:
            trace.before.count(rule_result)
        if rule_result.fired:
            trace.reach("fired", t)
        if rule_result.track is not None:
            trace.by_track.setdefault(rule_result.track, FailedChecks()).count(rule_result)

    def _count_detections(
        self, trace: EventTrace, step: ReplayStep, outcome: Analysed, labels: Labelled
    ) -> None:
        seen = False
        found = outcome.detections
        rows = zip(found.boxes.tolist(), found.labels, found.scores.tolist(), strict=True)
        for (x0, y0, x1, y1), label, score in rows:
            if self._is_it(trace.event, label, (x0, y0, x1, y1), labels, step.t):
                seen = True
                if trace.best is None or score > trace.best.score:
                    trace.best = BestDetection(label, score, step.t, (x0, y0, x1, y1))
            elif class_of(label) != trace.event.cls:
                trace.others[label] += 1
        if seen:
            trace.detected += 1
            trace.reach("detected", step.t)

    def _is_it(
        self, event: LabelledEvent, label: str, box: Box, labels: Labelled, t: float
    ) -> bool:
        """Whether a thing may be what the event is about: of its class, and not plainly another."""
        if class_of(label) != event.cls:
            return False
        there = [thing for thing in self._static if thing.stands(t)]
        place = about(box, event.cls, labels.boxes, there, boxed=self._boxed).place
        return place in {AtBox.THING, AtBox.UNKNOWN}

    def _show(self, trace: EventTrace, step: ReplayStep, labels: Labelled) -> None:
        """The whole frame, for the strip."""
        boxes = [
            DrawnBox(one.xyxy, _LABELLED, (f"labelled {one.label}",), "thin")
            for one in labels.boxes
        ]
        drawn = self._overlay.picture(step, _WIDE, boxes)
        if drawn is not None:
            words = f"{step.name}, {step.t:.1f} s, {why(step.outcome)}"
            trace.strip.append(PagePicture(jpeg_of(drawn), words))

    def _show_clearly(self, trace: EventTrace, best: BestDetection, step: ReplayStep) -> None:
        """The best detection, from nearby."""
        name = f"{best.label} {best.score:.2f}"
        drawn = self._overlay.closeup(step, DrawnBox(best.box, PALE, (name,)))
        if drawn is not None:
            words = f"best: {name}, {step.name}, {step.t:.1f} s"
            trace.clearest = PagePicture(jpeg_of(drawn), words)


def recorder_of(
    sequence: LabelledSequence, timeline: Timeline, config: EdgeConfig, camera: CameraId
) -> TraceRecorder:
    """For all events of a sequence."""
    events = [event for cls in CLASSES for event in events_of(timeline, cls)]
    boxed = any(frame.boxes for frame in sequence.frames)
    return TraceRecorder(events, timeline.times, config, camera, sequence.static, boxed=boxed)


def recorder_of_stills(
    stills: Row[Labelled], fps: float, config: EdgeConfig, camera: CameraId
) -> TraceRecorder:
    """For every class that is labelled in a still: an event of one frame."""
    times = [number / fps for number in range(len(stills))]
    events = [
        LabelledEvent(cls=cls, start_s=t, end_s=t)
        for still, t in zip(stills, times, strict=True)
        for cls, label in still.labels().items()
        if label is True
    ]
    boxed = any(still.boxes for still in stills)
    return TraceRecorder(events, times, config, camera, boxed=boxed)


def _within(event: LabelledEvent, t: float) -> bool:
    return event.start_s - ROUNDING_S <= t <= event.end_s + ROUNDING_S


def _spread(event: LabelledEvent, times: Row[float]) -> frozenset[float]:
    """The times of `FRAMES` frames spread over the event, its first and last among them."""
    inside = [t for t in times if _within(event, t)]
    if len(inside) <= FRAMES:
        return frozenset(inside)
    stride = (len(inside) - 1) / (FRAMES - 1)
    return frozenset(inside[round(n * stride)] for n in range(FRAMES))


def sheet_picture(candidate: AlertCandidate) -> bytes:
    """The frame that shows the suspicion best, reduced, with its box, as a JPEG; empty if it cannot
    be decoded."""
    decoded = candidate.best
    image = decode(decoded.frame.picture, decoded.frame.header)
    if isinstance(image, Rejected):
        return b""
    scale = SHEET_PX / decoded.width
    size = (SHEET_PX, max(1, round(decoded.height * scale / decoded.aspect)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    across, down = size[0] / decoded.width, size[1] / decoded.height
    x0, y0, x1, y1 = candidate.best_box
    corner, other = (int(x0 * across), int(y0 * down)), (int(x1 * across), int(y1 * down))
    cv2.rectangle(small, corner, other, _RED, 2)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, SHEET_QUALITY])[1].tobytes()
