"""Camera health on real frames: every mishap is told by its name, and nothing else ever is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge.config.health import Fault, HealthConfig
from edge.health.camera_health import CameraHealth, step
from imaging.detections import GreyImage
from tests.unit.edge.health import mishaps
from tests.unit.edge.health.watched_camera import (
    MISHAPS,
    SETTINGS,
    Mishap,
    Watched,
    grey,
    scene,
    settled,
    usual,
)


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
