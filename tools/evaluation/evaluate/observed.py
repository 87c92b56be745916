"""What the product did with a sequence or a still, and how far each labelled event came.

PURE. Times are seconds of the replay clock. Filled by `player` and `event_traces`, read by the
score and the reports.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from contract.verdict import Decision
from edge.audit.sampling import SampleKind
from edge.replay.failed_checks import FailedChecks
from edge.replay.html import PagePicture
from imaging.polygons import Box
from tools.evaluation.evaluate.events import (
    Alarm,
    AtBox,
    Label,
    LabelledEvent,
    ObjectClass,
    Timeline,
    class_of,
)

PipelineStage = Literal["analysed", "detected", "fired", "suspected"]


@dataclass(frozen=True, slots=True)
class BestDetection:
    """The best detection of a thing of the event's class, in the frame at `t`."""

    label: str
    score: float
    t: float
    box: Box


@dataclass(slots=True, kw_only=True)
class EventTrace:
    """How far an event came: its frames by outcome and reason, in how many of them a thing of its
    class was detected, what else was, what the rules made of all its tracks and of each, what was
    deduplicated, and how many things had no place among the tracks. Under the score `floor` nothing
    is detected, under `begin` none begins a track. `first_s` are the times at which a stage was
    first reached; `before` is what the rules made of it until something of it was suspected."""

    event: LabelledEvent
    floor: float = 0.0
    begin: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    analysed: int = 0
    detected: int = 0
    best: BestDetection | None = None
    others: Counter[str] = field(default_factory=Counter)
    holds: FailedChecks = field(default_factory=FailedChecks)
    before: FailedChecks = field(default_factory=FailedChecks)
    by_track: dict[int, FailedChecks] = field(default_factory=dict)
    first_s: dict[PipelineStage, float] = field(default_factory=dict)
    deduplicated: int = 0
    deduplicated_after_s: float | None = None
    refused: int = 0
    strip: list[PagePicture] = field(default_factory=list)
    clearest: PagePicture | None = None

    @property
    def frames(self) -> int:
        return self.outcomes.total()

    @property
    def nearest(self) -> tuple[int, FailedChecks] | None:
        """The track that came nearest to an alarm, and what held it back."""
        tracks = [one for one in self.by_track.items() if one[1].evaluated]
        return max(tracks, key=lambda one: (one[1].fired, one[1].alone), default=None)

    def reach(self, stage: PipelineStage, t: float) -> None:
        """A stage was reached at `t`; only the first time counts."""
        self.first_s.setdefault(stage, t)

    def pictures(self) -> tuple[PagePicture, ...]:
        """The filmstrip in time order, then the clearest observation."""
        return (*self.strip, *(() if self.clearest is None else (self.clearest,)))


FrameOutcome = Literal["rejected", "quiet", "analysed"]
AuditAnswer = Literal["missed", "clear", "unanswered"]
"""What the audit made of a motion event or quiet minute in which nothing was suspected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedStretch:
    """A motion event or quiet minute (`kind`), from when to when, that notified nobody but of the
    groups in `notified`; if it was drawn, with the probability `share`, what the audit made of it.
    """

    kind: SampleKind
    from_s: float
    to_s: float
    share: float
    answer: AuditAnswer | None
    notified: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSeen:
    """One frame: its time, size as received, what became of it and why, runs of the network;
    `moved` is what plain motion detection makes of it."""

    t: float
    frame_bytes: int
    outcome: FrameOutcome
    reason: str
    inferences: int = 0
    moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxSeen:
    """A labelled person's box at `t`: its size, whether the frame reached the detector at all,
    and whether it found the person there."""

    t: float
    height_px: float
    visible: float
    analysed: bool
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is at a suspicion's box: the labelled or static thing's name, empty where there is none,
    and what that makes of an alarm about it."""

    name: str = ""
    place: AtBox = AtBox.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeReasons:
    """Why the edge suspected it: by which rule, how grave, for which reasons, at which box (xyxy,
    pixels of the frame)."""

    rule: str = ""
    severity: int = 0
    reasons: tuple[str, ...] = ()
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


class Sent(NamedTuple):
    """A picture that the cloud decided by: what it is, and its JPEG, reduced if it is large."""

    role: str
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedSuspicion:
    """A suspicion and the cloud's decision on it.

    `label` is the edge's, `verdict_label` the one that people get. `bytes_out` is evidence and
    report; `confirm_s` is how long the cloud's model and rules took. `about` is what was at the box
    for an alarm of the edge's label, `verdict_about` for one of the verdict's. `sheet` is the
    picture as people review it, a JPEG with the box drawn; `sent` are those that the cloud had.
    """

    report_id: str
    frame: str
    raised_s: float
    until_s: float
    label: str
    score: float
    decision: Decision
    verdict_label: str
    verdict_score: float
    reasons: tuple[str, ...]
    bytes_out: int
    confirm_s: float
    about: About = About()
    verdict_about: About = About()
    sheet: bytes = b""
    edge: EdgeReasons = EdgeReasons()
    sent: tuple[Sent, ...] = ()

    def as_raised(self) -> Alarm | None:
        """The alarm that the edge alone would have given; None if its class is not scored."""
        return _alarm(self.label, self, self.about)

    def as_confirmed(self) -> Alarm | None:
        """The alarm that people get; None if the cloud did not confirm it."""
        if self.decision != "confirmed":
            return None
        return _alarm(self.verdict_label, self, self.verdict_about)


def _alarm(label: str, decided: DecidedSuspicion, about: About) -> Alarm | None:
    cls = class_of(label)
    if cls is None:
        return None
    return Alarm(cls=cls, raised_s=decided.raised_s, until_s=decided.until_s, place=about.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceRun:
    """All of one sequence: frames `seen` stand in the order of `timeline`.

    `lasts_s` is how long it stands for where frames are not evenly spaced; `nuisance` names what
    disturbs the camera while nobody is there; `walk` the kind of composed walkers, if any; `static`
    names what stands there; `traces` say of each event how far it came.
    """

    id: str
    fps: float
    synthetic: bool
    scene: str
    timeline: Timeline
    seen: tuple[FrameSeen, ...]
    suspicions: tuple[DecidedSuspicion, ...]
    fps_known: bool = True
    boxes: tuple[BoxSeen, ...] = ()
    rejected: tuple[RejectedStretch, ...] = ()
    lasts_s: float | None = None
    nuisance: str | None = None
    walk: str | None = None
    static: tuple[str, ...] = ()
    traces: tuple[EventTrace, ...] = ()

    def confirmed(self) -> tuple[Alarm, ...]:
        alarms = (decided.as_confirmed() for decided in self.suspicions)
        return tuple(alarm for alarm in alarms if alarm is not None)

    def raised(self) -> tuple[Alarm, ...]:
        """What the edge alone would have alarmed about."""
        alarms = (decided.as_raised() for decided in self.suspicions)
        return tuple(alarm for alarm in alarms if alarm is not None)

    def moving_s(self) -> tuple[float, ...]:
        """Times of the frames in which plain motion detection sees motion."""
        return tuple(frame.t for frame in self.seen if frame.moved)

    def duration_s(self) -> float:
        return len(self.seen) / self.fps if self.lasts_s is None else self.lasts_s


@dataclass(frozen=True, slots=True, kw_only=True)
class StillRun:
    """One still: its labels, what became of it, and the suspicions about it."""

    file: str
    labels: dict[ObjectClass, Label]
    seen: FrameSeen
    suspicions: tuple[DecidedSuspicion, ...]
    boxes: tuple[BoxSeen, ...] = ()
    traces: tuple[EventTrace, ...] = ()
