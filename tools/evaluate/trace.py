"""How far an event came along the path, and how it looked.

PURE. Filled by `witness` while the replay runs, read by `misses`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from edge.records import Box
from edge.review.holds import Holds
from edge.review.page import Picture
from tools.evaluate.events import Event


@dataclass(frozen=True, slots=True)
class Best:
    """The surest detection of a thing of the event's class, in the frame at `t`."""

    label: str
    score: float
    t: float
    box: Box


@dataclass(slots=True, kw_only=True)
class EventTrace:
    """How far an event came: its frames by outcome and reason, in how many of them a thing of its
    class was detected, what else was, which tracks it had, what the rules made of them, what was
    merged, and how many things had no place among the tracks. Under the score `floor` nothing is
    detected, under `begin` none begins a track."""

    event: Event
    floor: float = 0.0
    begin: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    looked: int = 0
    detected: int = 0
    best: Best | None = None
    others: Counter[str] = field(default_factory=Counter)
    tracks: set[int] = field(default_factory=set)
    holds: Holds = field(default_factory=Holds)
    merged: int = 0
    merged_after_s: float | None = None
    refused: int = 0
    strip: list[Picture] = field(default_factory=list)
    clearest: Picture | None = None

    @property
    def frames(self) -> int:
        return self.outcomes.total()

    def pictures(self) -> tuple[Picture, ...]:
        """The filmstrip in time order, then the clearest sight."""
        return (*self.strip, *(() if self.clearest is None else (self.clearest,)))
