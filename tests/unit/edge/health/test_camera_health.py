"""Camera health on real frames: every mishap is told by its name, and nothing else ever is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge.config.health import Fault, HealthConfig
from edge.gate.motion import WIDTH_PX
from edge.health.camera_health import CameraHealth, Latch, debounce, step
from imaging.admission import Header, PictureLimits, inspect
from imaging.decode import decode_grey
from imaging.detections import GreyImage, Image
from tests.unit.edge.health import mishaps

FOOTAGE = Path(__file__).parents[4] / "footage"
DATA = Path(os.environ.get("STILLWATCH_DATA", "/nowhere"))
LIMITS = PictureLimits(
    max_bytes=8_000_000, max_pixels=9_000_000, min_side_px=16, max_side_px=8192, max_scans=64
)
SETTINGS = HealthConfig()
Mishap = Callable[[Image, int], Image]


def grey(image: Image) -> GreyImage:
    """What the gate sees of an image that a camera has sent as JPEG."""
    picture = cv2.imencode(".jpg", image)[1].tobytes()
    header = inspect(picture, LIMITS)
    assert isinstance(header, Header)
    reduced = decode_grey(picture, header, WIDTH_PX)
    assert isinstance(reduced, np.ndarray)
    return reduced


@cache
def scene(name: str) -> tuple[Image, ...]:
    """A frame per second of a clip that ships, at 320 x 240."""
    video, frames = cv2.VideoCapture(str(FOOTAGE / name)), list[Image]()
    while video.grab():
        if len(frames) * 5 == int(video.get(cv2.CAP_PROP_POS_FRAMES)) - 1:
            small = cv2.resize(video.retrieve()[1], (320, 240), interpolation=cv2.INTER_AREA)
            frames.append(np.asarray(small, np.uint8))
    video.release()
    assert len(frames) >= 40
    return tuple(frames)


@cache
def usual(name: str) -> tuple[GreyImage, ...]:
    """The clip as it is."""
    return tuple(map(grey, scene(name)))


@cache
def befallen(mishap: Mishap, name: str) -> tuple[GreyImage, ...]:
    """A dozen frames of the clip after a mishap, each with noise of its own."""
    return tuple(grey(mishap(frame, n)) for n, frame in enumerate(scene(name)[:36:3]))


def there_and_back(pictures: Sequence[GreyImage], count: int) -> Iterator[GreyImage]:
    """`count` of them, without a jump at the ends and no two alike in a row."""
    loop = [*pictures, *pictures[-2:0:-1]]
    return (loop[n % len(loop)] for n in range(count))


@dataclass
class Watched:
    """A camera under watch, a picture a second unless said otherwise."""

    settings: HealthConfig = SETTINGS
    health: CameraHealth = field(default_factory=CameraHealth)
    now: float = 100.0
    changes: list[tuple[float, tuple[Fault, ...]]] = field(default_factory=list)

    def see(self, pictures: Iterable[GreyImage], every_s: float = 1.0, off_s: float = 0.0) -> None:
        for picture in pictures:
            before = self.health.faults
            self.health = step(self.health, picture, self.now, self.settings, off_s)
            if self.health.faults != before:
                self.changes.append((self.now, self.health.faults))
            self.now += every_s

    def befall(self, mishap: Mishap, name: str, seconds: int) -> None:
        self.see(there_and_back(befallen(mishap, name), seconds))

    def recover(self, name: str, seconds: int) -> None:
        self.see(there_and_back(usual(name), seconds))


@cache
def known(name: str) -> CameraHealth:
    """A camera whose view is known, at 190 s."""
    camera = Watched()
    camera.recover(name, 90)
    assert camera.changes == []
    return camera.health


def settled(name: str, settings: HealthConfig = SETTINGS) -> Watched:
    return Watched(settings, known(name), now=190.0)


MISHAPS: list[tuple[Mishap, Fault]] = [
    (mishaps.black, "dark"),
    (mishaps.blown_out, "blown_out"),
    (mishaps.out_of_focus, "defocused"),
    (mishaps.breathed_upon, "defocused"),
    (mishaps.hand, "covered"),
    (mishaps.shifted, "moved"),
    (mishaps.rotated, "moved"),
    (mishaps.glare, "glare"),
    (mishaps.web, "glare"),
]


@pytest.mark.parametrize("name", ["walkers.mp4", "empty.mp4"])
@pytest.mark.parametrize(
    ("mishap", "fault"), MISHAPS, ids=lambda value: getattr(value, "__name__", value)
)
def test_a_mishap_is_told_by_its_name_and_is_over_when_it_is_over(
    name: str, mishap: Mishap, fault: Fault
) -> None:
    camera = settled(name)
    began = camera.now
    camera.befall(mishap, name, 90)
    assert camera.health.faults == (fault,)
    ended = camera.now
    camera.recover(name, 40)
    assert [faults for _, faults in camera.changes] == [(fault,), ()]
    (told, _), (over, _) = camera.changes
    patience_s = SETTINGS.glare_s if fault == "glare" else SETTINGS.enter_s
    assert patience_s <= told - began <= patience_s + 5
    assert SETTINGS.leave_s <= over - ended <= SETTINGS.leave_s + 5


@pytest.mark.parametrize(
    "weather",
    [mishaps.dim, mishaps.fog, lambda image, seed: mishaps.shifted(image, seed, 0.02)],
    ids=["dusk", "fog", "sway"],
)
def test_dusk_fog_and_a_swaying_mast_are_no_faults(weather: Mishap) -> None:
    camera = settled("walkers.mp4")
    camera.befall(weather, "walkers.mp4", 120)
    camera.recover("walkers.mp4", 60)
    assert camera.changes == []


def test_lights_that_go_on_and_off_are_no_faults() -> None:
    camera = settled("walkers.mp4")
    for _ in range(5):
        camera.befall(mishaps.dim, "walkers.mp4", 25)
        camera.recover("walkers.mp4", 25)
    assert camera.changes == []


def test_of_a_whole_night_without_a_lamp_only_the_darkness_is_told() -> None:
    camera = settled("walkers.mp4")
    dusk = np.geomspace(1.0, 0.02, 150)
    for share in (*dusk, *dusk[::-1]):
        frame = scene("walkers.mp4")[int(camera.now) % 40]
        camera.see([grey(mishaps.dim(frame, int(camera.now), share))], every_s=6.0)
    assert [faults for _, faults in camera.changes] == [("dark",), ()]


@pytest.mark.parametrize("mishap", [mishaps.lorry, mishaps.hand, mishaps.black, mishaps.glare])
def test_what_passes_before_the_lens_is_no_fault(mishap: Mishap) -> None:
    camera = settled("walkers.mp4")
    for _ in range(6):
        camera.befall(mishap, "walkers.mp4", 15)
        camera.recover("walkers.mp4", 5)
    assert camera.changes == []


def test_a_lorry_that_stays_before_the_lens_is_told_once() -> None:
    camera = settled("walkers.mp4")
    camera.befall(mishaps.lorry, "walkers.mp4", 300)
    assert [len(faults) for _, faults in camera.changes] == [1]
    camera.recover("walkers.mp4", 40)
    assert camera.health.faults == ()


def test_equal_pictures_are_frozen_and_a_running_clock_in_them_does_not_hide_it() -> None:
    camera = settled("walkers.mp4")
    began, still = camera.now, scene("walkers.mp4")[10]
    for n in range(80):
        shown = still.copy()
        cv2.putText(shown, f"12:00:{n % 60:02}", (8, 24), cv2.FONT_HERSHEY_PLAIN, 1.0, (255,) * 3)
        camera.see([grey(shown)])
    ((told, faults),) = camera.changes
    assert faults == ("frozen",)
    assert 60 <= told - began <= 62
    camera.recover("walkers.mp4", 20)
    assert camera.health.faults == ()


def test_an_encoder_that_repeats_a_still_scene_until_its_next_key_frame_is_alive() -> None:
    camera = settled("empty.mp4")
    for key in range(6):
        camera.see([grey(mishaps.noisy(scene("empty.mp4")[0], 2, key))] * 20)
    assert camera.changes == []


def test_a_still_scene_with_the_noise_of_a_sensor_is_alive() -> None:
    camera = settled("empty.mp4")
    camera.see(grey(mishaps.noisy(scene("empty.mp4")[0], 1, n)) for n in range(150))
    assert camera.changes == []


def test_a_moved_camera_keeps_its_old_view_and_learns_the_new_one_after_a_time() -> None:
    camera = settled("walkers.mp4", HealthConfig(accept_view_s=120))
    camera.befall(mishaps.rotated, "walkers.mp4", 260)
    assert [faults for _, faults in camera.changes] == [("moved",), ()]
    assert 120 <= camera.changes[1][0] - camera.changes[0][0] <= 125
    camera.recover("walkers.mp4", 60)
    camera.befall(mishaps.rotated, "walkers.mp4", 60)
    assert len(camera.changes) == 2
    camera.befall(mishaps.hand, "walkers.mp4", 30)
    assert camera.health.faults == ("covered",)


def test_what_is_covered_is_never_taken_for_the_view() -> None:
    camera = settled("empty.mp4", HealthConfig(accept_view_s=10))
    camera.befall(mishaps.hand, "empty.mp4", 200)
    assert [faults for _, faults in camera.changes] == [("covered",)]


def test_a_fault_that_is_ignored_is_never_given() -> None:
    camera = settled("empty.mp4", HealthConfig(ignore=("moved",)))
    camera.befall(mishaps.rotated, "empty.mp4", 60)
    assert camera.changes == []


def test_switched_off_it_remembers_nothing() -> None:
    picture = grey(scene("empty.mp4")[0])
    assert step(CameraHealth(), picture, 0.0, HealthConfig(enabled=False)) == CameraHealth()


@pytest.mark.parametrize(("off_s", "wrong"), [(7200.0, True), (-7200.0, True), (20.0, False)])
def test_a_claimed_time_that_is_off_for_long_is_a_wrong_clock(off_s: float, wrong: bool) -> None:
    camera = Watched()
    camera.see(usual("empty.mp4")[:40], off_s=off_s)
    assert camera.health.faults == (("clock_wrong",) if wrong else ())
    camera.see(usual("empty.mp4")[:40], off_s=1.0)
    assert camera.health.faults == ()


def test_pictures_that_are_sent_late_after_an_outage_are_no_wrong_clock() -> None:
    camera = Watched()
    for n, picture in enumerate(usual("empty.mp4")[:40]):
        camera.see([picture], off_s=36_000.0 - 600 * n)
    assert camera.changes == []


SIGN = st.sampled_from([True, False, None])


@given(st.lists(st.tuples(SIGN, st.floats(0, 30))), st.floats(0.1, 60), st.floats(0.1, 60))
def test_a_latch_never_turns_faster_than_its_times(
    signs: list[tuple[bool | None, float]], enter_s: float, leave_s: float
) -> None:
    latch, now, turns = Latch(), 0.0, [(0.0, False)]
    for sign, wait_s in signs:
        now += wait_s
        latch = debounce(latch, sign, now, enter_s, leave_s)
        if latch.on != turns[-1][1]:
            turns.append((now, latch.on))
    for (before, _), (after, on) in pairwise(turns):
        assert after - before >= (enter_s if on else leave_s) * 0.999


@given(st.lists(SIGN, max_size=60))
def test_a_latch_turns_only_on_signs_in_a_row_that_agree(signs: list[bool | None]) -> None:
    latch = Latch()
    for n, sign in enumerate(signs):
        before, latch = latch.on, debounce(latch, sign, float(n), 4.0, 4.0)
        if latch.on != before:
            assert n >= 4
            assert signs[n - 4 : n + 1] == [latch.on] * 5


PICTURES = st.one_of(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))),
    st.builds(
        lambda value, seed: np.random.default_rng(seed).integers(0, value, (120, 160), np.uint8),
        st.integers(1, 255),
        st.integers(0, 3),
    ),
)


@given(
    st.lists(
        st.tuples(PICTURES, st.floats(-5, 400), st.none() | st.floats(-1e9, 1e9)), max_size=40
    ),
    st.floats(0.1, 60),
)
def test_no_sequence_of_pictures_and_times_makes_it_raise(
    pictures: list[tuple[GreyImage, float, float | None]], enter_s: float
) -> None:
    health, now = CameraHealth(), 0.0
    for picture, wait_s, off_s in pictures:
        now += wait_s
        health = step(health, picture, now, HealthConfig(enter_s=enter_s, frozen_s=1), off_s)
        assert set(health.faults) <= {"frozen", "dark", "blown_out", "clock_wrong", *_VIEW}


_VIEW = ("defocused", "covered", "moved", "glare")


def _sequences() -> list[tuple[str, Path, float]]:
    found = []
    for name in ("dev", "hard_negatives"):
        manifest = DATA / name / "manifest.json"
        if manifest.is_file():
            told = json.loads(manifest.read_text(encoding="utf-8"))
            found += [(s["id"], DATA / name / s["dir"], float(s["fps"])) for s in told["sequences"]]
    return found


NEEDS_DATA = pytest.mark.skipif(
    not _sequences(), reason="STILLWATCH_DATA names no labelled footage"
)


@NEEDS_DATA
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, _, _ in _sequences()])
def test_recorded_scenes_have_no_fault(name: str) -> None:
    """There and back for four minutes: everybody in them, their shadows, rain, insects, headlights,
    a light switch and a shaking mast."""
    _, folder, fps = next(row for row in _sequences() if row[0] == name)
    camera = Watched()
    camera.see(there_and_back([grey(image) for image in _images(folder)], int(240 * fps)), 1 / fps)
    assert camera.changes == []


@NEEDS_DATA
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, _, _ in _sequences()])
def test_recorded_scenes_show_each_mishap(name: str) -> None:
    """All but glare, which shows only where the scene itself is not as bright. A camera that is
    turned to bare ground may look covered."""
    _, folder, fps = next(row for row in _sequences() if row[0] == name)
    images = list(_images(folder))[:: max(1, round(fps))]
    before = Watched()
    before.see(there_and_back([grey(image) for image in images], 120))
    for mishap, fault in MISHAPS:
        if fault != "glare":
            camera = Watched(health=before.health, now=before.now)
            pictures = [grey(mishap(image, n)) for n, image in enumerate(images[::3])]
            camera.see(there_and_back(pictures, 40))
            told = (mishap.__name__, *camera.health.faults)
            assert told in ((mishap.__name__, fault), ("rotated", "covered"))


def _images(folder: Path) -> Iterator[Image]:
    for file in sorted(folder.glob("*.jpg")):
        yield np.asarray(cv2.imread(str(file)), np.uint8)
