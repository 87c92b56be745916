"""Replay: the same path over pictures or a video, without broker, threads or real time.

The clock is driven by the frame rate, so two runs over the same source give equal results. Test
harness, demonstration, benchmark and bug report in one. Called by the command line and by the
evaluation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import cv2

from contract.ids import CameraId
from edge.config.schema import Config
from edge.intake.admission import admit
from edge.pipeline import Pipeline, Sees
from edge.records import Analysed, Case, Message, Outcome, Quiet, TrackId
from imaging.admission import Rejected
from imaging.detections import Detections, no_detections

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Frame 0 of every replay: a fixed moment, so that results do not depend on the day."""

_JPEG_QUALITY = 92
_NOTES = {".json", ".txt", ".md", ".csv", ".html"}
"""Files that lie beside pictures to describe them; everything else in a folder is played."""
_PICTURES = {".jpg", ".jpeg", ".png"}


class SourceError(Exception):
    """The source cannot be played; the text says why."""


class Source(Protocol):
    """Encoded pictures in order, with a name each; a length of 0 says that nobody knows it."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[str, bytes]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One frame of a replay: `t` in seconds of the replay's clock; `cases` are the suspicions that
    it raised, also those raised only when it had stood alone; `live` the tracks alive after it."""

    name: str
    t: float
    outcome: Outcome
    cases: tuple[Case, ...]
    live: frozenset[TrackId]


class Files:
    """Files as they are, damaged and foreign ones included."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        for file in self._files:
            with _readable(file):
                picture = file.read_bytes()
            yield file.name, picture


class Video:
    """Frames of a video file, each encoded as a JPEG as a camera would send it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        capture = cv2.VideoCapture(str(path))
        self.fps = float(capture.get(cv2.CAP_PROP_FPS)) if capture.isOpened() else 0.0
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)) if capture.isOpened() else 0
        self._count = max(0, count)  # a stream without an index says something below
        capture.release()
        if self.fps <= 0:
            raise SourceError(f"{path} is no video that OpenCV can read, and no folder")

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        capture = cv2.VideoCapture(str(self._path))
        try:
            number = 0
            while True:
                found, image = capture.read()
                if not found:
                    return
                encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
                yield f"{number:06d}", encoded[1].tobytes()
                number += 1
        finally:
            capture.release()


def open_source(path: Path) -> Files | Video:
    """A folder, in name order and without its notes, a single picture, or a video.

    Raises `SourceError` for anything else.
    """
    if path.is_dir():
        return Files(_played(path))
    if not path.is_file():
        raise SourceError(f"{path} does not exist: give a folder of pictures or a video")
    return Files([path]) if path.suffix.lower() in _PICTURES else Video(path)


def _played(folder: Path) -> list[Path]:
    with _readable(folder):
        files = sorted(file for file in folder.iterdir() if file.is_file())
    files = [f for f in files if not (f.name[0] == "." or f.suffix.lower() in _NOTES)]
    if not files:
        raise SourceError(f"{folder} holds no pictures: give a folder of pictures or a video")
    return files


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error


def replay(source: Path, config: Config, camera: str, fps: float, detector: Sees) -> Iterator[Step]:
    """Play `source` through the edge's path at `fps` frames per second of the replay's clock."""
    return play(open_source(source), config, CameraId(camera), fps, detector)


def play(
    pictures: Source, config: Config, camera: CameraId, fps: float, detector: Sees
) -> Iterator[Step]:
    """As `replay`, over pictures that are at hand."""
    pipeline = Pipeline(config, detector)
    settings = config.cameras.get(camera, config.camera_defaults)
    for number, (name, payload, last) in enumerate(_marked(pictures)):
        now = number / fps
        outcome = _outcome(pipeline, config, camera, payload, now)
        cases = outcome.cases if isinstance(outcome, Analysed) else ()
        live = pipeline.live(camera)
        if last or 1 / fps >= settings.snapshot_after_s:
            cases += pipeline.tick(now + settings.snapshot_after_s)
        yield Step(name=name, t=now, outcome=outcome, cases=cases, live=live)


def _marked(pictures: Source) -> Iterator[tuple[str, bytes, bool]]:
    """Each picture with the word whether it is the last; a video's own count may be wrong."""
    rest = iter(pictures)
    current = next(rest, None)
    while current is not None:
        following = next(rest, None)
        yield *current, following is None
        current = following


def _outcome(
    pipeline: Pipeline, config: Config, camera: CameraId, payload: bytes, now: float
) -> Outcome:
    message = Message(
        camera=camera,
        topic=config.intake.topics[0].replace("{camera}", camera),
        payload=payload,
        received_at=EPOCH + timedelta(seconds=now),
        received_mono_s=now,
    )
    frame = admit(message, config.intake.limits, config.intake.json_paths)
    return frame if isinstance(frame, Rejected) else pipeline.analyze(frame, now)


def line(step: Step) -> str:
    """One JSON line for a frame."""
    outcome = step.outcome
    found = outcome.detections if isinstance(outcome, Analysed) else no_detections()
    reason = outcome.reason.value if isinstance(outcome, Rejected) else outcome.motion.why
    return json.dumps(
        {
            "frame": step.name,
            "t": round(step.t, 3),
            "outcome": _word(outcome),
            "reason": reason,
            "detections": _detections(found),
            "suspicions": [_suspicion(case) for case in step.cases],
        }
    )


def _word(outcome: Outcome) -> str:
    match outcome:
        case Rejected():
            return "rejected"
        case Quiet():
            return "quiet"
        case Analysed():
            return "analysed"


def _detections(found: Detections) -> list[dict[str, object]]:
    return [
        {
            "label": found.labels[row],
            "score": round(float(found.scores[row]), 4),
            "box": [round(float(value), 1) for value in found.boxes[row]],
        }
        for row in range(len(found))
    ]


def _suspicion(case: Case) -> dict[str, object]:
    suspicion = case.suspicion
    return {
        "id": suspicion.report_id,
        "label": suspicion.label,
        "score": round(suspicion.score, 4),
        "severity": suspicion.severity,
        "rule": suspicion.rule,
        "reasons": list(suspicion.reasons),
        "box": [round(value, 1) for value in suspicion.box],
    }


@dataclass(slots=True)
class Tally:
    """Frame accounting of a replay."""

    received: int = 0
    rejected: int = 0
    quiet: int = 0
    analysed: int = 0
    suspicions: int = 0

    def count(self, step: Step) -> None:
        self.received += 1
        self.suspicions += len(step.cases)
        match step.outcome:
            case Rejected():
                self.rejected += 1
            case Quiet():
                self.quiet += 1
            case Analysed():
                self.analysed += 1

    def line(self) -> str:
        """The last JSON line of a replay; nothing is superseded where nothing hurries."""
        return json.dumps(
            {
                "summary": {
                    "received": self.received,
                    "rejected": self.rejected,
                    "superseded": 0,
                    "quiet": self.quiet,
                    "analysed": self.analysed,
                    "suspicions": self.suspicions,
                }
            }
        )
