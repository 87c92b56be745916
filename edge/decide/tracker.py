"""Which detections of successive frames are the same thing?

PURE. A track is expected where its course leads (`course`) and takes the detection that lies there:
near in feet, in units of the thing's height and of the doubt that grows while nobody looks, within
what such a thing can walk or drive in the time, of like height, or overlapping the expected box;
and only within one group of labels (a car that is called truck for a frame stays itself). All
pairs of a frame are chosen together (`assignment`). Weak detections continue tracks and begin none
(ByteTrack: Zhang et al., 2022). All times are monotonic seconds, all boxes xyxy in pixels of the
original frame. Called once per analysed frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from typing import get_args

import numpy as np
import numpy.typing as npt

from contract.labels import Group, group_of
from edge.config.schema import Tracking
from edge.decide import course, displacement, movement
from edge.decide.assignment import pair
from edge.decide.course import Course
from edge.decide.lines import Path
from edge.decide.movement import Change, Evidence
from edge.decide.silence import Told
from edge.decide.zones import Presence, foot
from edge.records import Box, TrackId
from imaging.boxes import iou, nms
from imaging.detections import Detections, FloatArray, IntArray

MAX_TRACKS = 64
"""Of one group. More things than this in one picture are a fault of the picture; the weakest are
not followed, and counted. A full car park takes no place from persons."""

CONFIRMED_AFTER = 3
"""Sightings: as many as the rules' vote is padded to. Until then a track is tentative."""

_MISSED_FRAMES = 2.5
"""Frame intervals that a track survives unseen: one missed frame and some irregularity."""

_INTERVALS = 5
"""The frame interval is the median of so many: a burst's pause or one stall does not count."""

_LONGEST_INTERVAL_S = 6.0
"""Slower than 0.2 fps nothing is followed from frame to frame: too much can happen in between."""

_GATE = 9.0
"""Squared distance in standard deviations up to which a detection may be the expected thing: of
Gaussian places in two dimensions 98.9 % lie within three."""

_LIKE_HEIGHT = 0.2
"""Standard deviation of the logarithm of a height between frames: jitter, bending, hidden feet."""

_HEIGHT_PER_S = 0.1
"""What approaching the camera adds to it per second: 1.4 m/s from 14 m away."""

_SAME_IOU = 0.6
"""Two boxes of one group that overlap this much show one thing; as in the networks' own NMS."""

_INSIDE = 0.85
_HALF = 0.5
"""A box of one group that lies in another of at most twice its size shows a part of it, as two
views of a frame bring about."""

_STAYS_IOU = 0.4
"""What has stood still is at its old place or unseen: a car does not get to its neighbour's place
between two frames, though the neighbour is as like as can be."""

_STILL = 0.1
"""In longer sides: less is jitter."""

_GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one frame said about a track."""

    label: str
    score: float
    moving: bool


Sight = tuple[Box, str, float, Evidence]
"""One detection, ready to go into a track: box, label, score, and how much it changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One thing over time. `box` is the detection of `seen_at_s`; `travelled` is the farthest its
    feet got from where they were first seen, in units of its height; `displaced` how far it got
    among the newest sights, in units of its longer side; `sightings` are counted without end,
    `votes` and the boxes `recent` are the newest; since `moving_since_s` the scene was seen to
    differ there in every one."""

    id: TrackId
    group: Group
    box: Box
    course: Course
    first_box: Box
    first_at_s: float
    seen_at_s: float
    travelled: float
    votes: tuple[Vote, ...]
    displaced: float = 0.0
    recent: tuple[Box, ...] = ()
    moving_since_s: float | None = None
    sightings: int = 1
    presences: tuple[Presence, ...] = ()
    path: Path = field(default_factory=Path)
    raised: int = 0
    told: tuple[Told, ...] = ()

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
        return self.sightings >= CONFIRMED_AFTER

    @property
    def roams(self) -> bool:
        """Whether it moved in any frame of the window; what did not is a thing that stands there,
        or that is yet to be seen moving."""
        return any(vote.moving for vote in self.votes)

    @property
    def stands(self) -> bool:
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
    """All things of one camera, the number for the next one, when its last frames came, and how
    many things of the newest frame had no place."""

    alive: tuple[Track, ...] = ()
    next_id: int = 1
    frames_at_s: tuple[float, ...] = ()
    refused: int = 0

    @property
    def interval_s(self) -> float:
        """The camera's usual time between frames; 0 while it is not known."""
        apart = [b - a for a, b in pairwise(self.frames_at_s) if b - a <= _LONGEST_INTERVAL_S]
        return median(apart) if apart else 0.0


