"""Which detections of successive frames are the same thing?

PURE. Tracks move with constant velocity and are matched by overlap with their predicted box or by
the distance of the feet in units of the box's height, best pair first, only within one group of
labels (a car that is called truck for a frame stays itself). All times are monotonic seconds, all
boxes xyxy in pixels of the original frame. Called once per analysed frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from contract.labels import Group, group_of
from edge.config.schema import Tracking
from edge.decide import movement
from edge.decide.lines import Path
from edge.decide.movement import Change, Evidence
from edge.decide.silence import Told
from edge.decide.zones import Presence, foot
from edge.records import Box, TrackId
from imaging.boxes import iou, nms
from imaging.detections import Detections, FloatArray, IntArray

MAX_TRACKS = 64
"""More things than this in one picture are a fault of the picture; the weakest are not followed."""

_FOOT_REACH = 0.6
"""A walker at 1.5 m/s and 2 fps moves 0.75 m between frames: under half of the own height."""

_SAME_IOU = 0.6
"""Two boxes of one group that overlap this much show one thing; as in the networks' own NMS."""

_GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one frame said about a track."""

    label: str
    score: float
    moving: bool


Sight = tuple[Box, Vote, Evidence]
"""One detection, ready to go into a track, and how much it changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One thing over time. `travelled` is the farthest its feet got from where they were first
    seen, in units of its height; `velocity` is of the box's centre in pixels per second."""

    id: TrackId
    group: Group
    box: Box
    velocity: tuple[float, float]
    first_foot: tuple[float, float]
    first_at_s: float
    seen_at_s: float
    travelled: float
    votes: tuple[Vote, ...]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """All things of one camera and the number for the next one."""

    alive: tuple[Track, ...] = ()
    next_id: int = 1


def step(
    tracks: Tracks, found: Detections, change: Change, now: float, settings: Tracking
) -> Tracks:
    """The tracks after a frame that was looked at; those unseen for `max_gap_s` end."""
    kept = tuple(t for t in tracks.alive if now - t.seen_at_s <= settings.max_gap_s)
    found = one_per_thing(found)
    sights = _sights(found, change)
    pairs = _match(kept, found, now, settings)
    updated = tuple(
        _update(track, sights[pairs[n]], now, settings) if n in pairs else track
        for n, track in enumerate(kept)
    )
    matched = set(pairs.values())
    unmatched = [sight for row, sight in enumerate(sights) if row not in matched]
    room = max(0, MAX_TRACKS - len(updated))
    fresh = tuple(
        _begin(TrackId(tracks.next_id + n), sight, now) for n, sight in enumerate(unmatched[:room])
    )
    return Tracks(alive=updated + fresh, next_id=tracks.next_id + len(fresh))


def one_per_thing(found: Detections) -> Detections:
    """The best detection of each thing: a car that is also called truck is one vehicle."""
    kinds = _numbers([group_of(label) for label in found.labels])
    return found.take(nms(found.boxes, found.scores, kinds, _SAME_IOU, len(found)))


def expire(tracks: Tracks, now: float, settings: Tracking) -> Tracks:
    """The tracks after a frame that was not looked at."""
    kept = tuple(t for t in tracks.alive if now - t.seen_at_s <= settings.max_gap_s)
    return tracks if len(kept) == len(tracks.alive) else replace(tracks, alive=kept)


def _match(
    tracks: tuple[Track, ...], found: Detections, now: float, settings: Tracking
) -> dict[int, int]:
    """Row of `found` per index of `tracks`: greedy, closest pair first."""
    if not tracks or not len(found):
        return {}
    closeness = _closeness(tracks, found, now, settings)
    ranked = (-closeness).argsort(axis=None, kind="stable")[: np.count_nonzero(closeness)]
    rows: dict[int, int] = {}
    for n, row in (divmod(place, len(found)) for place in ranked.tolist()):
        if n not in rows and row not in rows.values():
            rows[n] = row
    return rows


def _closeness(
    tracks: tuple[Track, ...], found: Detections, now: float, settings: Tracking
) -> FloatArray:
    """`(T, N)`: overlap plus nearness of the feet where either passes its gate, else 0."""
    predicted = np.array([_predict(track, now) for track in tracks], np.float32)
    overlap = iou(predicted, found.boxes)
    reach = _foot_distance(predicted, found.boxes)
    near = (overlap >= settings.min_iou) | (reach <= _FOOT_REACH)
    groups = _numbers([track.group for track in tracks])
    same = groups[:, None] == _numbers([group_of(label) for label in found.labels])
    closeness: FloatArray = (overlap + np.maximum(1 - reach, 0)) * (near & same)
    return closeness


def _predict(track: Track, now: float) -> Box:
    elapsed = now - track.seen_at_s
    dx, dy = track.velocity[0] * elapsed, track.velocity[1] * elapsed
    x0, y0, x1, y1 = track.box
    return (x0 + dx, y0 + dy, x1 + dx, y1 + dy)


def _foot_distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """`(T, N)` distance of the feet in units of the larger box's height."""
    across = (a[:, None, 0] + a[:, None, 2] - b[:, 0] - b[:, 2]) / 2
    along = a[:, None, 3] - b[:, 3]
    height = np.maximum(a[:, None, 3] - a[:, None, 1], b[:, 3] - b[:, 1])
    distance: FloatArray = np.hypot(across, along) / np.maximum(height, 1)
    return distance


def _numbers(groups: Sequence[Group]) -> IntArray:
    """The groups as numbers, for arrays to compare."""
    return np.array([_GROUPS.index(group) for group in groups], np.int64)


def _sights(found: Detections, change: Change) -> list[Sight]:
    """The rows of `found`, one by one."""
    return [
        (tuple(box), Vote(label=label, score=score, moving=evidence == "whole"), evidence)
        for box, label, score, evidence in zip(
            found.boxes.tolist(),
            found.labels,
            found.scores.tolist(),
            movement.judge(found, change),
            strict=True,
        )
    ]


def _begin(id_: TrackId, sight: Sight, now: float) -> Track:
    box, vote, _ = sight
    return Track(
        id=id_,
        group=group_of(vote.label),
        box=box,
        velocity=(0.0, 0.0),
        first_foot=foot(box),
        first_at_s=now,
        seen_at_s=now,
        travelled=0.0,
        votes=(vote,),
    )


def _update(track: Track, sight: Sight, now: float, settings: Tracking) -> Track:
    box, vote, evidence = sight
    vote = replace(vote, moving=movement.moves(evidence, track.first_foot, box))
    height = max(box[3] - box[1], 1.0)
    travelled = math.dist(foot(box), track.first_foot) / height
    return replace(
        track,
        box=box,
        velocity=_velocity(track, box, now),
        seen_at_s=now,
        travelled=max(track.travelled, travelled),
        votes=(*track.votes, vote)[-settings.window :],
    )


def _velocity(track: Track, box: Box, now: float) -> tuple[float, float]:
    """Half the newly measured speed, half the old: one jittering box does not throw a track."""
    elapsed = max(now - track.seen_at_s, 1e-3)
    (x0, y0, x1, y1), (old_x0, old_y0, old_x1, old_y1) = box, track.box
    vx = (x0 + x1 - old_x0 - old_x1) / 2 / elapsed
    vy = (y0 + y1 - old_y0 - old_y1) / 2 / elapsed
    return (track.velocity[0] + vx) / 2, (track.velocity[1] + vy) / 2
