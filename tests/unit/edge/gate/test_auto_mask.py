"""What always changes in a small place is masked by itself, and nobody hides behind that."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config.gate import NUISANCES
from edge.config.schema import GateConfig
from edge.gate import auto_mask
from edge.gate.auto_mask import AutoMask
from edge.gate.motion import GateState, detect_motion, unmask
from edge.records import Motion
from imaging.polygons import Box

Grey = npt.NDArray[np.uint8]
Draw = Callable[[Grey, float], None]

SIZE = (640, 480)
HEIGHT, WIDTH = 240, 320
FPS = 4.0
LINE = (30, 196, 138, 214)
"""Where the counter stands, xyxy in pixels of the grey picture."""


def ground() -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(3)
    coarse = cv2.resize(rng.uniform(-1, 1, (12, 16)).astype(np.float32), (WIDTH, HEIGHT))
    return np.asarray(110 + 30 * coarse, np.float32)


def counter(picture: Grey, t: float) -> None:
    """Figures that jump for five seconds of each ten, then stand, then are gone."""
    if t % 10 >= 7:
        return
    t = min(t, t - t % 10 + 5)
    figures = np.random.default_rng(round(t * FPS)).integers(0, 999, 2)
    text = f"{figures[0]:03d} km/h {figures[1]:03d}"
    for colour, thick in ((0, 3), (255, 1)):
        cv2.putText(picture, text, (32, 210), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (colour,), thick)


def walker(picture: Grey, x: float, feet: float, height: int) -> None:
    """Somebody dark `height` pixels tall."""
    wide = max(3, round(height / 3))
    top, left = round(feet - height), round(x)
    picture[max(0, top) : max(0, round(feet)), max(0, left) : max(0, left + wide)] = 15


def film(seconds: float, *draw: Draw, start_s: float = 0.0) -> list[Grey]:
    base, frames = ground(), []
    for n in range(round(seconds * FPS)):
        t = start_s + n / FPS
        rng = np.random.default_rng(round(t * 1000))
        noisy = np.clip(base + rng.normal(0, 1.5, base.shape), 0, 255).astype(np.uint8)
        for one in draw:
            one(noisy, t)
        frames.append(noisy)
    return frames


class Watched:
    """A gate that sees film after film."""

    def __init__(self, gate: GateConfig | None = None) -> None:
        self.gate = gate or GateConfig()
        self.state = GateState()
        self.t = 0.0

    def see(self, frames: list[Grey], found: tuple[Box, ...] = ()) -> list[Motion]:
        """What it made of them; in each frame that it looked at, something is `found`."""
        seen = []
        for grey in frames:
            self.state, motion = detect_motion(
                self.state, grey, SIZE, self.t, self.gate, followed=False
            )
            if motion.moved and found:
                self.state = unmask(self.state, found, SIZE)
            self.t += 1 / FPS
            seen.append(motion)
        return seen

    @property
    def masked(self) -> tuple[Box, ...]:
        return self.state.auto.boxes()


def moving(seen: list[Motion]) -> float:
    return sum(bool(motion.regions) for motion in seen) / len(seen)


def around(box: Box, place: tuple[int, int, int, int], slack: float = 0.05) -> bool:
    """Whether `box` (shares) holds the place and reaches little further."""
    x0, y0, x1, y1 = (v / (WIDTH if n % 2 == 0 else HEIGHT) for n, v in enumerate(place))
    holds = box[0] <= x0 + 0.03 and box[2] >= x1 - 0.03 and box[1] <= y0 + 0.03
    near = box[0] >= x0 - slack and box[2] <= x1 + slack and box[1] >= y0 - slack
    return holds and near and y1 - 0.03 <= box[3] <= y1 + slack


@dataclass(frozen=True)
class TwoMinutes:
    """What a gate makes of a counter that it has never seen."""

    first_50_s: list[Motion]
    masked_after_50_s: tuple[Box, ...]
    state: GateState


@cache
def _two_minutes(gate: GateConfig) -> TwoMinutes:
    watched = Watched(gate)
    first = watched.see(film(50, counter))
    masked = watched.masked
    watched.see(film(70, counter, start_s=50))
    return TwoMinutes(first, masked, watched.state)


def used_to_the_counter(gate: GateConfig | None = None) -> Watched:
    watched = Watched(gate)
    watched.state = _two_minutes(watched.gate).state
    watched.t = 120.0
    return watched


def test_a_counter_that_always_changes_is_masked_and_its_frames_are_quiet() -> None:
    watched = used_to_the_counter()
    unknown = _two_minutes(watched.gate)
    assert unknown.masked_after_50_s == ()
    assert len(watched.masked) == 1
    assert around(watched.masked[0], LINE)
    then = watched.see(film(60, counter, start_s=120))
    assert moving(unknown.first_50_s[40:]) > 0.4
    assert moving(then) < 0.02
    assert [m.why for m in then].count("auto_mask") > 0.25 * len(then)


def test_a_counter_that_stops_is_given_back() -> None:
    watched = used_to_the_counter()
    watched.see(film(180, lambda picture, _t: counter(picture, 5.0), start_s=120))
    assert watched.masked == ()


@pytest.mark.parametrize("height", [12, 16, 40, 80])
def test_somebody_who_crosses_the_masked_place_is_seen_all_the_way(height: int) -> None:
    """Half a height a second, from above into the line of text and out below."""
    watched = used_to_the_counter()

    def crossing(picture: Grey, t: float) -> None:
        walker(picture, 90, 180 + 0.5 * height * (t - 120), height)

    seconds = min(8.0, 120 / height)
    seen = watched.see(film(seconds, crossing, counter, start_s=120))
    there = seen[2:]
    assert moving(there) > 0.9
    hit = [any(r[0] <= 2 * 94 and r[2] >= 2 * 92 for r in motion.regions) for motion in there]
    assert sum(hit) > 0.9 * len(hit)


def test_somebody_small_who_comes_into_the_line_and_walks_along_it_is_seen_coming() -> None:
    """A few pictures pass before he is wholly behind the text, and the mask is off for 5 s."""
    watched = used_to_the_counter()

    def along(picture: Grey, t: float) -> None:
        walker(picture, 6 + 7 * (t - 120), 212, 14)

    seen = watched.see(film(10, along, counter, start_s=120))
    assert sum(bool(motion.regions) for motion in seen) >= 20


def test_what_is_larger_than_a_line_of_text_is_never_masked() -> None:
    def tree(picture: Grey, t: float) -> None:
        rng = np.random.default_rng(round(t * FPS))
        leaves = cv2.resize(rng.uniform(20, 230, (9, 12)).astype(np.float32), (60, 48))
        picture[60:108, 200:260] = leaves.astype(np.uint8)

    watched = Watched()
    for minute in range(4):
        watched.see(film(60, tree, start_s=60.0 * minute))
        assert watched.masked == ()


def test_a_place_where_somebody_is_found_is_never_masked_and_an_old_mask_goes() -> None:
    here: Box = (60.0, 340.0, 280.0, 440.0)
    watched = Watched(GateConfig(full_look_s=1.0))
    watched.see(film(150, counter), found=(here,))
    assert watched.masked == ()
    watched = used_to_the_counter()
    watched.state = unmask(watched.state, (here,), SIZE)
    assert watched.masked == ()


def test_it_can_be_switched_off() -> None:
    kept = tuple(one for one in NUISANCES if one != "auto_mask")
    watched = used_to_the_counter(GateConfig(ignore=kept))
    assert moving(watched.see(film(30, counter, start_s=120))) > 0.4
    assert watched.masked == ()
    watched = used_to_the_counter()
    watched.gate = GateConfig(ignore=kept)
    watched.see(film(1, counter, start_s=120))
    assert watched.masked == ()


def test_another_resolution_begins_anew_and_a_change_of_light_does_not() -> None:
    watched = used_to_the_counter()
    place = watched.masked
    watched.see([np.asarray(255 - frame, np.uint8) for frame in film(2, counter, start_s=120)])
    assert watched.masked == place
    watched.see([frame[:160, :160] for frame in film(2, counter, start_s=122)])
    assert watched.masked == ()


@given(
    seed=st.integers(0, 2**16),
    shape=st.sampled_from([(1, 1), (3, 40), (240, 320), (60, 90)]),
    pause_s=st.floats(0.01, 30),
)
@settings(max_examples=20, deadline=None)
def test_masks_are_few_small_and_within_the_picture(
    seed: int, shape: tuple[int, int], pause_s: float
) -> None:
    rng, known = np.random.default_rng(seed), AutoMask()
    places = rng.uniform(0, 1, shape) < 0.01
    for _ in range(40):
        changed = (places & (rng.uniform(0, 1, shape) < 0.7)).astype(np.uint8) * np.uint8(255)
        known = auto_mask.update(known, changed, pause_s)
        boxes = known.boxes()
        assert len(boxes) <= 4
        assert all(0 <= b[0] < b[2] <= 1 and 0 <= b[1] < b[3] <= 1 for b in boxes)
        assert sum((b[2] - b[0]) * (b[3] - b[1]) for b in boxes) <= 0.15
