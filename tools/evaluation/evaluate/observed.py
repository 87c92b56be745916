"""What the product did with a sequence or a still, as the runner saw it and the score reads it.

PURE. Times are seconds of the replay clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from edge.audit.sampling import Kind
from tools.evaluation.evaluate.alarms import Alarm, Place, class_of
from tools.evaluation.evaluate.events import Label, ObjectClass, Timeline
from tools.evaluation.evaluate.trace import EventTrace

Decision = Literal["confirmed", "refuted", "inconclusive", "unconfirmed"]
FrameOutcome = Literal["rejected", "quiet", "analysed"]
AuditAnswer = Literal["missed", "clear", "unanswered"]
"""What the audit made of a motion event or quiet minute in which nothing was suspected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A motion event or quiet minute (`kind`), from when to when, of which nothing was told but of
    the groups in `told`; if it was drawn, with the probability `share`, what the audit made of it.
    """

    kind: Kind
    from_s: float
    to_s: float
    share: float
    answer: AuditAnswer | None
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
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
    """A labelled person's box at `t`: its size, whether the detector looked at the frame at all,
    and whether it found the person there."""

    t: float
    height_px: float
    visible: float
    looked: bool
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is at a suspicion's box: the labelled or static thing's name, empty where there is none,
    and what that makes of an alarm about it."""

    name: str = ""
    place: Place = Place.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Why the edge suspected it: by which rule, how grave, for which reasons, at which box (xyxy,
    pixels of the frame)."""

    rule: str = ""
    severity: int = 0
    reasons: tuple[str, ...] = ()
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


class Sent(NamedTuple):
    """A picture that the cloud judged by: what it is, and its JPEG, reduced if it is large."""

    role: str
    jpeg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A suspicion and the cloud's decision on it.

    `label` is the edge's, `verdict_label` the one that people are told. `bytes_out` is evidence and
    report; `confirm_s` is how long the cloud's model and rules took. `about` is what was at the box
    for an alarm of the edge's label, `verdict_about` for one of the verdict's. `sheet` is the
    picture as people judge it, a JPEG with the box drawn; `sent` are those that the cloud had.
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
    edge: Edge = Edge()
    sent: tuple[Sent, ...] = ()

    def as_raised(self) -> Alarm | None:
        """The alarm that the edge alone would have given; None if its class is not scored."""
        return _alarm(self.label, self, self.about)

    def as_confirmed(self) -> Alarm | None:
        """The alarm that people get; None if the cloud did not confirm it."""
        if self.decision != "confirmed":
            return None
        return _alarm(self.verdict_label, self, self.verdict_about)


def _alarm(label: str, judged: Judged, about: About) -> Alarm | None:
    cls = class_of(label)
    if cls is None:
        return None
    return Alarm(cls=cls, raised_s=judged.raised_s, until_s=judged.until_s, place=about.place)


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
    seen: tuple[Seen, ...]
    suspicions: tuple[Judged, ...]
    fps_known: bool = True
    boxes: tuple[BoxSeen, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    lasts_s: float | None = None
    nuisance: str | None = None
    walk: str | None = None
    static: tuple[str, ...] = ()
    traces: tuple[EventTrace, ...] = ()

    def confirmed(self) -> tuple[Alarm, ...]:
        alarms = (judged.as_confirmed() for judged in self.suspicions)
        return tuple(alarm for alarm in alarms if alarm is not None)

    def raised(self) -> tuple[Alarm, ...]:
        """What the edge alone would have alarmed about."""
        alarms = (judged.as_raised() for judged in self.suspicions)
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
    seen: Seen
    suspicions: tuple[Judged, ...]
    boxes: tuple[BoxSeen, ...] = ()
    traces: tuple[EventTrace, ...] = ()
