"""Replay: the same path over pictures or a video, without broker, threads or real time.

The clock is driven by the frame rate, so two runs over the same source give equal results. Test
harness, demonstration, benchmark and bug report in one. Called by the command line and by the
evaluation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

import cv2

from contract.ids import CameraId, ReportId
from contract.verdict import Decision
from edge.audit.events import LONGEST_S, RejectedSegment
from edge.config.health import Fault
from edge.config.schema import EdgeConfig
from edge.intake.admission import admit
from edge.pipeline import Detector, Pipeline
from edge.records import (
    AlertCandidate,
    Analysed,
    BestFrame,
    Frame,
    Message,
    Notices,
    Outcome,
    RuleResult,
    TrackId,
)
from edge.static_objects.records import StaticObject
from edge.static_objects.verdict_feedback import refute
from edge.track.track import Track
from imaging.admission import Rejected

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Frame 0 of every replay: a fixed moment, so that results do not depend on the day."""

_JPEG_QUALITY = 92
_NOTES = {".json", ".txt", ".md", ".csv", ".html"}
"""Files that lie beside pictures to describe them; everything else in a folder is played."""
_PICTURES = {".jpg", ".jpeg", ".png"}

Rhythm = float | tuple[float, ...]
"""When frames come: so many per second, or each frame's time in seconds."""


class SourceError(Exception):
    """The source cannot be played; the text says why."""


class PictureSequence(Protocol):
    """Encoded pictures in order, with a name each; a length of 0 says that nobody knows it."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[tuple[str, bytes]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayStep:
    """One frame of a replay: `t` in seconds of the replay's clock; `candidates` are the suspicions
    that it raised, also those raised only when it had stood alone; `rule_results` are of both;
    `live` the tracks alive after it; `faults` what is wrong with the camera, `notices` what was
    found out about it; `rejected_segments` the motion events that were over without a suspicion.
    `frame` is None if it was not admitted; `tracks` and `static_objects` are what is followed and
    what is remembered after it."""

    name: str
    t: float
    outcome: Outcome
    candidates: tuple[AlertCandidate, ...]
    rule_results: tuple[RuleResult, ...]
    live: frozenset[TrackId]
    faults: tuple[Fault, ...] = ()
    notices: Notices = field(default_factory=Notices)
    rejected_segments: tuple[RejectedSegment, ...] = ()
    next_best_frame: Callable[[TrackId], BestFrame | None] = lambda _: None
    """A newer frame of a track, as the daemon would answer the cloud with; until the next step."""
    answer: Callable[[ReportId, Decision], None] = lambda _, __: None
    """Tells the path what the cloud decided, as the daemon does; it holds from the next frame."""
    frame: Frame | None = None
    tracks: tuple[Track, ...] = ()
    static_objects: tuple[StaticObject, ...] = ()


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


class Player:
    """One configuration with its memory, which takes frames one by one."""

    def __init__(
        self,
        config: EdgeConfig,
        camera: CameraId,
        rhythm: Rhythm,
        detector: Detector,
        start: datetime = EPOCH,
    ) -> None:
        """`start` is when the first frame was received, which schedules ask for."""
        self._config, self._camera, self._rhythm, self._start = config, camera, rhythm, start
        self._pipeline = Pipeline(config, detector)
        self._settings = config.of_camera(camera)

    def step(self, number: int, name: str, payload: bytes, *, last: bool) -> ReplayStep:
        """The next frame along the path; after the `last`, what still waits is evaluated."""
        now = _at_s(self._rhythm, number)
        rejected_segments = self._pipeline.rejected_segments(now)
        admitted = self._admitted(payload, now)
        frame = None if isinstance(admitted, Rejected) else admitted
        outcome = (
            admitted if isinstance(admitted, Rejected) else self._pipeline.analyze(admitted, now)
        )
        looked = outcome if isinstance(outcome, Analysed) else None
        candidates = looked.candidates if looked else ()
        rule_results = looked.rule_results if looked else ()
        live = self._pipeline.live(self._camera)
        if last or _pause_s(self._rhythm, number) >= self._settings.snapshot_after_s:
            for result in self._pipeline.flush(now + self._settings.snapshot_after_s):
                candidates += result.candidates
                rule_results += result.rule_results
        if last:
            rejected_segments += self._pipeline.rejected_segments(now + LONGEST_S)
        return ReplayStep(
            name=name,
            t=now,
            outcome=outcome,
            candidates=candidates,
            rule_results=rule_results,
            live=live,
            faults=self._pipeline.faults(self._camera),
            notices=self._pipeline.notices(self._camera),
            rejected_segments=rejected_segments,
            next_best_frame=partial(self._pipeline.next_best_frame, self._camera),
            answer=self.answer,
            frame=frame,
            tracks=self._pipeline.tracks(self._camera),
            static_objects=self._pipeline.static_objects(self._camera),
        )

    def answer(self, report_id: ReportId, decision: Decision) -> None:
        """What the cloud decided: the memory of static objects and deduplication take it up."""
        if decision == "refuted":
            self._pipeline.update_memory(self._camera, lambda memory: refute(memory, report_id))
        self._pipeline.apply_verdict(self._camera, report_id, decision)

    def _admitted(self, payload: bytes, now: float) -> Frame | Rejected:
        intake = self._config.intake
        message = Message(
            camera=self._camera,
            topic=intake.topics[0].replace("{camera}", self._camera),
            payload=payload,
            received_at=self._start + timedelta(seconds=now),
            received_mono_s=now,
        )
        return admit(message, intake.limits, intake.json_paths)


def replay(
    source: Path, config: EdgeConfig, camera: str, fps: float, detector: Detector
) -> Iterator[ReplayStep]:
    """Play `source` through the edge's path at `fps` frames per second of the replay's clock."""
    return play(open_source(source), config, CameraId(camera), fps, detector)


def play(
    pictures: PictureSequence,
    config: EdgeConfig,
    camera: CameraId,
    rhythm: Rhythm,
    detector: Detector,
    start: datetime = EPOCH,
) -> Iterator[ReplayStep]:
    """As `replay`, over pictures that are at hand, evenly spaced or at times of their own."""
    player = Player(config, camera, rhythm, detector, start)
    for number, (name, payload, last) in enumerate(marked(pictures)):
        yield player.step(number, name, payload, last=last)


def _at_s(rhythm: Rhythm, number: int) -> float:
    """When frame `number` comes."""
    return rhythm[number] if isinstance(rhythm, tuple) else number / rhythm


def _pause_s(rhythm: Rhythm, number: int) -> float:
    """Seconds from frame `number` to the next."""
    if isinstance(rhythm, tuple):
        return rhythm[number + 1] - rhythm[number]
    return 1 / rhythm


def marked(pictures: PictureSequence) -> Iterator[tuple[str, bytes, bool]]:
    """Each picture with the word whether it is the last; a video's own count may be wrong."""
    rest = iter(pictures)
    current = next(rest, None)
    while current is not None:
        following = next(rest, None)
        yield *current, following is None
        current = following
