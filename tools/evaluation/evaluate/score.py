"""From what was there and what was said to the figures of one sequence.

PURE. Called once per sequence by `report_json`; `totals` adds the sequences up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tools.evaluation.evaluate.events import (
    CLASSES,
    Alarm,
    AlarmKind,
    AtBox,
    LabelledEvent,
    MotionAlarm,
    ObjectClass,
    delay_of,
    events_of,
    is_about_nothing,
    kind_by_view,
    kind_of,
    motion_alarms,
    only_by_null,
)
from tools.evaluation.evaluate.observed import SequenceRun

LATE_S = 2.0
"""Who walks takes three steps in it; later than this an alarm is to be explained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventScore:
    """An event and its delays to the first alarm: confirmed, of the edge alone, of plain motion.
    None: missed.

    `as_rider`: of a bicycle, whether it was alarmed about as a person, its rider.
    """

    event: LabelledEvent
    delay_s: float | None
    edge_delay_s: float | None
    motion_delay_s: float | None = None
    as_rider: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmScore:
    """An alarm and what it turns out to be; `by_view` is what it would be if only what is in view
    were asked, as plain motion is. `by_null` says that only frames that nobody scores excuse it."""

    alarm: Alarm
    kind: AlarmKind
    by_view: AlarmKind
    by_null: bool
    parked: bool

    @property
    def false(self) -> bool:
        return self.kind is not AlarmKind.RIGHT

    @property
    def unchecked(self) -> bool:
        """It passes for right, and no label says whether the thing is where its box is."""
        return not self.false and self.alarm.place is AtBox.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Frames and bytes in, pictures' and reports' bytes out, and how many suspicions sent them."""

    frames: int = 0
    bytes_in: int = 0
    suspicions: int = 0
    bytes_out: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            frames=self.frames + other.frames,
            bytes_in=self.bytes_in + other.bytes_in,
            suspicions=self.suspicions + other.suspicions,
            bytes_out=self.bytes_out + other.bytes_out,
        )

    def share(self) -> float | None:
        """Bytes out per byte in."""
        return self.bytes_out / self.bytes_in if self.bytes_in else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceScore:
    """The figures of one sequence. `empty` is the traffic of its frames with nothing labelled."""

    run: SequenceRun
    events: tuple[EventScore, ...]
    alarms: tuple[AlarmScore, ...]
    edge_alarms: tuple[AlarmScore, ...]
    motion: tuple[MotionAlarm, ...]
    traffic: Traffic
    empty: Traffic
    outcomes: Counter[str]
    decisions: Counter[str]

    def all_false(self) -> tuple[AlarmScore, ...]:
        """Confirmed alarms that are false in whatever way."""
        return tuple(scored for scored in self.alarms if scored.false)

    def false_alarms(self) -> Counter[ObjectClass]:
        """Those with nothing in view at all, as plain motion's are counted."""
        return _of_kind(self.alarms, AlarmKind.FALSE)

    def edge_false_alarms(self) -> Counter[ObjectClass]:
        return _of_kind(self.edge_alarms, AlarmKind.FALSE)

    def motion_on_nothing(self) -> int:
        """Motion alarms where no class at all is true or null: false whatever one watches for."""
        return sum(is_about_nothing(alarm, self.run.timeline) for alarm in self.motion)

    def without(self, cls: ObjectClass) -> tuple[int, int, int]:
        """Alarms of a class during which nothing of it was in view, whatever else was: of plain
        motion, of the edge alone, and confirmed."""
        motion = _score_alarms(self.run, [alarm.about(cls) for alarm in self.motion])
        motion_count, edge_count, confirmed_count = (
            sum(
                scored.alarm.cls == cls and scored.by_view is not AlarmKind.RIGHT
                for scored in alarms
            )
            for alarms in (motion, self.edge_alarms, self.alarms)
        )
        return motion_count, edge_count, confirmed_count

    def wrong_class(self) -> Counter[ObjectClass]:
        return _of_kind(self.alarms, AlarmKind.WRONG_CLASS)


def score(run: SequenceRun) -> SequenceScore:
    """Every definition applied to one sequence."""
    motion = motion_alarms(run.moving_s())
    return SequenceScore(
        run=run,
        events=_score_events(run, motion),
        alarms=_score_alarms(run, run.confirmed()),
        edge_alarms=_score_alarms(run, run.raised()),
        motion=motion,
        traffic=_traffic(run, (True,) * len(run.seen)),
        empty=_traffic(run, run.timeline.empty()),
        outcomes=Counter(frame.outcome for frame in run.seen),
        decisions=Counter(decided.decision for decided in run.suspicions),
    )


def _score_events(run: SequenceRun, motion: tuple[MotionAlarm, ...]) -> tuple[EventScore, ...]:
    confirmed, raised = run.confirmed(), run.raised()
    return tuple(
        EventScore(
            event=event,
            delay_s=delay_of(event, confirmed),
            edge_delay_s=delay_of(event, raised),
            motion_delay_s=delay_of(event, [alarm.about(cls) for alarm in motion]),
            as_rider=cls == "bicycle" and _found_as_person(event, confirmed),
        )
        for cls in CLASSES
        for event in events_of(run.timeline, cls)
    )


def _found_as_person(event: LabelledEvent, alarms: Iterable[Alarm]) -> bool:
    rider = LabelledEvent(cls="person", start_s=event.start_s, end_s=event.end_s)
    return delay_of(rider, alarms) is not None


def _score_alarms(run: SequenceRun, alarms: Iterable[Alarm]) -> tuple[AlarmScore, ...]:
    return tuple(
        AlarmScore(
            alarm=alarm,
            kind=kind_of(alarm, run.timeline),
            by_view=kind_by_view(alarm, run.timeline),
            by_null=only_by_null(alarm, run.timeline),
            parked=any(
                run.timeline.parked[frame]
                for frame in run.timeline.span(alarm.raised_s, alarm.until_s)
            ),
        )
        for alarm in alarms
    )


def _of_kind(alarms: Iterable[AlarmScore], kind: AlarmKind) -> Counter[ObjectClass]:
    return Counter(scored.alarm.cls for scored in alarms if scored.by_view is kind)


def _traffic(run: SequenceRun, chosen: tuple[bool, ...]) -> Traffic:
    """The traffic of the chosen frames and of the suspicions that were raised at them."""
    frames = tuple(frame for frame, wanted in zip(run.seen, chosen, strict=True) if wanted)
    times = {frame.t for frame in frames}
    sent = tuple(decided for decided in run.suspicions if decided.raised_s in times)
    return Traffic(
        frames=len(frames),
        bytes_in=sum(frame.frame_bytes for frame in frames),
        suspicions=len(sent),
        bytes_out=sum(decided.bytes_out for decided in sent),
    )


def without_found(score: SequenceScore) -> SequenceScore:
    """The same without the filmstrips of what was found in time: nobody looks at them, and hours
    of footage have hundreds."""
    found = {
        scored.event
        for scored in score.events
        if scored.delay_s is not None and scored.delay_s <= LATE_S
    }
    traces = tuple(trace for trace in score.run.traces if trace.event not in found)
    return replace(score, run=replace(score.run, traces=traces))
