"""Which detections of successive frames are the same object?

PURE. A track is expected where its filter predicts it (`kalman`) and takes the detection that lies
there: near in feet, in units of the object's height and of the variance that grows while nobody
looks, within what such an object can walk or drive in the time, of like height, or overlapping the
expected box; and only within one group of labels (a car that is called truck for a frame stays
itself). All pairs of a frame are chosen together (`assignment`). Weak detections continue tracks
and begin none (ByteTrack: Zhang et al., 2022). All times are monotonic seconds, all boxes xyxy in
pixels of the original frame. Called once per analysed frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from contract.labels import Group, group_of
from edge.config.schema import TrackingConfig
from edge.records import TrackId
from edge.track import displacement, kalman, motion_verification
from edge.track.assignment import assign
from edge.track.kalman import KalmanState
from edge.track.motion_verification import Foreground, MotionExtent
from edge.track.track import Track, Tracks, Vote
from imaging.boxes import iou, nms
from imaging.detections import Detections, FloatArray, IntArray
from imaging.polygons import Box, foot

MAX_TRACKS = 64
"""Of one group. More objects than this in one picture are a fault of the picture; the weakest are
not followed, and counted. A full car park takes none from persons."""


_MISSED_FRAMES = 2.5
"""Frame intervals that a track survives unseen: one missed frame and some irregularity."""

_INTERVALS = 5
"""The frame interval is the median of so many: a burst's pause or one stall does not count."""


_GATE = 9.0
"""Squared distance in standard deviations up to which a detection may be the expected object: of
Gaussian places in two dimensions 98.9 % lie within three."""

_LIKE_HEIGHT = 0.2
"""Standard deviation of the logarithm of a height between frames: jitter, bending, hidden feet."""

_HEIGHT_PER_S = 0.1
"""What approaching the camera adds to it per second: 1.4 m/s from 14 m away."""

_SAME_IOU = 0.6
"""Two boxes of one group that overlap this much show one object; as in the networks' own NMS."""

_INSIDE = 0.85
_HALF = 0.5
"""A box of one group that lies in another of at most twice its size shows a part of it, as two
views of a frame bring about."""

_STAYS_IOU = 0.4
"""What has stood still is at its old place or unseen: a car does not get to its neighbour's place
between two frames, though the neighbour is as like as can be."""


_GROUPS: tuple[Group, ...] = get_args(Group)


Observation = tuple[Box, str, float, MotionExtent]
"""One detection, ready to go into a track: box, label, score, and how much it changed."""


def step(
    tracks: Tracks, found: Detections, foreground: Foreground, now: float, settings: TrackingConfig
) -> Tracks:
    """The tracks after a frame in which the detector ran; those unseen for too long end."""
    tracks = expire(tracks, now, settings)
    found = one_per_object(found)
    observations = _observations(found, foreground)
    predicted = tuple(kalman.predict(t.kalman_state, t.height, t.group, now) for t in tracks.alive)
    pairs = _match(tracks.alive, predicted, found, now, settings)
    updated = tuple(
        _update(track, predicted[n], observations[pairs[n]], now, settings, foreground)
        if n in pairs
        else track
        for n, track in enumerate(tracks.alive)
    )
    matched = set(pairs.values())
    unmatched = [
        observation
        for row, observation in enumerate(observations)
        if row not in matched and observation[2] >= settings.begin_score
    ]
    fresh = _within_limit(unmatched, updated)
    begun = tuple(_begin(TrackId(tracks.next_id + n), s, now) for n, s in enumerate(fresh))
    return replace(
        tracks,
        alive=updated + begun,
        next_id=tracks.next_id + len(begun),
        over_limit=len(unmatched) - len(fresh),
    )


def _within_limit(observations: list[Observation], alive: tuple[Track, ...]) -> list[Observation]:
    """Those that `MAX_TRACKS` of their group leaves room for, the surest first (as detections
    come)."""
    free = dict.fromkeys(_GROUPS, MAX_TRACKS)
    for track in alive:
        free[track.group] -= 1
    fresh = []
    for observation in observations:
        group = group_of(observation[1])
        free[group] -= 1
        if free[group] >= 0:
            fresh.append(observation)
    return fresh


def expire(tracks: Tracks, now: float, settings: TrackingConfig) -> Tracks:
    """The tracks at a frame at `now`, before or without a detection in it: who was not seen for
    `max_gap_s`, or for more than one missed frame of a slower camera, is gone."""
    clocked = replace(tracks, frames_at_s=(*tracks.frames_at_s, now)[-_INTERVALS - 1 :])
    gap_s = max(settings.max_gap_s, _MISSED_FRAMES * clocked.interval_s)
    return replace(clocked, alive=tuple(t for t in tracks.alive if now - t.seen_at_s <= gap_s))


def expected(tracks: Tracks, now: float) -> tuple[Box, ...]:
    """Where the tracks that move are expected at `now`.

    A track that did not move in any of its last votes is an object that stands there: the rules
    want nothing of it before it moves, and then the gate points at it. To look for it would only
    take the turns of what does move, and keep a mistake of the network alive.
    """
    return tuple(_expected(track, now) for track in tracks.alive if track.moving)


def _expected(track: Track, now: float) -> Box:
    """The track's last box, moved to where its filter predicts it."""
    return _moved(
        track.box, kalman.predict(track.kalman_state, track.height, track.group, now).foot
    )


