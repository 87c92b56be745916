"""Plays a corpus through the edge's replay and has every suspicion confirmed.

Frames go through the real path: admission, gate, detector, tracker, rules; each suspicion is packed
and judged by `ask` at once. Pixels are let go after each frame. Called by the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from contract.ids import CameraId
from edge.config.schema import Config
from edge.decide.audit import Unsuspected
from edge.deliver.questions import GATHER_S, PATIENCE_S
from edge.intake.admission import picture_limits
from edge.pipeline import Sees
from edge.records import Analysed, Case, Outcome, Quiet, Take, TrackId
from edge.replay import Rhythm, Source, Step, play
from imaging.admission import Rejected
from tools.evaluate.alarms import class_of
from tools.evaluate.boxes import boxes_seen
from tools.evaluate.corpus import (
    Corpus,
    Labelled,
    LabelledBox,
    Passing,
    Sequence,
    StaticThing,
    camera_id,
    label_rows,
)
from tools.evaluate.events import Timeline
from tools.evaluate.observed import (
    About,
    AuditAnswer,
    BoxSeen,
    Decision,
    FrameOutcome,
    Judged,
    Seen,
    SequenceRun,
    StillRun,
)
from tools.evaluate.plain_motion import PlainMotion
from tools.evaluate.sheet import sheet_picture
from tools.evaluate.static_things import about

VERDICT_S = 1.0
"""From a report to its verdict at the gateway: a fetch, an inference of two cores and two messages
over an ordinary uplink (`make run` on the development machine takes 0.4 to 1.5 s)."""

STILLS_FPS = 0.01
"""Stills lie far apart in time: none follows another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the cloud said to one suspicion, after which bytes and how long."""

    decision: Decision
    label: str
    score: float
    reasons: tuple[str, ...]
    bytes_out: int
    confirm_s: float
    again: Callable[[Take | None], Answer] | None = None
    """Where the cloud asks for another picture: its answer to that, or to there being none."""


Ask = Callable[[Case], Answer]
Audit = Callable[[Unsuspected], AuditAnswer]
Progress = Callable[[], None]


@dataclass(frozen=True, slots=True)
class At:
    """What was labelled in the frame that raised a suspicion, and the picture with its box."""

    labelled: tuple[LabelledBox, ...]
    static: tuple[StaticThing, ...]
    boxed: bool
    sheet: bytes

    def about(self, case: Case, label: str) -> About:
        """What an alarm of `label` about the case is about."""
        cls = class_of(label)
        return about(case.suspicion.box, cls, self.labelled, self.static, boxed=self.boxed)


@dataclass(frozen=True, slots=True)
class Raised:
    """A suspicion with its answer, at the frame that raised it, and what is there."""

    frame: str
    t: float
    case: Case
    answer: Answer
    at: At


@dataclass(frozen=True, slots=True)
class _Played:
    """A replay without its pixels: what became of each frame, tracks alive after it, suspicions."""

    seen: tuple[Seen, ...]
    live: tuple[frozenset[TrackId], ...]
    raised: tuple[Raised, ...]
    boxes: tuple[tuple[BoxSeen, ...], ...]
    audits: tuple[AuditAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """Plays the footage under one configuration; `progress` is called after each frame."""

    footage: Corpus
    config: Config
    detector: Sees
    ask: Ask
    audit: Audit
    progress: Progress

    def run_sequence(self, sequence: Sequence) -> SequenceRun:
        """One sequence as a camera, of the kind that is configured.

        One whose frames have times of their own stands for a camera that sends evenly, of which the
        quiet time was shortened: that is a stream.
        """
        camera = camera_id(sequence.id)
        times = sequence.times()
        config = as_kind(self.config, camera, "stream") if times else self.config
        pictures, rhythm = self.footage.frames_of(sequence), times or sequence.rate
        played = self._play(pictures, sequence.frames, config, camera, rhythm, sequence.static)
        return SequenceRun(
            id=sequence.id,
            fps=sequence.rate,
            fps_known=sequence.fps is not None,
            synthetic=sequence.synthetic,
            scene=sequence.scene,
            timeline=Timeline(
                times=tuple(frame.t for frame in played.seen),
                labels=label_rows(sequence.frames),
                parked=tuple(frame.vehicle_parked is True for frame in sequence.frames),
            ),
            seen=played.seen,
            suspicions=tuple(_judged(raised, played) for raised in played.raised),
            boxes=tuple(box for boxes in played.boxes for box in boxes),
            audits=played.audits,
            lasts_s=sequence.seconds,
            nuisance=sequence.nuisance,
            walk=sequence.recipe.scene if sequence.recipe and sequence.recipe.walkers else None,
            static=tuple(thing.name for thing in sequence.static),
        )

    def run_stills(self) -> tuple[StillRun, ...]:
        """All stills as snapshots, each of which is judged for itself."""
        camera = CameraId("stills")
        config = as_kind(self.config, camera, "snapshot")
        stills = self.footage.stills
        played = self._play(self.footage.all_stills(), stills, config, camera, STILLS_FPS)
        return tuple(
            _still(still, seen, boxes, played)
            for still, seen, boxes in zip(stills, played.seen, played.boxes, strict=True)
        )

    def _play(
        self,
        pictures: Source,
        labelled: tuple[Labelled, ...],
        config: Config,
        camera: CameraId,
        rhythm: Rhythm,
        static: tuple[StaticThing, ...] = (),
    ) -> _Played:
        boxed = any(frame.boxes for frame in labelled)
        seen: list[Seen] = []
        live: list[frozenset[TrackId]] = []
        raised: list[Raised] = []
        open_: list[Raised] = []
        answers: list[tuple[float, Raised]] = []
        boxes: list[tuple[BoxSeen, ...]] = []
        audits: list[AuditAnswer] = []
        passing, motion = Passing(pictures), PlainMotion(picture_limits(config.intake.limits))
        steps = play(passing, config, camera, rhythm, self.detector)
        for step, labels in zip(steps, labelled, strict=True):
            picture = passing.taken()
            answers = _fed_back(answers, step)
            seen.append(_seen(step, len(picture), motion.moved(picture, step.t)))
            live.append(step.live)
            answered, open_ = _answered(open_, step)
            there = tuple(thing for thing in static if thing.stands(step.t))
            fresh = [
                Raised(step.name, step.t, case, self.ask(case), _at(case, labels, there, boxed))
                for case in step.cases
            ]
            settled = answered + [one for one in fresh if one.answer.again is None]
            raised += settled
            answers += [(step.t + VERDICT_S, one) for one in settled]
            open_ += [one for one in fresh if one.answer.again is not None]
            audits.extend(self.audit(event) for event in step.unsuspected)
            boxes.append(boxes_seen(labels, step.t, step.outcome))
            self.progress()
        raised += [_again(one, one.frame, one.t, None) for one in open_]
        return _Played(tuple(seen), tuple(live), tuple(raised), tuple(boxes), tuple(audits))


def _fed_back(answers: list[tuple[float, Raised]], step: Step) -> list[tuple[float, Raised]]:
    """What the edge has not heard yet; what is due changes the next frame's judgement, as live."""
    for due_s, one in answers:
        if due_s <= step.t:
            step.answer(one.case.suspicion.report_id, one.answer.decision)
    return [(due_s, one) for due_s, one in answers if due_s > step.t]


