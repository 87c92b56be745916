"""Well-known trackers over scenes: reads scenes as JSON on stdin, writes track numbers on stdout.

Runs in an environment of its own (`requirements/oracle.lock`), so nothing of ours is imported here
and nothing of theirs elsewhere. Both know the frame rate and may coast as long as ours does by
default; norfair compares feet and size as Frigate does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import norfair
import numpy as np
import supervision
from trackers import ByteTrackTracker

COASTS_S = 1.5
BEGINS = 0.3
"""As ours by default: how long a lost track goes on, and from which score one begins."""

BoxRow = tuple[float, float, float, float, float]
"""A box and its score."""

FrameRows = list[BoxRow]
TrackNumbers = list[int | None]


def _feet_and_size(detection: norfair.Detection, tracked: norfair.tracker.TrackedObject) -> float:
    """Distance of the feet in sizes of the estimate, with the change of size."""
    (x0, y0), (x1, y1) = tracked.estimate
    (a0, b0), (a1, b1) = detection.points
    wide, high = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    across = ((a0 + a1) - (x0 + x1)) / 2 / wide
    along = (b1 - y1) / high
    broader = _ratio(a1 - a0, wide) - 1
    taller = _ratio(b1 - b0, high) - 1
    return float(np.linalg.norm([across, along, broader, taller]))


def _ratio(a: float, b: float) -> float:
    return max(a, b) / max(min(a, b), 1.0)


def norfair_ids(frames: list[FrameRows], fps: float) -> list[TrackNumbers]:
    patience = max(3, round(COASTS_S * fps))
    tracker = norfair.Tracker(
        distance_function=_feet_and_size,
        distance_threshold=2.5,
        initialization_delay=0,
        hit_counter_max=patience,
    )
    numbered = []
    for frame in frames:
        detections = [
            norfair.Detection(points=np.array([[x0, y0], [x1, y1]]), data=row)
            for row, (x0, y0, x1, y1, _) in enumerate(frame)
        ]
        numbers: TrackNumbers = [None] * len(frame)
        for tracked in tracker.update(detections=detections):
            if tracked.last_detection in detections:
                numbers[tracked.last_detection.data] = tracked.id
        numbered.append(numbers)
    return numbered


def bytetrack_ids(frames: list[FrameRows], fps: float) -> list[TrackNumbers]:
    tracker = ByteTrackTracker(
        lost_track_buffer=max(3, round(COASTS_S * 30)),
        frame_rate=max(fps, 2.0),
        track_activation_threshold=BEGINS,
        high_conf_det_threshold=BEGINS,
        minimum_consecutive_frames=1,
        minimum_iou_threshold=0.1,
    )
    numbered = []
    for frame in frames:
        rows = np.array(frame, np.float64).reshape(-1, 5)
        found = tracker.update(
            supervision.Detections(
                xyxy=rows[:, :4],
                confidence=rows[:, 4],
                class_id=np.zeros(len(rows), int),
                data={"row": np.arange(len(rows))},
            )
        )
        numbers: TrackNumbers = [None] * len(frame)
        for row, number in zip(found.data.get("row", ()), found.tracker_id, strict=True):
            numbers[int(row)] = int(number) if number >= 0 else None
        numbered.append(numbers)
    return numbered


TRACKERS: dict[str, Callable[[list[FrameRows], float], list[TrackNumbers]]] = {
    "norfair": norfair_ids,
    "bytetrack": bytetrack_ids,
}


def main() -> None:
    scenes = json.load(sys.stdin)
    answers = {
        name: [follow(scene["frames"], scene["fps"]) for scene in scenes]
        for name, follow in TRACKERS.items()
    }
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
