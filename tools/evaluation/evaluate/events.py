"""What was there, and what was said: labels and their events, alarms and whether they are right.

PURE. Per frame and class the label is true, false, or None = do not score. An alarm runs from when
it was raised until its track dies; those of plain motion are treated alike. Times are those of
frames on the replay clock; the time that the cloud takes is no part of them. Called by `score`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Literal

ObjectClass = Literal["person", "vehicle", "bicycle"]
CLASSES: tuple[ObjectClass, ...] = ("person", "vehicle", "bicycle")
Label = bool | None

MAX_NULL_GAP_S = 1.0
"""Someone lost behind a post for a second is still the same event."""
ROUNDING_S = 1e-6
"""Times of frames are sums of floats: so near, two are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The labels of one sequence: `times[i]` and `labels[cls][i]` are of frame `i`.

    `parked` says where a standing vehicle is in view; it makes no event and excuses no alarm.
    """

    times: tuple[float, ...]
    labels: Mapping[ObjectClass, tuple[Label, ...]]
    parked: tuple[bool, ...]

    def empty(self) -> tuple[bool, ...]:
        """Per frame, whether every class is labelled false: nobody and nothing is there."""
        rows = zip(*(self.labels[cls] for cls in CLASSES), strict=True)
        return tuple(all(label is False for label in row) for row in rows)

    def span(self, first_s: float, last_s: float) -> Iterator[int]:
        """The frames from `first_s` to `last_s`, both included."""
        return (
            frame
            for frame, t in enumerate(self.times)
            if first_s - ROUNDING_S <= t <= last_s + ROUNDING_S
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledEvent:
    """A segment in which something of a class is there: times of its first and last true frame."""

    cls: ObjectClass
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class _LabelRun:
    label: Label
    first: int
    last: int


def events_of(timeline: Timeline, cls: ObjectClass) -> tuple[LabelledEvent, ...]:
    """The events of a class, in time order.

    A run of true frames is an event. Nulls neither start nor count; two runs with nothing but nulls
    between them, lasting at most `MAX_NULL_GAP_S`, are one event.
    """
    events: list[LabelledEvent] = []
    gap_from: int | None = None
    for run in _runs(timeline.labels[cls]):
        if run.label is True:
            start_s, end_s = timeline.times[run.first], timeline.times[run.last]
            if gap_from is not None and _brief(timeline.times[gap_from], start_s):
                start_s = events.pop().start_s
            events.append(LabelledEvent(cls=cls, start_s=start_s, end_s=end_s))
        gap_from = run.last + 1 if run.label is True else gap_from if run.label is None else None
    return tuple(events)


def _brief(gap_start_s: float, gap_end_s: float) -> bool:
    return gap_end_s - gap_start_s <= MAX_NULL_GAP_S + ROUNDING_S


def _runs(labels: tuple[Label, ...]) -> Iterator[_LabelRun]:
    first = 0
    for label, group in groupby(labels):
        length = len(tuple(group))
        yield _LabelRun(label, first, first + length - 1)
        first += length


SLACK_S = 1.0
"""Labels are of whole frames, and cameras send as little as one a second."""
MOTION_GAP_S = 10.0
"""An event is over when nothing moved for so long: ten seconds between two motion alarms are the
default of cameras by Planet and Vicon; Frigate waits 30 s (`mqtt_off_delay`), Motion 60 s
(`event_gap`), ONVIF cameras commonly 1 s (`AlarmOffDelay`)."""
MOTION_AGAIN_S = 60.0
"""What goes on is raised again after this: every 10 or 20 s by cameras with a trigger interval;
Motion begins a new film after 120 s (`movie_max_time`)."""

_CLASS_OF: dict[str, ObjectClass] = {
    "person": "person",
    "bicycle": "bicycle",
    "car": "vehicle",
    "motorcycle": "vehicle",
    "bus": "vehicle",
    "truck": "vehicle",
}
_EXCUSES: dict[ObjectClass, tuple[ObjectClass, ...]] = {
    "person": ("person",),
    "vehicle": ("vehicle",),
    "bicycle": ("bicycle", "person"),
}


class AlarmKind(StrEnum):
    """What an alarm turns out to be; all but the first are false."""

    RIGHT = "right"
    FALSE = "false"
    WRONG_CLASS = "wrong_class"
    WRONG_PLACE = "wrong_place"
    STATIC = "static_object"


class AtBox(StrEnum):
    """What is known to be where an alarm's box is, in the frame that raised it."""

    THING = "thing"
    OTHER_THING = "other_thing"
    STATIC = "static_object"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """`raised_s` is the frame time of its suspicion, `until_s` the last with its track alive;
    `place` is what is at its box, unknown where nobody labelled boxes."""

    cls: ObjectClass
    raised_s: float
    until_s: float
    place: AtBox = AtBox.UNKNOWN

    @property
    def elsewhere(self) -> bool:
        """Whether it is about something else than a moving thing of its class, for all to see."""
        return self.place not in {AtBox.THING, AtBox.UNKNOWN}


