"""Day and night as the picture shows them: dark or colourless, and slow to change its mind."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.schema import DayNightConfig, RuleConfig
from edge.rules.day_night import DayNightState, measure, step
from imaging.detections import Image

SETTINGS = DayNightConfig()
CHECKOUT = Path(__file__).resolve().parents[4]


def coloured(luma: int, spread: int = 30) -> Image:
    """A yard of one tone."""
    tone = np.array([luma - spread // 2, luma, luma + spread // 2]).clip(0, 255)
    return np.broadcast_to(tone.astype(np.uint8), (120, 160, 3)).copy()


def watch(images: list[Image], settings: DayNightConfig = SETTINGS, fps: float = 1.0) -> list[bool]:
    state, nights = DayNightState(), []
    for n, image in enumerate(images):
        state = step(state, image, n / fps, settings)
        nights.append(state.night)
    return nights


DAY, NIGHT, DUSK, INFRARED = coloured(120), coloured(20, 10), coloured(50), coloured(90, 0)


@pytest.mark.parametrize(
    ("image", "night"), [(DAY, False), (NIGHT, True), (DUSK, False), (INFRARED, True)]
)
def test_the_first_picture_decides_at_once(image: Image, night: bool) -> None:
    assert watch([image]) == [night]


def test_a_headlight_does_not_make_a_day_and_the_sun_does() -> None:
    assert watch([NIGHT] * 5 + [DAY] * 9 + [NIGHT] * 5) == [True] * 19
    assert watch([NIGHT] * 5 + [DAY] * 15)[-5:] == [False] * 5


def test_between_the_limits_it_stays_as_it_was() -> None:
    assert watch([DAY] + [DUSK] * 60)[-1] is False
    assert watch([NIGHT] + [DUSK] * 60)[-1] is True


def test_after_a_pause_the_first_picture_decides_again() -> None:
    state = step(DayNightState(), DAY, 0.0, SETTINGS)
    assert step(state, NIGHT, 3600.0, SETTINGS).night
    assert not step(state, NIGHT, 1.0, SETTINGS).night


def test_it_can_be_switched_off_and_so_can_infrared() -> None:
    assert watch([NIGHT], DayNightConfig(enabled=False)) == [False]
    assert watch([INFRARED], DayNightConfig(infrared=False)) == [False]


@given(st.lists(st.sampled_from([0, 1]), min_size=2, max_size=60))
def test_it_never_changes_twice_within_its_time(kinds: list[int]) -> None:
    nights = watch([(DAY, NIGHT)[kind] for kind in kinds])
    turns = [n for n in range(1, len(nights)) if nights[n] != nights[n - 1]]
    assert all(b - a >= SETTINGS.hold_s for a, b in itertools.pairwise(turns))


def test_real_pictures_are_day_and_their_grey_is_infrared() -> None:
    street = cv2.imread(str(CHECKOUT / "models" / "self_test" / "street-030.jpg"))
    assert street is not None
    image = np.asarray(street, np.uint8)
    grey = np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))
    sent = cv2.imdecode(cv2.imencode(".jpg", grey)[1], cv2.IMREAD_COLOR)
    assert sent is not None
    assert measure(image)[1] > SETTINGS.day_chroma
    assert measure(np.asarray(sent, np.uint8))[1] < SETTINGS.night_chroma
    assert watch([image]) == [False]
    assert watch([np.asarray(sent, np.uint8)]) == [True]


def test_a_rule_has_its_own_values_by_night_and_keeps_the_others() -> None:
    rule = RuleConfig.model_validate(
        {"id": "a", "labels": ["person"], "threshold": 0.5, "night": {"threshold": 0.3}}
    )
    assert (rule.at_night().threshold, rule.at_night().min_score) == (0.3, rule.min_score)
    assert RuleConfig(id="b", labels=("person",)).at_night() == RuleConfig(
        id="b", labels=("person",)
    )
