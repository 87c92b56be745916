"""What a frame costs before the detector: admission, decoding, gate and health, at two sizes.

The sizes take turns, so that a noisy moment of the machine hits both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import cycle

from edge.config.schema import GateConfig, HealthConfig
from edge.gate.motion import WIDTH_PX, GateState, detect_motion
from edge.health.camera_health import CameraHealth, step
from imaging.admission import Header, PictureLimits, Rejected, inspect
from imaging.decode import decode, decode_grey
from tools.evaluation.bench.pictures import at_size
from tools.evaluation.bench.stopwatch import Spent, median_ms, rounds, timed

HEALTH = HealthConfig()
SIZES = ((640, 480), (1920, 1080))
LEAST_ROUNDS = 150
"""Camera health does all of its work once the view is known, after 61 looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Milliseconds per frame, medians; `quiet_fps` is what one core admits, decodes reduced and
    gates per second: the rate at which a still scene can be watched. `health_ms` is for one look
    at the camera's health, due once in `health.check_s`."""

    width: int
    height: int
    picture_bytes: int
    rounds: int
    admission_ms: float
    decode_ms: float
    reduced_decode_ms: float
    gate_ms: float
    health_ms: float
    quiet_fps: float


@dataclass(slots=True)
class _SizeCosts:
    """One size under measurement."""

    size: tuple[int, int]
    pictures: tuple[bytes, ...]
    state: GateState = field(default_factory=GateState)
    known: CameraHealth = field(default_factory=CameraHealth)
    admission: list[Spent] = field(default_factory=list)
    decoding: list[Spent] = field(default_factory=list)
    reduced: list[Spent] = field(default_factory=list)
    gate: list[Spent] = field(default_factory=list)
    health: list[Spent] = field(default_factory=list)

    def run(self, picture: bytes, limits: PictureLimits, settings: GateConfig, now: float) -> None:
        header, spent = timed(lambda: inspect(picture, limits))
        if isinstance(header, Rejected):
            raise SystemExit(f"a frame of the bench is not admitted: {header}")
        self.admission.append(spent)
        self.decoding.append(timed(lambda: decode(picture, header))[1])
        self._watch(picture, header, settings, now)

    def _watch(self, picture: bytes, header: Header, settings: GateConfig, now: float) -> None:
        grey, spent = timed(lambda: decode_grey(picture, header, WIDTH_PX))
        if isinstance(grey, Rejected):
            raise SystemExit(f"a frame of the bench does not decode: {grey}")
        self.reduced.append(spent)
        (self.state, _), spent = timed(
            lambda: detect_motion(self.state, grey, self.size, now, settings)
        )
        self.gate.append(spent)
        due_s = len(self.health) * HEALTH.check_s
        self.known, spent = timed(lambda: step(self.known, grey, due_s, HEALTH))
        self.health.append(spent)

    def cost(self) -> Cost:
        together = zip(self.admission, self.reduced, self.gate, strict=True)
        quiet = [first + second + third for first, second, third in together]
        return Cost(
            width=self.size[0],
            height=self.size[1],
            picture_bytes=sum(map(len, self.pictures)) // len(self.pictures),
            rounds=len(self.gate),
            admission_ms=median_ms(self.admission),
            decode_ms=median_ms(self.decoding),
            reduced_decode_ms=median_ms(self.reduced),
            gate_ms=median_ms(self.gate),
            health_ms=median_ms(self.health[LEAST_ROUNDS // 2 :]),
            quiet_fps=1e3 / median_ms(quiet),
        )


def measure_costs(pictures: tuple[bytes, ...], limits: PictureLimits, seconds: float) -> list[Cost]:
    """Every size for `seconds` altogether."""
    lanes = [_SizeCosts(size=size, pictures=at_size(pictures, *size)) for size in SIZES]
    feeds = [cycle(lane.pictures) for lane in lanes]
    for number in rounds(seconds, LEAST_ROUNDS):
        for lane, feed in zip(lanes, feeds, strict=True):
            lane.run(next(feed), limits, GateConfig(), number / 10)
    return [lane.cost() for lane in lanes]