def place_of(cls: ObjectClass, label: str) -> AtBox:
    """The place of an alarm of `cls` at whose box a thing of `label` was labelled."""
    return AtBox.THING if class_of(label) in _EXCUSES[cls] else AtBox.OTHER_THING


def class_of(label: str) -> ObjectClass | None:
    """The scored class of a detection's label; None if it is not scored (animals, others)."""
    return _CLASS_OF.get(label)


def delay_of(event: LabelledEvent, alarms: Iterable[Alarm]) -> float | None:
    """Seconds from the event's start to the first alarm that finds it; None if none does. One that
    is about something else finds nothing.

    An alarm of the event's class finds it by being raised within it or at most `SLACK_S` away, or
    by running already when it starts; the delay is 0 for those raised before the start.
    """
    delays = (
        max(0.0, alarm.raised_s - event.start_s)
        for alarm in alarms
        if alarm.cls == event.cls and not alarm.elsewhere and _finds(alarm, event)
    )
    return min(delays, default=None)


def _finds(alarm: Alarm, event: LabelledEvent) -> bool:
    near = (
        event.start_s - SLACK_S - ROUNDING_S <= alarm.raised_s <= event.end_s + SLACK_S + ROUNDING_S
    )
    return near or alarm.raised_s < event.start_s <= alarm.until_s + ROUNDING_S


def kind_of(alarm: Alarm, timeline: Timeline) -> AlarmKind:
    """By what is at its box; where that is unknown, by what is in view.

    A box around what stands there is false whatever else moves, and so is one around nothing.
    """
    by_view = kind_by_view(alarm, timeline)
    match alarm.place:
        case AtBox.STATIC:
            return AlarmKind.STATIC
        case AtBox.OTHER_THING:
            return AlarmKind.WRONG_CLASS
        case AtBox.NOTHING if by_view is AlarmKind.RIGHT:
            return AlarmKind.WRONG_PLACE
        case AtBox.THING:
            return AlarmKind.RIGHT
    return by_view


def kind_by_view(alarm: Alarm, timeline: Timeline) -> AlarmKind:
    """False if it touches no true and no null frame of its class, from its raising to its end.

    Where another class is true there, it is of the wrong class instead. A bicycle is excused by a
    person too, who may be its rider. A parked vehicle excuses nothing.
    """
    frames = tuple(timeline.span(alarm.raised_s, alarm.until_s))
    own = _EXCUSES[alarm.cls]
    if any(timeline.labels[cls][frame] is not False for cls in own for frame in frames):
        return AlarmKind.RIGHT
    if any(timeline.labels[cls][frame] is True for cls in CLASSES for frame in frames):
        return AlarmKind.WRONG_CLASS
    return AlarmKind.FALSE


def only_by_null(alarm: Alarm, timeline: Timeline) -> bool:
    """Whether nothing of its class is true while it lasts, and frames that are not scored are all
    that keeps it from being false."""
    frames = tuple(timeline.span(alarm.raised_s, alarm.until_s))
    labels = [timeline.labels[cls][frame] for cls in _EXCUSES[alarm.cls] for frame in frames]
    return True not in labels and None in labels


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionAlarm:
    """What a camera with plain motion detection would have reported: first to last moving frame."""

    raised_s: float
    until_s: float

    def about(self, cls: ObjectClass) -> Alarm:
        """The alarm that it is to someone who is notified of motion and watches for `cls`."""
        return Alarm(cls=cls, raised_s=self.raised_s, until_s=self.until_s)


def motion_alarms(moving_s: Iterable[float]) -> tuple[MotionAlarm, ...]:
    """The moving frames as alarms: a new one begins after `MOTION_GAP_S` without motion, and
    `MOTION_AGAIN_S` after the last one began."""
    merged: list[MotionAlarm] = []
    for t in moving_s:
        raised_s = t
        if merged and _goes_on(merged[-1], t):
            raised_s = merged.pop().raised_s
        merged.append(MotionAlarm(raised_s=raised_s, until_s=t))
    return tuple(merged)


def _goes_on(alarm: MotionAlarm, t: float) -> bool:
    return (
        t - alarm.until_s <= MOTION_GAP_S + ROUNDING_S
        and t - alarm.raised_s < MOTION_AGAIN_S - ROUNDING_S
    )


def is_about_nothing(alarm: MotionAlarm, timeline: Timeline) -> bool:
    """Whether it is false, whichever class one watches for."""
    return all(kind_by_view(alarm.about(cls), timeline) is AlarmKind.FALSE for cls in CLASSES)
