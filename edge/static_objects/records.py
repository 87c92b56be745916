"""Things that stand there, as records: what is remembered of them and of one camera.

PURE. Boxes are shares 0..1 of the frame, so that a camera's change of resolution changes nothing.
`*_at` are wall times, which outlive a restart; `*_s` are monotonic seconds of this run. The laws of
the memory stand in `memory`; `store` writes what is kept to disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from contract.ids import ReportId
from contract.labels import Group
from edge.records import TrackId
from edge.static_objects.appearance import Appearance
from imaging.polygons import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticObject:
    """One object at one place. It is `static` once it has stood long enough; before, it is only
    watched. `hits` counts the frames in which it was seen, `motion_hits` those in which it moved.

    `refuted` counts the verdicts that called it no threat, `refuted_reports` are the newest reports
    that they were about; `reported_by` names the rules that
    raised an alarm about it. `appearances` are its appearances under different light, the oldest
    first.
    """

    id: str
    group: Group
    label: str
    box: Box
    appearances: tuple[Appearance, ...]
    first_seen_at: datetime
    last_seen_at: datetime
    hits: int = 1
    motion_hits: int = 0
    static: bool = False
    refuted: int = 0
    refuted_reports: tuple[ReportId, ...] = ()
    reported_by: tuple[str, ...] = ()
    suppressed: int = 0
    since_s: float = float("-inf")
    gone_since_s: float | None = None

    @property
    def known(self) -> bool:
        """Whether it is known to be nothing new whatever the rule."""
        return self.static or self.refuted > 0

    @property
    def lasting(self) -> bool:
        """Whether it is worth keeping over a restart."""
        return self.known or bool(self.reported_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingQuery:
    """What an alarm was raised about under `report_id`, as it looked then."""

    report_id: ReportId
    group: Group
    label: str
    box: Box
    appearance: Appearance
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """That a track or detection is an object that is known, and how sure that is. `similarity` is
    None where the box alone said so; `rules` are those to which it is nothing new, None: all of
    them."""

    object_id: str
    refuted: bool
    overlap: float
    similarity: float | None
    rules: tuple[str, ...] | None = None

    @property
    def reason(self) -> Literal["reported", "static", "refuted"]:
        """What it is known as; `reported` is what only stands as it stood when an alarm was
        raised."""
        if self.refuted:
            return "refuted"
        return "static" if self.rules is None else "reported"

    def suppresses(self, rule: str) -> bool:
        """Whether the rule of that id has nothing more to say of it."""
        return self.rules is None or rule in self.rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is remembered of one camera. `matched` are the objects of the tracks in the last frame
    that was looked at, `suppressed` those tracks of which an alarm was kept back already."""

    objects: tuple[StaticObject, ...] = ()
    queries: tuple[PendingQuery, ...] = ()
    matched: Mapping[TrackId, Match] = field(default_factory=dict)
    suppressed: frozenset[TrackId] = frozenset()
    next_number: int = 1
    checked_s: float = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedObject:
    """An object seen in this frame; `track` is None for one in a picture that stands alone.

    `entered` says that it was seen to come from elsewhere, `leaves` that all of it moves and it has
    left its place.
    """

    track: TrackId | None
    group: Group
    label: str
    box: Box
    moving: bool = False
    entered: bool = False
    leaves: bool = False
