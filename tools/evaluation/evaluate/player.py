"""Plays a corpus through the edge's replay and has every suspicion confirmed.

Frames go through the real path: admission, gate, detector, tracker, rules; each suspicion is packed
and decided on by `ask` at once. Pixels are let go after each frame. Called by `trial`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from contract.ids import CameraId
from edge.audit.events import RejectedSegment
from edge.config.schema import EdgeConfig
from edge.intake.admission import picture_limits
from edge.pipeline import Detector
from edge.records import AlertCandidate, Analysed, Outcome, Quiet, TrackId
from edge.replay.player import PictureSequence, ReplayStep, Rhythm, play
from imaging.admission import Rejected as Refused
from tools.evaluation.evaluate.confirmation import (
    VERDICT_S,
    CloudAnswer,
    Raised,
    again,
    answered,
    at,
    decided_suspicion,
    fed_back,
)
from tools.evaluation.evaluate.corpus import (
    BufferedSource,
    Corpus,
    Labelled,
    LabelledSequence,
    LabelledStaticObject,
    camera_id,
    label_rows,
)
from tools.evaluation.evaluate.event_traces import TraceRecorder, recorder_of, recorder_of_stills
from tools.evaluation.evaluate.events import Timeline
from tools.evaluation.evaluate.matching import boxes_seen
from tools.evaluation.evaluate.observed import (
    BoxSeen,
    EventTrace,
    FrameOutcome,
    FrameSeen,
    RejectedStretch,
    SequenceRun,
    StillRun,
)
from tools.evaluation.evaluate.plain_motion import PlainMotion

STILLS_FPS = 0.01
"""Stills lie far apart in time: none follows another."""


AskCloud = Callable[[AlertCandidate], CloudAnswer]
AuditSegmentCheck = Callable[[RejectedSegment], RejectedStretch]
Progress = Callable[[], None]


@dataclass(frozen=True, slots=True)
class _PlayedSequence:
    """A replay without its pixels: what became of each frame, tracks alive after it, suspicions."""

    seen: tuple[FrameSeen, ...]
    live: tuple[frozenset[TrackId], ...]
    raised: tuple[Raised, ...]
    boxes: tuple[tuple[BoxSeen, ...], ...]
    rejected: tuple[RejectedStretch, ...]

    def frames(self) -> Iterator[tuple[float, frozenset[TrackId]]]:
        """Each frame's time, and the tracks alive after it."""
        return zip((frame.t for frame in self.seen), self.live, strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusPlayer:
    """Plays the footage under one configuration; `progress` is called after each frame."""

    footage: Corpus
    config: EdgeConfig
    detector: Detector
    ask: AskCloud
    audit: AuditSegmentCheck
    progress: Progress

    def run_sequence(self, sequence: LabelledSequence) -> SequenceRun:
        """One sequence as a camera, of the kind that is configured.

        One whose frames have times of their own stands for a camera that sends evenly, of which the
        quiet time was shortened: that is a stream.
        """
        camera = camera_id(sequence.id)
        times = sequence.times()
        config = as_kind(self.config, camera, "stream") if times else self.config
        pictures, rhythm = self.footage.frames_of(sequence), times or sequence.rate
        timeline = Timeline(
            times=times or tuple(n / sequence.rate for n in range(len(sequence.frames))),
            labels=label_rows(sequence.frames),
            parked=tuple(frame.vehicle_parked is True for frame in sequence.frames),
        )
        recorder = recorder_of(sequence, timeline, config, camera)
        played = self._play(
            pictures, sequence.frames, config, camera, rhythm, recorder, sequence.static
        )
        return SequenceRun(
            id=sequence.id,
            fps=sequence.rate,
            fps_known=sequence.fps is not None,
            synthetic=sequence.synthetic,
            scene=sequence.scene,
            timeline=timeline,
            seen=played.seen,
            suspicions=tuple(
                decided_suspicion(raised, played.frames()) for raised in played.raised
            ),
            boxes=tuple(box for boxes in played.boxes for box in boxes),
            rejected=played.rejected,
            lasts_s=sequence.seconds,
            nuisance=sequence.nuisance,
            walk=sequence.recipe.scene if sequence.recipe and sequence.recipe.walkers else None,
            static=tuple(thing.name for thing in sequence.static),
            traces=recorder.traces(),
        )

    def run_stills(self) -> tuple[StillRun, ...]:
        """All stills as snapshots, each of which is evaluated for itself."""
        camera = CameraId("stills")
        config = unaudited(as_kind(self.config, camera, "snapshot"))
        stills = self.footage.stills
        recorder = recorder_of_stills(stills, STILLS_FPS, config, camera)
        played = self._play(self.footage.all_stills(), stills, config, camera, STILLS_FPS, recorder)
        traces = recorder.traces()
        return tuple(
            _still(still, seen, boxes, played, traces)
            for still, seen, boxes in zip(stills, played.seen, played.boxes, strict=True)
        )

    def _play(
        self,
        pictures: PictureSequence,
        labelled: tuple[Labelled, ...],
        config: EdgeConfig,
        camera: CameraId,
        rhythm: Rhythm,
        recorder: TraceRecorder,
        static: tuple[LabelledStaticObject, ...] = (),
    ) -> _PlayedSequence:
        boxed = any(frame.boxes for frame in labelled)
        seen: list[FrameSeen] = []
        live: list[frozenset[TrackId]] = []
        raised: list[Raised] = []
        open_: list[Raised] = []
        answers: list[tuple[float, Raised]] = []
        boxes: list[tuple[BoxSeen, ...]] = []
        rejected: list[RejectedStretch] = []
        passing, motion = (
            BufferedSource(pictures),
            PlainMotion(picture_limits(config.intake.limits)),
        )
        steps = play(passing, config, camera, rhythm, self.detector)
        for step, labels in zip(steps, labelled, strict=True):
            picture = passing.taken()
            answers = fed_back(answers, step)
            seen.append(_seen(step, len(picture), motion.moved(picture, step.t)))
            live.append(step.live)
            recorder.see(step, labels)
            decided, open_ = answered(open_, step)
            there = tuple(thing for thing in static if thing.stands(step.t))
            fresh = [
                Raised(
                    step.name,
                    step.t,
                    candidate,
                    self.ask(candidate),
                    at(candidate, labels, there, boxed),
                )
                for candidate in step.candidates
            ]
            settled = decided + [one for one in fresh if one.answer.again is None]
            raised += settled
            answers += [(step.t + VERDICT_S, one) for one in settled]
            open_ += [one for one in fresh if one.answer.again is not None]
            rejected += [self.audit(one) for one in step.rejected_segments]
            boxes.append(boxes_seen(labels, step.t, step.outcome))
            self.progress()
        raised += [again(one, one.frame, one.t, None) for one in open_]
        return _PlayedSequence(
            tuple(seen), tuple(live), tuple(raised), tuple(boxes), tuple(rejected)
        )


def as_kind(
    config: EdgeConfig, camera: CameraId, kind: Literal["stream", "snapshot"]
) -> EdgeConfig:
    """The configuration with `camera` listed as of `kind`, otherwise as it was configured."""
    settings = config.of_camera(camera)
    cameras = {**config.cameras, camera: settings.model_copy(update={"kind": kind})}
    return config.model_copy(update={"cameras": cameras})


def unaudited(config: EdgeConfig) -> EdgeConfig:
    """The configuration without audits: a still has no moments that would show what stands."""
    audit = config.deliver.audit.model_copy(update={"enabled": False})
    deliver = config.deliver.model_copy(update={"audit": audit})
    return config.model_copy(update={"deliver": deliver})


def _seen(step: ReplayStep, frame_bytes: int, moved: bool) -> FrameSeen:
    outcome, reason = _words(step.outcome)
    analysed = step.outcome if isinstance(step.outcome, Analysed) else None
    return FrameSeen(
        t=step.t,
        frame_bytes=frame_bytes,
        outcome=outcome,
        reason=reason,
        inferences=analysed.inferences if analysed else 0,
        moved=moved,
    )


def _words(outcome: Outcome) -> tuple[FrameOutcome, str]:
    match outcome:
        case Refused():
            return "rejected", outcome.reason.value
        case Quiet():
            return "quiet", outcome.motion.why
        case Analysed():
            return "analysed", outcome.motion.why


def _still(
    still: Labelled,
    seen: FrameSeen,
    boxes: tuple[BoxSeen, ...],
    played: _PlayedSequence,
    traces: tuple[EventTrace, ...],
) -> StillRun:
    return StillRun(
        traces=tuple(trace for trace in traces if trace.event.start_s == seen.t),
        boxes=boxes,
        file=still.file,
        labels=still.labels(),
        seen=seen,
        suspicions=tuple(
            decided_suspicion(raised, played.frames())
            for raised in played.raised
            if raised.frame == still.file
        ),
    )
