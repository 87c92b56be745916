"""How far an event came along the path, and how it looked.

PURE. Filled by `witness` while the replay runs, read by `misses`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from edge.records import Box
from edge.replay.failed_checks import Holds
from edge.replay.html import Picture
from tools.evaluation.evaluate.events import Event

Stage = Literal["looked at", "detected", "fired", "suspected"]


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
    class was detected, what else was, what the rules made of all its tracks and of each, what was
    merged, and how many things had no place among the tracks. Under the score `floor` nothing is
    detected, under `begin` none begins a track. `first_s` are the times at which a stage was first
    reached; `before` is what the rules made of it until something of it was suspected."""

    event: Event
    floor: float = 0.0
    begin: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    looked: int = 0
    detected: int = 0
    best: Best | None = None
    others: Counter[str] = field(default_factory=Counter)
    holds: Holds = field(default_factory=Holds)
    before: Holds = field(default_factory=Holds)
    by_track: dict[int, Holds] = field(default_factory=dict)
    first_s: dict[Stage, float] = field(default_factory=dict)
    merged: int = 0
    merged_after_s: float | None = None
    refused: int = 0
    strip: list[Picture] = field(default_factory=list)
    clearest: Picture | None = None

    @property
    def frames(self) -> int:
        return self.outcomes.total()

    @property
    def nearest(self) -> tuple[int, Holds] | None:
        """The track that came nearest to an alarm, and what held it back."""
        tracks = [one for one in self.by_track.items() if one[1].judged]
        return max(tracks, key=lambda one: (one[1].fired, one[1].alone), default=None)

    def reach(self, stage: Stage, t: float) -> None:
        """A stage was reached at `t`; only the first time counts."""
        self.first_s.setdefault(stage, t)

    def pictures(self) -> tuple[Picture, ...]:
        """The filmstrip in time order, then the clearest sight."""
        return (*self.strip, *(() if self.clearest is None else (self.clearest,)))
