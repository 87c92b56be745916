"""Tracks as records: one object over time, and all objects of one camera.

PURE. Times are monotonic seconds, boxes xyxy in pixels of the original frame. Made by `tracker`;
`rules` adds where a track has been and what of it was reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from contract.labels import Group
from edge.records import TrackId
from edge.track.kalman import KalmanState
from edge.track.lines import LineHistory
from edge.track.zones import ZonePresence
from imaging.polygons import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """That a rule reported a track: how often, at which highest severity, by which best score, at
    which height in pixels, when last (monotonic seconds), and for how long it does not do so again.
    `refuted` counts the verdicts in a row that called it nothing; `sure` once a verdict did not."""

    rule: str
    severity: int
    score: float
    times: int
    at_s: float
    duration_s: float
    height: float = float("inf")
    refuted: int = 0
    sure: bool = False


CONFIRMED_AFTER = 3
"""Hits: as many as the rules' vote is padded to. Until then a track is tentative."""


_LONGEST_INTERVAL_S = 6.0
"""Slower than 0.2 fps nothing is followed from frame to frame: too much can happen in between."""


_STILL = 0.1
"""In longer sides: less is jitter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one frame said about a track."""

    label: str
    score: float
    moving: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One object over time. `box` is the detection of `seen_at_s`; `travelled` is the farthest its
    feet got from where they were first seen, in units of its height; `displaced` how far it got
    among the newest hits, in units of its longer side; `hits`, the detections assigned to it, are
    counted without end, `votes` and the boxes `recent` are the newest; since `moving_since_s` the
    picture differed from the background there in every one."""

    id: TrackId
    group: Group
    box: Box
    kalman_state: KalmanState
    first_box: Box
    first_at_s: float
    seen_at_s: float
    travelled: float
    votes: tuple[Vote, ...]
    displaced: float = 0.0
    recent: tuple[Box, ...] = ()
    moving_since_s: float | None = None
    hits: int = 1
    presences: tuple[ZonePresence, ...] = ()
    line_history: LineHistory = field(default_factory=LineHistory)
    raised: int = 0
    cooldowns: tuple[Cooldown, ...] = ()

    @property
    def label(self) -> str:
        """The label with the most score in the window."""
        weight: dict[str, float] = {}
        for vote in self.votes:
            weight[vote.label] = weight.get(vote.label, 0.0) + vote.score
        return max(weight, key=lambda label: weight[label])

    @property
    def confirmed(self) -> bool:
        """Seen often enough to be no whim of the network; before, the track is tentative."""
        return self.hits >= CONFIRMED_AFTER

    @property
    def moving(self) -> bool:
        """Whether it moved in any frame of the window; what did not is an object that stands there,
        or that is yet to be seen moving."""
        return any(vote.moving for vote in self.votes)

    @property
    def parked(self) -> bool:
        """A vehicle that has been seen to keep its place and does so."""
        still = self.displaced < _STILL and not self.votes[-1].moving
        return self.group == "vehicle" and self.confirmed and still

    @property
    def persists_s(self) -> float:
        """How long it has moved, or been where nothing was, without a break."""
        return 0.0 if self.moving_since_s is None else self.seen_at_s - self.moving_since_s

    @property
    def height(self) -> float:
        """Of the box, at least a pixel."""
        return max(self.box[3] - self.box[1], 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """All tracks of one camera, the number for the next one, when its last frames came, and how
    many objects of the newest frame are not tracked because there are too many."""

    alive: tuple[Track, ...] = ()
    next_id: int = 1
    frames_at_s: tuple[float, ...] = ()
    over_limit: int = 0

    @property
    def interval_s(self) -> float:
        """The camera's usual time between frames; 0 while it is not known."""
        apart = [b - a for a, b in pairwise(self.frames_at_s) if b - a <= _LONGEST_INTERVAL_S]
        return median(apart) if apart else 0.0
