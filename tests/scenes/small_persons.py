"""How small may a person be, with close looks and without?

Real walkers of the shipped clip are put, at several scales, into larger views of the same place,
and played through the edge's path with its gate. What is there is what the cloud's model sees in
the frames at their full size. Per band of heights: persons, and how many are found by whole frames,
by close looks where the gate points, and by close looks where a gate would point that misses
nobody; and the inferences per analysed frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from cloud.model.full_model import FullModel
from contract.ids import CameraId
from edge.config.regions import SearchRegionsConfig
from edge.config.schema import EdgeConfig
from edge.detect.detect_frame import Detector, SearchHints, detect_frame
from edge.detect.search_regions import CropHistory
from edge.gate.motion import SPREAD_CELLS, WIDTH_PX
from edge.records import Analysed, Motion
from edge.replay.player import Video, play
from imaging.boxes import iou
from imaging.decode import reduction
from imaging.detections import Detections, FloatArray, Image
from tools import CHECKOUT

CLIP = CHECKOUT / "footage" / "walkers.mp4"
FIRST_S = 8.4
"""From here on to 22 s the clip shows people."""

FPS = 5.0
EMPTY_FRAMES = 5
"""A second in which the gate learns the empty place."""

VIEWS = ((320, 240), (1280, 720))
SCALES = (0.25, 0.4, 0.6)
BANDS = ((12, 15), (15, 20), (20, 30), (30, 40), (40, 60))
"""Heights in pixels of the view, from and below."""

CAMERA = CameraId("yard")
SURE, FOUND, SAME_IOU = 0.5, 0.3, 0.4
"""Scores from which a person counts as there and as found (the default rule's `min_score`), and how
well the boxes must fit: loosely, for a pixel is a tenth of the smallest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeBand:
    """Persons of one band of heights in one kind of view."""

    view: str
    least_px: int
    below_px: int
    persons: int
    found: tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsFound:
    """Per frame what was found, None where it was not looked at."""

    found: tuple[Detections | None, ...] = ()
    inferences: int = 0
    analysed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Both tuples: whole frames alone, close looks, close looks with a perfect gate."""

    bands: tuple[SizeBand, ...]
    inferences: tuple[float, float, float]


class PicturesInMemory:
    """Encoded frames in memory as a replay's source."""

    def __init__(self, pictures: Sequence[bytes]) -> None:
        self._pictures = pictures

    def __len__(self) -> int:
        return len(self._pictures)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return ((f"{number:04d}", picture) for number, picture in enumerate(self._pictures))


def frames_of(clip: Path, count: int) -> list[Image]:
    """The first frames of `clip` with people."""
    video = Video(clip)
    start = round(FIRST_S * video.fps)
    return [_decoded(payload) for _, payload in islice(video, start, start + count)]


def empty_place(clip: Path) -> Image:
    """The first frame, which shows nobody."""
    return _decoded(next(iter(Video(clip)))[1])


def persons_in(frames: Sequence[Image], model: FullModel) -> list[FloatArray]:
    """Per frame the boxes of the persons that the cloud's model is sure of."""
    return [_persons(found, SURE) for frame in frames for found in model.detect([frame])]


def measure(
    frames: Sequence[Image], people: Sequence[FloatArray], place: Image, detector: Detector
) -> Result:
    """Every view at every scale, each played three times over the same pictures."""
    bands: list[SizeBand] = []
    plays: list[tuple[PersonsFound, PersonsFound, PersonsFound]] = []
    for size in VIEWS:
        heights: list[FloatArray] = []
        hits: list[npt.NDArray[np.bool_]] = []
        for scale in (s for s in SCALES if s * place.shape[1] <= size[0]):
            pictures, offset = view_of(frames, place, size, scale)
            boxes = [person * np.float32(scale) + offset for person in people]
            heights += [box[:, 3] - box[:, 1] for box in boxes]
            ways = (
                play_view(pictures, detector, close=False),
                play_view(pictures, detector, close=True),
                point_at(pictures[EMPTY_FRAMES:], boxes, detector),
            )
            plays.append(ways)
            hits += [
                np.stack([_hit(box, way.found[n]) for way in ways]) for n, box in enumerate(boxes)
            ]
        bands += _bands(size, np.concatenate(heights), np.concatenate(hits, axis=1))
    return Result(
        bands=tuple(bands),
        inferences=(
            _per_frame([whole for whole, _, _ in plays]),
            _per_frame([close for _, close, _ in plays]),
            _per_frame([pointed for _, _, pointed in plays]),
        ),
    )


def view_of(
    frames: Sequence[Image], place: Image, size: tuple[int, int], scale: float
) -> tuple[list[bytes], FloatArray]:
    """The empty place, then `frames`, all at `scale` in the middle of the place at `size`."""
    wide = _resized(place, size)
    inset_size = (round(place.shape[1] * scale), round(place.shape[0] * scale))
    left, top = (size[0] - inset_size[0]) // 2, (size[1] - inset_size[1]) // 2
    pictures = []
    for frame in [*[place] * EMPTY_FRAMES, *frames]:
        view = wide.copy()
        view[top : top + inset_size[1], left : left + inset_size[0]] = _resized(frame, inset_size)
        pictures.append(cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())
    return pictures, np.array([left, top, left, top], np.float32)


def play_view(pictures: Sequence[bytes], detector: Detector, *, close: bool) -> PersonsFound:
    """The frames after the empty place, through the edge's path."""
    config = EdgeConfig.model_validate(
        {"detect": {"regions": {"enabled": close}}, "cameras": {CAMERA: {"kind": "stream"}}}
    )
    steps = list(play(PicturesInMemory(pictures), config, CAMERA, FPS, detector))
    outcomes = [step.outcome for step in steps[EMPTY_FRAMES:]]
    analysed = [outcome for outcome in outcomes if isinstance(outcome, Analysed)]
    return PersonsFound(
        found=tuple(o.detections if isinstance(o, Analysed) else None for o in outcomes),
        inferences=sum(outcome.inferences for outcome in analysed),
        analysed=len(analysed),
    )


def point_at(
    pictures: Sequence[bytes], people: Sequence[FloatArray], detector: Detector
) -> PersonsFound:
    """Looks at `pictures` as if the gate had seen each of `people` (boxes per picture) move."""
    history, found, inferences = CropHistory(), [], 0
    settings = SearchRegionsConfig(enabled=True)
    for number, (picture, boxes) in enumerate(zip(pictures, people, strict=True)):
        image = _decoded(picture)
        margin = SPREAD_CELLS * reduction(image.shape[1], WIDTH_PX)
        spread = boxes + np.array([-margin, -margin, margin, margin], np.float32)
        regions = tuple((x0, y0, x1, y1) for x0, y0, x1, y1 in spread.tolist())
        motion = Motion(moved=True, why="motion", regions=regions, share=0.01)
        hints = SearchHints(motion=motion, expected=(), alone=False)
        history, result = detect_frame(history, detector, image, hints, number / FPS, settings)
        found.append(result.found)
        inferences += result.inferences
    return PersonsFound(found=tuple(found), inferences=inferences, analysed=len(found))


def _bands(
    size: tuple[int, int], heights: FloatArray, hits: npt.NDArray[np.bool_]
) -> Iterator[SizeBand]:
    for least, below in BANDS:
        rows = (heights >= least) & (heights < below)
        yield SizeBand(
            view=f"{size[0]}x{size[1]}",
            least_px=least,
            below_px=below,
            persons=int(rows.sum()),
            found=(int(hits[0][rows].sum()), int(hits[1][rows].sum()), int(hits[2][rows].sum())),
        )


def _hit(people: FloatArray, found: Detections | None) -> npt.NDArray[np.bool_]:
    """Which of `people` (N, 4) are found."""
    boxes = np.zeros((0, 4), np.float32) if found is None else _persons(found, FOUND)
    if not len(boxes):
        return np.zeros(len(people), np.bool_)
    hit: npt.NDArray[np.bool_] = iou(people, boxes).max(axis=1) >= SAME_IOU
    return hit


def _persons(found: Detections, least: float) -> FloatArray:
    person = np.array([label == "person" for label in found.labels], np.bool_)
    boxes: FloatArray = found.boxes[person & (found.scores >= least)]
    return boxes


def _per_frame(plays: Sequence[PersonsFound]) -> float:
    return sum(p.inferences for p in plays) / max(1, sum(p.analysed for p in plays))


def _decoded(payload: bytes) -> Image:
    return np.asarray(cv2.imdecode(np.frombuffer(payload, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def _resized(image: Image, size: tuple[int, int]) -> Image:
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
