"""How well identities were kept: switches, pieces, MOTA and IDF1 over labelled detections.

PURE. Every detection carries what it shows, so tracks and things are compared detection by
detection, with no matching of boxes in between. Called by the command line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment

from edge.config.schema import TrackingConfig
from edge.track.motion_verification import Foreground
from edge.track.track import Tracks
from edge.track.tracker import step
from imaging.detections import Detections
from tools.evaluation.tracking.scenes import TrackingScene

LEAST_SIGHTINGS = 3
"""A track of fewer detections is a whim of the network and counts as none, whoever made it."""

Ids = tuple[tuple[int | None, ...], ...]
"""Per frame and detection, in the scene's order, the number of its track; None: not followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityCounts:
    """Sums over scenes. `shown` detections show a thing, `followed` of them have a track, `false`
    detections that show nothing have one. A switch: a thing's track is another than before. A
    piece: each track of a thing beyond its first. `kept`: detections under the one track per thing,
    and thing per track, that explain most (IDTP of IDF1)."""

    shown: int = 0
    followed: int = 0
    false: int = 0
    switches: int = 0
    pieces: int = 0
    kept: int = 0

    def __add__(self, other: IdentityCounts) -> IdentityCounts:
        return IdentityCounts(
            shown=self.shown + other.shown,
            followed=self.followed + other.followed,
            false=self.false + other.false,
            switches=self.switches + other.switches,
            pieces=self.pieces + other.pieces,
            kept=self.kept + other.kept,
        )

    @property
    def mota(self) -> float:
        """1 - (missed + false + switches) / shown (Bernardin and Stiefelhagen, 2008)."""
        wrong = self.shown - self.followed + self.false + self.switches
        return 1 - wrong / max(self.shown, 1)

    @property
    def idf1(self) -> float:
        """Harmonic mean of identity precision and recall (Ristani et al., 2016)."""
        return 2 * self.kept / max(self.shown + self.followed + self.false, 1)


def count_identities(scene: TrackingScene, ids: Ids) -> IdentityCounts:
    """The figures of one scene, of which a tracker said `ids`."""
    rows = [
        (sighting.thing, track)
        for frame, numbers in zip(scene.frames, ids, strict=True)
        for sighting, track in zip(frame, numbers, strict=True)
    ]
    lengths = Counter(track for _, track in rows)
    rows = [(thing, None if lengths[track] < LEAST_SIGHTINGS else track) for thing, track in rows]
    courses: dict[int, list[int]] = {}
    for thing, track in rows:
        if thing is not None and track is not None:
            courses.setdefault(thing, []).append(track)
    return IdentityCounts(
        shown=sum(thing is not None for thing, _ in rows),
        followed=sum(len(trajectory) for trajectory in courses.values()),
        false=sum(thing is None and track is not None for thing, track in rows),
        switches=sum(_switches(trajectory) for trajectory in courses.values()),
        pieces=sum(len(set(trajectory)) - 1 for trajectory in courses.values()),
        kept=_kept((thing, track) for thing, track in rows if None not in (thing, track)),
    )


def _switches(trajectory: Sequence[int]) -> int:
    return sum(a != b for a, b in pairwise(trajectory))


def _kept(pairs: Iterable[tuple[int | None, int | None]]) -> int:
    together = Counter(pairs)
    things = {thing: n for n, thing in enumerate(dict.fromkeys(a for a, _ in together))}
    tracks = {track: n for n, track in enumerate(dict.fromkeys(b for _, b in together))}
    counts = np.zeros((len(things), len(tracks)), np.int64)
    for (thing, track), count in together.items():
        counts[things[thing], tracks[track]] = count
    chosen = linear_sum_assignment(-counts)
    return int(counts[chosen].sum())


def follow(scene: TrackingScene, settings: TrackingConfig) -> Ids:
    """The numbers that the tracker gives to the scene's detections."""
    tracks, ids = Tracks(), []
    for number, frame in enumerate(scene.frames):
        found = Detections(
            boxes=np.array([s.box for s in frame], np.float32).reshape(-1, 4),
            scores=np.array([s.score for s in frame], np.float32),
            labels=tuple(s.label for s in frame),
        )
        now = number / scene.fps
        tracks = step(tracks, found, Foreground(), now, settings)
        named = {t.box: int(t.id) for t in tracks.alive if t.seen_at_s == now}
        ids.append(tuple(named.get(_box(row)) for row in found.boxes.tolist()))
    return tuple(ids)


def _box(row: list[float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = row
    return x0, y0, x1, y1