def _moved(box: Box, to: tuple[float, float]) -> Box:
    """The box with its feet there."""
    x, y = to
    x0, y0, x1, y1 = box
    across, along = x - (x0 + x1) / 2, y - y1
    return (x0 + across, y0 + along, x1 + across, y1 + along)


def one_per_object(found: Detections) -> Detections:
    """The best detection of each object: a car that is also called truck is one vehicle."""
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
    predicted: tuple[KalmanState, ...],
    found: Detections,
    now: float,
    settings: TrackingConfig,
) -> dict[int, int]:
    """Row of `found` per index of `tracks`: first among the strong, then the weak for the rest."""
    if not tracks or not len(found):
        return {}
    similarity = _similarity(tracks, predicted, found, now, settings)
    strong = found.scores >= settings.begin_score
    pairs = assign(similarity * strong)
    rest = similarity * ~strong
    rest[list(pairs)] = 0.0
    return pairs | assign(rest)


def _similarity(
    tracks: tuple[Track, ...],
    predicted: tuple[KalmanState, ...],
    found: Detections,
    now: float,
    settings: TrackingConfig,
) -> npt.NDArray[np.float64]:
    """`(T, N)`: overlap plus likelihood where either passes its gate, else 0."""
    pairs = zip(tracks, predicted, strict=True)
    boxes = np.array([_moved(track.box, at.foot) for track, at in pairs], np.float32)
    overlap = iou(boxes, found.boxes)
    likelihood = _likelihood(tracks, predicted, found.boxes, now)
    groups = _numbers([track.group for track in tracks])
    same = groups[:, None] == _numbers([group_of(label) for label in found.labels])
    passes = same & ((overlap >= settings.min_iou) | (likelihood > 0))
    parked = np.array([track.parked for track in tracks])[:, None]
    passes &= ~parked | (overlap >= _STAYS_IOU)
    similarity: npt.NDArray[np.float64] = (overlap + likelihood) * passes
    return similarity


def _likelihood(
    tracks: tuple[Track, ...], predicted: tuple[KalmanState, ...], boxes: FloatArray, now: float
) -> npt.NDArray[np.float64]:
    """`(T, N)` 1 where the feet are exactly where they are expected and the height is the same,
    falling to 0 at the gate: the distance in standard deviations, or the object's highest speed."""
    heights = np.array([t.height for t in tracks])
    gone_s = np.array([now - t.seen_at_s for t in tracks])
    last = np.array([t.kalman_state.foot for t in tracks])
    feet = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1).astype(np.float64)
    size = np.maximum(boxes[:, 3] - boxes[:, 1], 1.0)[None, :]

    scale = np.maximum(heights[:, None], size)
    variance = (
        np.array([c.covariance[0] for c in predicted])[:, None] + (kalman.JITTER * scale) ** 2
    )
    off = np.array([c.foot for c in predicted])[:, None] - feet[None]
    squared = (off**2).sum(axis=2) / variance
    spread = _LIKE_HEIGHT + _HEIGHT_PER_S * gone_s[:, None]
    squared += (np.log(size / heights[:, None]) / spread) ** 2

    most = np.array([kalman.SPEED_PRIORS[t.group].most for t in tracks])
    reach = (3 * kalman.JITTER + most * gone_s)[:, None] * scale
    possible = np.hypot(*np.moveaxis(last[:, None] - feet[None], 2, 0)) <= reach
    likelihood: npt.NDArray[np.float64] = np.maximum(1 - squared / _GATE, 0) * possible
    return likelihood


def _numbers(groups: Sequence[Group]) -> IntArray:
    """The groups as numbers, for arrays to compare."""
    return np.array([_GROUPS.index(group) for group in groups], np.int64)


def _observations(found: Detections, foreground: Foreground) -> list[Observation]:
    """The rows of `found`, one by one."""
    boxes: list[Box] = [tuple(box) for box in found.boxes.tolist()]
    extent = motion_verification.verify(found, foreground)
    return list(zip(boxes, found.labels, found.scores.tolist(), extent, strict=True))


def _begin(id_: TrackId, observation: Observation, now: float) -> Track:
    box, label, score, extent = observation
    group = group_of(label)
    return Track(
        id=id_,
        group=group,
        box=box,
        kalman_state=kalman.begin(foot(box), max(box[3] - box[1], 1.0), group, now),
        first_box=box,
        first_at_s=now,
        seen_at_s=now,
        travelled=0.0,
        votes=(Vote(label=label, score=score, moving=extent == "whole"),),
        recent=(box,),
    )


def _update(
    track: Track,
    predicted: KalmanState,
    observation: Observation,
    now: float,
    settings: TrackingConfig,
    foreground: Foreground,
) -> Track:
    box, label, score, extent = observation
    moved_by = displacement.rigid_shift(track.first_box, box, foreground.size)
    vote = Vote(label=label, score=score, moving=motion_verification.moves(extent, moved_by))
    height = max(box[3] - box[1], 1.0)
    travelled = math.dist(foot(box), foot(track.first_box)) / height
    since_s = now if track.moving_since_s is None else track.moving_since_s
    return replace(
        track,
        box=box,
        kalman_state=kalman.update(predicted, foot(box), height),
        seen_at_s=max(now, track.seen_at_s),
        travelled=max(track.travelled, travelled),
        displaced=displacement.displaced(box, track.recent, foreground.size),
        recent=(*track.recent, box)[-settings.window :],
        moving_since_s=since_s if vote.moving and foreground.mask is not None else None,
        votes=(*track.votes, vote)[-settings.window :],
        hits=track.hits + 1,
    )
