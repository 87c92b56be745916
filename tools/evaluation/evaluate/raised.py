"""A suspicion on its way through an evaluation: raised, answered, perhaps asked about again, and at
the end as it is scored.

PURE. Called by `run`, which plays the frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from edge.deliver.questions import GATHER_S, PATIENCE_S
from edge.records import Case, Take, TrackId
from edge.replay.player import Step
from tools.evaluation.evaluate.alarms import class_of
from tools.evaluation.evaluate.corpus import Labelled, LabelledBox, StaticThing
from tools.evaluation.evaluate.observed import About, Decision, Edge, Judged, Sent
from tools.evaluation.evaluate.sheet import sheet_picture
from tools.evaluation.evaluate.static_things import about

VERDICT_S = 1.0
"""From a report to its verdict at the gateway: a fetch, an inference of two cores and two messages
over an ordinary uplink (`make run` on the development machine takes 0.4 to 1.5 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the cloud said to one suspicion, after which bytes and how long."""

    decision: Decision
    label: str
    score: float
    reasons: tuple[str, ...]
    bytes_out: int
    confirm_s: float
    sent: tuple[Sent, ...] = ()
    again: Callable[[Take | None], Answer] | None = None
    """Where the cloud asks for another picture: its answer to that, or to there being none."""


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


def fed_back(answers: list[tuple[float, Raised]], step: Step) -> list[tuple[float, Raised]]:
    """What the edge has not heard yet; what is due changes the next frame's judgement, as live."""
    for due_s, one in answers:
        if due_s <= step.t:
            step.answer(one.case.suspicion.report_id, one.answer.decision)
    return [(due_s, one) for due_s, one in answers if due_s > step.t]


def answered(open_: list[Raised], step: Step) -> tuple[list[Raised], list[Raised]]:
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
        after = again(one, step.name, step.t, take)
        (told if after.answer.again is None else left).append(after)
    return told, left


def again(one: Raised, frame: str, t: float, take: Take | None) -> Raised:
    """The suspicion with the cloud's next answer, which is the time at which people hear of it."""
    asks = one.answer.again
    return one if asks is None else Raised(frame, t, one.case, asks(take), one.at)


def at(case: Case, labels: Labelled, static: tuple[StaticThing, ...], boxed: bool) -> At:
    return At(labels.boxes, static, boxed, sheet_picture(case))


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


def judged(raised: Raised, frames: Iterable[tuple[float, frozenset[TrackId]]]) -> Judged:
    """As it is scored; `frames` are times with the tracks alive then, in order."""
    suspicion, answer = raised.case.suspicion, raised.answer
    return Judged(
        report_id=suspicion.report_id,
        frame=raised.frame,
        raised_s=raised.t,
        until_s=alive_until(raised.t, _lives(suspicion.track, raised.t, frames)),
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
        edge=Edge(
            rule=suspicion.rule,
            severity=suspicion.severity,
            reasons=suspicion.reasons,
            box=suspicion.box,
        ),
        sent=answer.sent,
    )


def _lives(
    track: TrackId, after_s: float, frames: Iterable[tuple[float, frozenset[TrackId]]]
) -> Iterator[tuple[float, bool]]:
    return ((t, track in live) for t, live in frames if t > after_s)
