"""The detection path's speed beside that of the bare interpreter, on one model and its threads.

Each pair takes one frame through `Pipeline.analyze`, which may look closely and so infer several
times, and one invoke of the same interpreter on the same input. JPEG decoding, timed apart on the
same frame right after, is taken off the path: what stays is gate, letterbox, invoke, decoding of
the outputs, tracking and rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from statistics import median

from contract.ids import CameraId
from edge.config.regions import SearchRegionsConfig
from edge.config.schema import CameraConfig, DetectConfig, EdgeConfig
from edge.detect.detector import TfliteDetector
from edge.gate.motion import WIDTH_PX
from edge.intake.admission import admit
from edge.pipeline import Pipeline
from edge.records import Analysed, Frame, Message, Outcome
from edge.replay.player import EPOCH, SourceError
from imaging.decode import decode, decode_grey
from imaging.detections import Detections, Image
from tools.evaluation.bench.stopwatch import Spent, median_cpu_ms, median_ms, rounds, timed

CAMERA = CameraId("bench")
FPS = 10.0
LEAST_PAIRS = 20


@dataclass(frozen=True, slots=True)
class FrameTiming:
    """One frame: the whole of `analyze`, its inferences, detection and decoding in it, and one bare
    invoke."""

    inferences: int
    whole: Spent
    detection: Spent
    decoding: Spent
    invoke: Spent

    def path(self) -> Spent:
        return self.whole - self.decoding

    def around_invoke(self) -> Spent:
        """Letterbox and decoding of the outputs, of all inferences."""
        return self.detection - self.invoke.times(self.inferences)

    def around_detection(self) -> Spent:
        """Gate, plan of crops, tracks and rules."""
        return self.path() - self.detection

    def ratio(self) -> float:
        """Inferences/s of the path per invokes/s of the interpreter."""
        return self.inferences * self.invoke.wall_s / self.path().wall_s

    def cpu_ratio(self) -> float:
        return self.inferences * self.invoke.cpu_s / self.path().cpu_s


class Watched:
    """A detector whose calls are timed."""

    def __init__(self, detector: TfliteDetector) -> None:
        self._detector = detector
        self.last = Spent(0.0, 0.0)
        self.inferences = 0

    @property
    def input_size(self) -> tuple[int, int]:
        return self._detector.input_size

    def begin(self) -> None:
        """A new frame, whose inferences are added up."""
        self.last, self.inferences = Spent(0.0, 0.0), 0

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:
        found, spent = timed(lambda: self._detector.detect(image, aspect))
        self.last, self.inferences = self.last + spent, self.inferences + 1
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Medians over the pairs; `low` and `high` are the quartiles of their ratios; the parts in ms
    are processor time."""

    model: str
    runtime: str
    threads: int
    crop_inferences: bool
    pairs: int
    inferences_per_frame: float
    pipeline_fps: float
    pipeline_with_decode_fps: float
    invokes_per_s: float
    ratio: float
    ratio_low: float
    ratio_high: float
    cpu_ratio: float
    invoke_ms: float
    letterbox_and_outputs_ms: float
    gate_tracks_rules_ms: float
    decoding_ms: float


def measure_speed(
    detector: TfliteDetector,
    pictures: tuple[bytes, ...],
    threads: int,
    seconds: float,
    *,
    crop_inferences: bool,
) -> Speed:
    """Pairs for `seconds`, after one round to warm up."""
    regions = SearchRegionsConfig(enabled=crop_inferences)
    pairs = [p for p in _pairs(detector, pictures, seconds, regions) if p is not None][1:]
    if not pairs:
        raise SourceError("no frame of the source moves, so none was looked at: give another")
    ratios = sorted(pair.ratio() for pair in pairs)
    return Speed(
        model=detector.name,
        runtime=detector.runtime,
        threads=threads,
        crop_inferences=crop_inferences,
        pairs=len(pairs),
        inferences_per_frame=sum(pair.inferences for pair in pairs) / len(pairs),
        pipeline_fps=1e3 / median_ms([pair.path() for pair in pairs]),
        pipeline_with_decode_fps=1e3 / median_ms([pair.whole for pair in pairs]),
        invokes_per_s=1e3 / median_ms([pair.invoke for pair in pairs]),
        ratio=median(ratios),
        ratio_low=ratios[len(ratios) // 4],
        ratio_high=ratios[3 * len(ratios) // 4],
        cpu_ratio=median(pair.cpu_ratio() for pair in pairs),
        invoke_ms=median_cpu_ms([pair.invoke for pair in pairs]),
        letterbox_and_outputs_ms=median_cpu_ms([pair.around_invoke() for pair in pairs]),
        gate_tracks_rules_ms=median_cpu_ms([pair.around_detection() for pair in pairs]),
        decoding_ms=median_cpu_ms([pair.decoding for pair in pairs]),
    )


def _pairs(
    detector: TfliteDetector,
    pictures: tuple[bytes, ...],
    seconds: float,
    regions: SearchRegionsConfig,
) -> Iterator[FrameTiming | None]:
    config = EdgeConfig(
        cameras={CAMERA: CameraConfig(kind="stream")}, detect=DetectConfig(regions=regions)
    )
    watched = Watched(detector)
    pipeline = Pipeline(config, watched)
    payloads = cycle(pictures)
    for number in rounds(seconds, LEAST_PAIRS):
        frame = _frame(config, next(payloads), number / FPS)
        yield _pair(pipeline, watched, detector, frame)


def _pair(
    pipeline: Pipeline, watched: Watched, detector: TfliteDetector, frame: Frame
) -> FrameTiming | None:
    """None where the gate let the frame end: no detection, nothing to compare."""
    now = frame.received_mono_s
    watched.begin()
    whole: tuple[Outcome, Spent] = timed(lambda: pipeline.analyze(frame, now))
    _, full = timed(lambda: decode(frame.picture, frame.header))
    _, reduced = timed(lambda: decode_grey(frame.picture, frame.header, WIDTH_PX))
    _, invoke = timed(detector.runner.invoke)
    if not isinstance(whole[0], Analysed):
        return None
    return FrameTiming(watched.inferences, whole[1], watched.last, full + reduced, invoke)


def _frame(config: EdgeConfig, payload: bytes, now: float) -> Frame:
    message = Message(
        camera=CAMERA,
        topic="cameras/bench/image",
        payload=payload,
        received_at=EPOCH + timedelta(seconds=now),
        received_mono_s=now,
    )
    frame = admit(message, config.intake.limits, config.intake.json_paths)
    if not isinstance(frame, Frame):
        raise SystemExit(f"a frame of the source is not admitted: {frame.reason} {frame.detail}")
    return frame
