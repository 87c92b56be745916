"""The shipped tracker over a scene. PURE."""

from __future__ import annotations

import numpy as np

from edge.config.schema import Tracking
from edge.track.motion_verification import Change
from edge.track.track import Tracks
from edge.track.tracker import step
from imaging.detections import Detections
from tools.evaluation.tracking.metrics import Ids
from tools.evaluation.tracking.scenes import TrackingScene


def follow(scene: TrackingScene, settings: Tracking) -> Ids:
    """The numbers that the tracker gives to the scene's detections."""
    tracks, ids = Tracks(), []
    for number, frame in enumerate(scene.frames):
        found = Detections(
            boxes=np.array([s.box for s in frame], np.float32).reshape(-1, 4),
            scores=np.array([s.score for s in frame], np.float32),
            labels=tuple(s.label for s in frame),
        )
        now = number / scene.fps
        tracks = step(tracks, found, Change(), now, settings)
        named = {t.box: int(t.id) for t in tracks.alive if t.seen_at_s == now}
        ids.append(tuple(named.get(_box(row)) for row in found.boxes.tolist()))
    return tuple(ids)


def _box(row: list[float]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = row
    return x0, y0, x1, y1
