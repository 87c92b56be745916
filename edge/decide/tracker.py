"""Which detections of successive frames are the same thing?

PURE. Tracks move with constant velocity and are matched by overlap with their predicted box or by
the distance of the feet in units of the box's height, best pair first, only within one group of
labels (a car that is called truck for a frame stays itself). All times are monotonic seconds, all
boxes xyxy in pixels of the original frame. Called once per analysed frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from contract.labels import Group, group_of
from edge.config.schema import Tracking
from edge.decide.zones import Presence, foot
from edge.records import Box, TrackId
from imaging.boxes import iou
from imaging.detections import Detections, FloatArray

MAX_TRACKS = 64
"""More things than this in one picture are a fault of the picture; the weakest are not followed."""

_FOOT_REACH = 0.6
"""A walker at 1.5 m/s and 2 fps moves 0.75 m between frames: under half of the own height."""

_MOVING_SHARE = 0.15
"""Share of a box that must lie in moving regions for the thing to count as moving."""

_SAME_IOU = 0.6
"""Two boxes of one group that overlap this much show one thing; as in the networks' own NMS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What one frame said about a track."""

    label: str
    score: float
    moving: bool


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
    raised: int = 0
    silent_until_s: float = float("-inf")

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
    tracks: Tracks, found: Detections, regions: tuple[Box, ...], now: float, settings: Tracking
) -> Tracks:
    """The tracks after a frame that was looked at; those unseen for `max_gap_s` end."""
    kept = tuple(t for t in tracks.alive if now - t.seen_at_s <= settings.max_gap_s)
    found = one_per_thing(found)
    pairs = _match(kept, found, now, settings)
    moving = _moving(found.boxes, regions)
    updated = tuple(
        _update(track, found, pairs[n], moving, now, settings) if n in pairs else track
        for n, track in enumerate(kept)
    )
    fresh_rows = [row for row in range(len(found)) if row not in set(pairs.values())]
    room = max(0, MAX_TRACKS - len(updated))
    fresh = tuple(
        _begin(TrackId(tracks.next_id + n), found, row, moving, now)
        for n, row in enumerate(fresh_rows[:room])
    )
    return Tracks(alive=updated + fresh, next_id=tracks.next_id + len(fresh))


def one_per_thing(found: Detections) -> Detections:
    """The best detection of each thing: a car that is also called truck is one vehicle."""
    groups = np.array([group_of(label) for label in found.labels])
    kept: list[int] = []
    overlaps = iou(found.boxes, found.boxes)
    for row in range(len(found)):
        rivals = [k for k in kept if groups[k] == groups[row] and overlaps[k, row] > _SAME_IOU]
        if not rivals:
            kept.append(row)
    return found.take(np.array(kept, np.int64))


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
    pairs: dict[int, int] = {}
    while closeness.max() > 0.0:
        n, row = (int(k) for k in np.unravel_index(int(closeness.argmax()), closeness.shape))
        pairs[n] = row
        closeness[n, :] = 0.0
        closeness[:, row] = 0.0
    return pairs


def _closeness(
    tracks: tuple[Track, ...], found: Detections, now: float, settings: Tracking
) -> FloatArray:
    """`(T, N)`: overlap plus nearness of the feet where either passes its gate, else 0."""
    predicted = np.array([_predict(track, now) for track in tracks], np.float32)
    overlap = iou(predicted, found.boxes)
    reach = _foot_distance(predicted, found.boxes)
    closeness = overlap + np.clip(1.0 - reach, 0.0, 1.0)
    closeness[(overlap < settings.min_iou) & (reach > _FOOT_REACH)] = 0.0
    groups = [group_of(label) for label in found.labels]
    same = [[track.group == group for group in groups] for track in tracks]
    closeness[~np.array(same, bool)] = 0.0
    return np.asarray(closeness, np.float32)


def _predict(track: Track, now: float) -> Box:
    elapsed = now - track.seen_at_s
    dx, dy = track.velocity[0] * elapsed, track.velocity[1] * elapsed
    x0, y0, x1, y1 = track.box
    return (x0 + dx, y0 + dy, x1 + dx, y1 + dy)


def _foot_distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """`(T, N)` distance of the feet in units of the larger box's height."""
    feet_a = np.stack([(a[:, 0] + a[:, 2]) / 2, a[:, 3]], axis=1)
    feet_b = np.stack([(b[:, 0] + b[:, 2]) / 2, b[:, 3]], axis=1)
    distance = np.linalg.norm(feet_a[:, None] - feet_b[None], axis=2)
    height = np.maximum((a[:, 3] - a[:, 1])[:, None], (b[:, 3] - b[:, 1])[None])
    return np.asarray(distance / np.maximum(height, 1.0), np.float32)


def _moving(boxes: FloatArray, regions: tuple[Box, ...]) -> list[bool]:
    """Per box: do moving regions cover `_MOVING_SHARE` of it?"""
    if not len(boxes) or not regions:
        return [False] * len(boxes)
    areas = np.array(regions, np.float32)
    left_top = np.maximum(boxes[:, None, :2], areas[None, :, :2])
    right_bottom = np.minimum(boxes[:, None, 2:], areas[None, :, 2:])
    shared = np.prod(np.clip(right_bottom - left_top, 0, None), axis=2).sum(axis=1)
    own = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return [bool(share >= _MOVING_SHARE) for share in shared / np.maximum(own, 1.0)]


def _row_box(found: Detections, row: int) -> Box:
    x0, y0, x1, y1 = (float(value) for value in found.boxes[row])
    return (x0, y0, x1, y1)


def _begin(id_: TrackId, found: Detections, row: int, moving: list[bool], now: float) -> Track:
    box = _row_box(found, row)
    label = found.labels[row]
    vote = Vote(label=label, score=float(found.scores[row]), moving=moving[row])
    return Track(
        id=id_,
        group=group_of(label),
        box=box,
        velocity=(0.0, 0.0),
        first_foot=foot(box),
        first_at_s=now,
        seen_at_s=now,
        travelled=0.0,
        votes=(vote,),
    )


def _update(
    track: Track, found: Detections, row: int, moving: list[bool], now: float, settings: Tracking
) -> Track:
    box = _row_box(found, row)
    vote = Vote(label=found.labels[row], score=float(found.scores[row]), moving=moving[row])
    (fx, fy), (ox, oy) = foot(box), track.first_foot
    height = max(box[3] - box[1], 1.0)
    travelled = float(np.hypot(fx - ox, fy - oy)) / height
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
    old = ((track.box[0] + track.box[2]) / 2, (track.box[1] + track.box[3]) / 2)
    new = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    vx, vy = ((b - a) / elapsed for a, b in zip(old, new, strict=True))
    return ((track.velocity[0] + vx) / 2, (track.velocity[1] + vy) / 2)