def step(
    tracks: Tracks, found: Detections, change: Change, now: float, settings: Tracking
) -> Tracks:
    """The tracks after a frame that was looked at; those unseen for too long end."""
    tracks = expire(tracks, now, settings)
    found = one_per_thing(found)
    sights = _sights(found, change)
    awaited = tuple(course.ahead(t.course, t.height, t.group, now) for t in tracks.alive)
    pairs = _match(tracks.alive, awaited, found, now, settings)
    updated = tuple(
        _update(track, awaited[n], sights[pairs[n]], now, settings, change) if n in pairs else track
        for n, track in enumerate(tracks.alive)
    )
    matched = set(pairs.values())
    unmatched = [
        sight
        for row, sight in enumerate(sights)
        if row not in matched and sight[2] >= settings.begin_score
    ]
    fresh = _with_a_place(unmatched, updated)
    begun = tuple(_begin(TrackId(tracks.next_id + n), s, now) for n, s in enumerate(fresh))
    return replace(
        tracks,
        alive=updated + begun,
        next_id=tracks.next_id + len(begun),
        refused=len(unmatched) - len(fresh),
    )


def _with_a_place(sights: list[Sight], alive: tuple[Track, ...]) -> list[Sight]:
    """Those for which their group has a place left, the surest first (as detections come)."""
    places = dict.fromkeys(_GROUPS, MAX_TRACKS)
    for track in alive:
        places[track.group] -= 1
    fresh = []
    for sight in sights:
        group = group_of(sight[1])
        places[group] -= 1
        if places[group] >= 0:
            fresh.append(sight)
    return fresh


def expire(tracks: Tracks, now: float, settings: Tracking) -> Tracks:
    """The tracks at a frame at `now`, before or without a look at it: who was not seen for
    `max_gap_s`, or for more than one missed frame of a slower camera, is gone."""
    clocked = replace(tracks, frames_at_s=(*tracks.frames_at_s, now)[-_INTERVALS - 1 :])
    gap_s = max(settings.max_gap_s, _MISSED_FRAMES * clocked.interval_s)
    return replace(clocked, alive=tuple(t for t in tracks.alive if now - t.seen_at_s <= gap_s))


def expected(track: Track, now: float) -> Box:
    """Where the thing is believed to be at `now`: its last box, moved along its course."""
    return _moved(track.box, course.ahead(track.course, track.height, track.group, now).foot)


def _moved(box: Box, to: tuple[float, float]) -> Box:
    """The box with its feet there."""
    x, y = to
    x0, y0, x1, y1 = box
    across, along = x - (x0 + x1) / 2, y - y1
    return (x0 + across, y0 + along, x1 + across, y1 + along)


def one_per_thing(found: Detections) -> Detections:
    """The best detection of each thing: a car that is also called truck is one vehicle."""
    kinds = _numbers([group_of(label) for label in found.labels])
    found = found.take(nms(found.boxes, found.scores, kinds, _SAME_IOU, len(found)))
    return found if len(found) < 2 else found.take(np.flatnonzero(~_parts(found)))


def _parts(found: Detections) -> npt.NDArray[np.bool_]:
    """`(N,)` which boxes show a part of what a surer one of their group shows."""
    x0, y0, x1, y1 = found.boxes.T.astype(np.float64)
    area = np.maximum((x1 - x0) * (y1 - y0), 1e-6)
    wide = np.minimum(x1[:, None], x1) - np.maximum(x0[:, None], x0)
    high = np.minimum(y1[:, None], y1) - np.maximum(y0[:, None], y0)
    shared = np.maximum(wide, 0) * np.maximum(high, 0)
    kinds = _numbers([group_of(label) for label in found.labels])
    inside = shared >= _INSIDE * np.minimum(area[:, None], area)
    alike = np.minimum(area[:, None], area) >= _HALF * np.maximum(area[:, None], area)
    surer = found.scores[None, :] > found.scores[:, None]
    parts: npt.NDArray[np.bool_] = (inside & alike & surer & (kinds[:, None] == kinds)).any(axis=1)
    return parts


def _match(
    tracks: tuple[Track, ...],
    awaited: tuple[Course, ...],
    found: Detections,
    now: float,
    settings: Tracking,
) -> dict[int, int]:
    """Row of `found` per index of `tracks`: first among the strong, then the weak for the rest."""
    if not tracks or not len(found):
        return {}
    worth = _worth(tracks, awaited, found, now, settings)
    strong = found.scores >= settings.begin_score
    pairs = pair(worth * strong)
    rest = worth * ~strong
    rest[list(pairs)] = 0.0
    return pairs | pair(rest)


