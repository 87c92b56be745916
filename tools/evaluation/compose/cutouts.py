"""Real walking people, cut out of a recording of a fixed camera by their difference from the empty
scene.

PURE. Taken are blobs that stand alone, clear of the border, of a person's proportions, followed
from frame to frame. No detector has a say, which would keep only the people that detectors like.
Called by `materials`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import cv2
import numpy as np
import numpy.typing as npt

from imaging.detections import Image

CHANGED_LEVELS = 22
"""Grey levels from the empty scene, after smoothing; over four sigma of the recording's noise."""
SHAPE_LEVELS = 40
"""Beyond the seams of about 30 levels that the recording's sharpening draws round people."""
RATIOS = (1.9, 4.2)
"""Height per width of an upright walker: 1.9 at full stride, 4.2 seen from the side or behind."""
MIN_FILL = 0.45
"""Share of its box that a person covers; less is a tripod or a shadow."""
MIN_HEIGHT_PX = 80
"""Smaller people would have to be enlarged to fill the tallest band, and blur."""
WHOLE = 0.08
"""A cut-out whose height differs by more from the person's median has lost head or feet."""
COVERED = 127
"""A pixel belongs to a thing from more than half of its cover on."""
MIN_FRAMES = 12
"""More than two seconds at 5 frames/s: both steps of a walk."""
MAX_FRAMES = 24
_BORDER_PX = 4
_CLOSE = np.ones((9, 5), np.uint8)
_OPEN = np.ones((3, 3), np.uint8)

CutoutMask = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Cutout:
    """A person in one frame: `colour` (h, w, 3) BGR and `cover` (h, w) 0..255; tight to the box."""

    colour: Image
    cover: CutoutMask


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCutouts:
    """The same person over successive frames at `fps`; `rightwards` if they walk to the right.

    `ground` is the brightness (0..255) of the scene that they were cut from.
    """

    frames: tuple[Cutout, ...]
    fps: float
    rightwards: bool
    ground: float


@dataclass(frozen=True, slots=True)
class _Blob:
    frame: int
    x: int
    y: int
    width: int
    height: int
    area: int

    def follows(self, other: _Blob) -> bool:
        """Whether this may be `other`, one frame later: feet and size hardly moved."""
        h = other.height
        return (
            abs(self.x + self.width / 2 - other.x - other.width / 2) < 0.45 * h
            and abs(self.y + self.height - other.y - h) < 0.2 * h
            and abs(self.height - h) < 0.12 * h
            and 0.65 < self.area / other.area < 1.5
        )


def people(recording: Sequence[Image], background: Image, fps: float) -> tuple[PersonCutouts, ...]:
    """Everyone who walks alone through the recording, longest seen first."""
    tracks = [track for track in _tracks(recording, background) if len(track) >= MIN_FRAMES]
    tracks.sort(key=lambda track: (-len(track), track[0].frame, track[0].x))
    ground = float(background.mean())
    return tuple(_person(track, recording, background, fps, ground) for track in tracks)


def _tracks(recording: Sequence[Image], background: Image) -> list[list[_Blob]]:
    tracks: list[list[_Blob]] = []
    alive: list[list[_Blob]] = []
    for number, frame in enumerate(recording):
        going: list[list[_Blob]] = []
        for blob in _blobs(number, _changed(frame, background)):
            track = next((t for t in alive if blob.follows(t[-1])), None)
            if track is None:
                track = []
                tracks.append(track)
            else:
                alive.remove(track)
            track.append(blob)
            going.append(track)
        alive = going
    return tracks


def _changed(frame: Image, background: Image) -> CutoutMask:
    difference = cv2.GaussianBlur(cv2.absdiff(frame, background).max(axis=2), (0, 0), 1.2)
    mask = cv2.compare(difference, np.full_like(difference, CHANGED_LEVELS), cv2.CMP_GT)
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _CLOSE)
    return np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, _OPEN), np.uint8)


def _blobs(number: int, mask: CutoutMask) -> list[_Blob]:
    height, width = mask.shape
    _, _, rows, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    return [
        _Blob(number, *(int(value) for value in row))
        for row in rows[1:]
        if _is_person(row) and _is_clear(row, width, height)
    ]


def _is_person(row: npt.NDArray[np.int32]) -> bool:
    _, _, w, h, area = row
    return bool(h >= MIN_HEIGHT_PX and RATIOS[0] <= h / w <= RATIOS[1] and area >= MIN_FILL * w * h)


def _is_clear(row: npt.NDArray[np.int32], width: int, height: int) -> bool:
    x, y, w, h, _ = row
    return bool(
        min(x, y) >= _BORDER_PX and x + w <= width - _BORDER_PX and y + h <= height - _BORDER_PX
    )


def _person(
    track: list[_Blob], recording: Sequence[Image], background: Image, fps: float, ground: float
) -> PersonCutouts:
    kept = track[:MAX_FRAMES]
    cut = [_cutout(blob, recording[blob.frame], background) for blob in kept]
    height = median(cutout.cover.shape[0] for cutout in cut)
    whole = tuple(c for c in cut if abs(c.cover.shape[0] / height - 1) < WHOLE)
    return PersonCutouts(frames=whole, fps=fps, rightwards=kept[-1].x >= kept[0].x, ground=ground)


def _cutout(blob: _Blob, frame: Image, background: Image) -> Cutout:
    """The blob's own pixels: holes filled, the rim of ground cut off, the edge soft."""
    rows, columns = _slice(blob.y, blob.height), _slice(blob.x, blob.width)
    part = frame[rows, columns]
    solid = cv2.erode(_shape(part, background[rows, columns]), _OPEN, borderValue=(0,))
    soft = cv2.GaussianBlur(_largest(np.asarray(solid, np.uint8)), (0, 0), 0.7)
    ys, xs = np.nonzero(soft > 127)
    tight = slice(int(ys.min()), int(ys.max()) + 1), slice(int(xs.min()), int(xs.max()) + 1)
    return Cutout(np.ascontiguousarray(part[tight]), np.ascontiguousarray(soft[tight]))


def _shape(part: Image, background: Image) -> CutoutMask:
    """Tighter than the blob, which was closed to keep a person in one piece: no ground between the
    legs, no seam that the camera's sharpening drew round them."""
    difference = cv2.GaussianBlur(cv2.absdiff(part, background).max(axis=2), (0, 0), 0.7)
    mask = cv2.compare(difference, np.full_like(difference, SHAPE_LEVELS), cv2.CMP_GT)
    return _largest(np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _OPEN), np.uint8))


def outlined(picture: Image, points: Sequence[tuple[int, int]]) -> Cutout:
    """What lies within the outline (x, y in pixels of the picture), its edge soft."""
    cover = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(cover, [np.asarray(points, np.int32)], (255,))
    x, y, w, h = cv2.boundingRect(np.asarray(points, np.int32))
    part = slice(y, y + h), slice(x, x + w)
    soft = cv2.GaussianBlur(cover[part], (0, 0), 0.7)
    return Cutout(np.ascontiguousarray(picture[part]), np.asarray(soft, np.uint8))


def _slice(first: int, length: int) -> slice:
    return slice(first - 2, first + length + 2)


def _largest(mask: CutoutMask) -> CutoutMask:
    """The largest outline of the mask, filled."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, (255,), cv2.FILLED)
    return filled
