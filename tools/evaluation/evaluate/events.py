"""What was there: labels of a sequence's frames, and the events that they make.

PURE. Per frame and class the label is true, false, or None = do not score. Times are seconds of the
replay clock, one per frame, rising. Called by `score`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

ObjectClass = Literal["person", "vehicle", "bicycle"]
CLASSES: tuple[ObjectClass, ...] = ("person", "vehicle", "bicycle")
Label = bool | None

MAX_NULL_GAP_S = 1.0
_ROUNDING_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The labels of one sequence: `times[i]` and `labels[cls][i]` are of frame `i`.

    `parked` tells where a standing vehicle is in view; it makes no event and excuses no alarm.
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
            if first_s - _ROUNDING_S <= t <= last_s + _ROUNDING_S
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A stretch in which something of a class is there: times of its first and last true frame."""

    cls: ObjectClass
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class _Run:
    label: Label
    first: int
    last: int


def events_of(timeline: Timeline, cls: ObjectClass) -> tuple[Event, ...]:
    """The events of a class, in time order.

    A run of true frames is an event. Nulls neither start nor count; two runs with nothing but nulls
    between them, lasting at most `MAX_NULL_GAP_S`, are one event.
    """
    events: list[Event] = []
    gap_from: int | None = None
    for run in _runs(timeline.labels[cls]):
        if run.label is True:
            start_s, end_s = timeline.times[run.first], timeline.times[run.last]
            if gap_from is not None and _brief(timeline.times[gap_from], start_s):
                start_s = events.pop().start_s
            events.append(Event(cls=cls, start_s=start_s, end_s=end_s))
        gap_from = run.last + 1 if run.label is True else gap_from if run.label is None else None
    return tuple(events)


def _brief(gap_start_s: float, gap_end_s: float) -> bool:
    return gap_end_s - gap_start_s <= MAX_NULL_GAP_S + _ROUNDING_S


def _runs(labels: tuple[Label, ...]) -> Iterator[_Run]:
    first = 0
    for label, group in groupby(labels):
        length = len(tuple(group))
        yield _Run(label, first, first + length - 1)
        first += length