def _worth(
    tracks: tuple[Track, ...],
    awaited: tuple[Course, ...],
    found: Detections,
    now: float,
    settings: Tracking,
) -> npt.NDArray[np.float64]:
    """`(T, N)`: overlap plus likeliness where either passes its gate, else 0."""
    pairs = zip(tracks, awaited, strict=True)
    boxes = np.array([_moved(track.box, at.foot) for track, at in pairs], np.float32)
    overlap = iou(boxes, found.boxes)
    likely = _likely(tracks, awaited, found.boxes, now)
    groups = _numbers([track.group for track in tracks])
    same = groups[:, None] == _numbers([group_of(label) for label in found.labels])
    passes = same & ((overlap >= settings.min_iou) | (likely > 0))
    stands = np.array([track.stands for track in tracks])[:, None]
    passes &= ~stands | (overlap >= _STAYS_IOU)
    worth: npt.NDArray[np.float64] = (overlap + likely) * passes
    return worth


def _likely(
    tracks: tuple[Track, ...], awaited: tuple[Course, ...], boxes: FloatArray, now: float
) -> npt.NDArray[np.float64]:
    """`(T, N)` 1 where the feet are exactly where they are expected and the height is the same,
    falling to 0 at the gate: the distance in standard deviations, or the thing's fastest pace."""
    heights = np.array([t.height for t in tracks])
    gone_s = np.array([now - t.seen_at_s for t in tracks])
    last = np.array([t.course.foot for t in tracks])
    feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1).astype(np.float64)
    size = np.maximum(boxes[:, 3] - boxes[:, 1], 1.0)[None, :]

    scale = np.maximum(heights[:, None], size)
    variance = np.array([c.doubt[0] for c in awaited])[:, None] + (course.JITTER * scale) ** 2
    off = np.array([c.foot for c in awaited])[:, None] - feet[None]
    squared = (off**2).sum(axis=2) / variance
    spread = _LIKE_HEIGHT + _HEIGHT_PER_S * gone_s[:, None]
    squared += (np.log(size / heights[:, None]) / spread) ** 2

    most = np.array([course.PACES[t.group].most for t in tracks])
    reach = (3 * course.JITTER + most * gone_s)[:, None] * scale
    possible = np.hypot(*np.moveaxis(last[:, None] - feet[None], 2, 0)) <= reach
    likely: npt.NDArray[np.float64] = np.maximum(1 - squared / _GATE, 0) * possible
    return likely


def _numbers(groups: Sequence[Group]) -> IntArray:
    """The groups as numbers, for arrays to compare."""
    return np.array([_GROUPS.index(group) for group in groups], np.int64)


def _sights(found: Detections, change: Change) -> list[Sight]:
    """The rows of `found`, one by one."""
    boxes: list[Box] = [tuple(box) for box in found.boxes.tolist()]
    evidence = movement.judge(found, change)
    return list(zip(boxes, found.labels, found.scores.tolist(), evidence, strict=True))


def _begin(id_: TrackId, sight: Sight, now: float) -> Track:
    box, label, score, evidence = sight
    group = group_of(label)
    return Track(
        id=id_,
        group=group,
        box=box,
        course=course.begin(foot(box), max(box[3] - box[1], 1.0), group, now),
        first_box=box,
        first_at_s=now,
        seen_at_s=now,
        travelled=0.0,
        votes=(Vote(label=label, score=score, moving=evidence == "whole"),),
        recent=(box,),
    )


def _update(
    track: Track,
    awaited: Course,
    sight: Sight,
    now: float,
    settings: Tracking,
    change: Change,
) -> Track:
    box, label, score, evidence = sight
    gone = displacement.rigid(track.first_box, box, change.size)
    vote = Vote(label=label, score=score, moving=movement.moves(evidence, gone))
    height = max(box[3] - box[1], 1.0)
    travelled = math.dist(foot(box), foot(track.first_box)) / height
    since_s = now if track.moving_since_s is None else track.moving_since_s
    return replace(
        track,
        box=box,
        course=course.meet(awaited, foot(box), height),
        seen_at_s=max(now, track.seen_at_s),
        travelled=max(track.travelled, travelled),
        displaced=displacement.displaced(box, track.recent, change.size),
        recent=(*track.recent, box)[-settings.window :],
        moving_since_s=since_s if vote.moving and change.mask is not None else None,
        votes=(*track.votes, vote)[-settings.window :],
        sightings=track.sightings + 1,
    )