def _answered(open_: list[Raised], step: Step) -> tuple[list[Raised], list[Raised]]:
    """What the cloud asked about: told with this frame, and still to be told, as live."""
    told: list[Raised] = []
    left: list[Raised] = []
    for one in open_:
        track = one.case.suspicion.track
        waited_s, seen = step.t - one.t, track in step.live
        take = None if seen and waited_s < GATHER_S else step.further(track)
        if take is None and seen and waited_s < PATIENCE_S:
            left.append(one)
            continue
        after = _again(one, step.name, step.t, take)
        (told if after.answer.again is None else left).append(after)
    return told, left


def _again(one: Raised, frame: str, t: float, take: Take | None) -> Raised:
    """The suspicion with the cloud's next answer, which is the time at which people hear of it."""
    again = one.answer.again
    return one if again is None else Raised(frame, t, one.case, again(take), one.at)


def _at(case: Case, labels: Labelled, static: tuple[StaticThing, ...], boxed: bool) -> At:
    return At(labels.boxes, static, boxed, sheet_picture(case))


def as_kind(config: Config, camera: CameraId, kind: Literal["stream", "snapshot"]) -> Config:
    """The configuration with `camera` listed as of `kind`, otherwise as it was configured."""
    settings = config.cameras.get(camera, config.camera_defaults)
    cameras = {**config.cameras, camera: settings.model_copy(update={"kind": kind})}
    return config.model_copy(update={"cameras": cameras})


def alive_until(raised_s: float, lives: Iterable[tuple[float, bool]]) -> float:
    """The last time at which a track lived without a break since `raised_s`.

    `lives` are frame times after the raising, in order, and whether it was alive then.
    """
    until_s = raised_s
    for t, alive in lives:
        if not alive:
            break
        until_s = t
    return until_s


def _seen(step: Step, frame_bytes: int, moved: bool) -> Seen:
    outcome, reason = _words(step.outcome)
    looked = step.outcome if isinstance(step.outcome, Analysed) else None
    return Seen(
        t=step.t,
        frame_bytes=frame_bytes,
        outcome=outcome,
        reason=reason,
        inferences=looked.inferences if looked else 0,
        moved=moved,
    )


def _words(outcome: Outcome) -> tuple[FrameOutcome, str]:
    match outcome:
        case Rejected():
            return "rejected", outcome.reason.value
        case Quiet():
            return "quiet", outcome.motion.why
        case Analysed():
            return "analysed", outcome.motion.why


def _still(still: Labelled, seen: Seen, boxes: tuple[BoxSeen, ...], played: _Played) -> StillRun:
    return StillRun(
        boxes=boxes,
        file=still.file,
        labels=still.labels(),
        seen=seen,
        suspicions=tuple(
            _judged(raised, played) for raised in played.raised if raised.frame == still.file
        ),
    )


def _judged(raised: Raised, played: _Played) -> Judged:
    suspicion, answer = raised.case.suspicion, raised.answer
    return Judged(
        report_id=suspicion.report_id,
        frame=raised.frame,
        raised_s=raised.t,
        until_s=alive_until(raised.t, _lives(suspicion.track, raised.t, played)),
        label=suspicion.label,
        score=suspicion.score,
        decision=answer.decision,
        verdict_label=answer.label,
        verdict_score=answer.score,
        reasons=answer.reasons,
        bytes_out=answer.bytes_out,
        confirm_s=answer.confirm_s,
        about=raised.at.about(raised.case, suspicion.label),
        verdict_about=raised.at.about(raised.case, answer.label),
        sheet=raised.at.sheet,
    )


def _lives(track: TrackId, after_s: float, played: _Played) -> Iterator[tuple[float, bool]]:
    for frame, live in zip(played.seen, played.live, strict=True):
        if frame.t > after_s:
            yield frame.t, track in live
