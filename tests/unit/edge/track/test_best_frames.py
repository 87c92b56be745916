"""The frames that show a thing best are kept, few and apart in time."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.config.evidence import EvidenceConfig
from edge.records import BestFrame
from edge.track.best_frames import add, quality, ranked, sharpness
from tests.unit.edge.deliver.candidates import decoded_frame, encoded, scene

FRAME = decoded_frame(encoded(scene()))
BOX = (100.0, 60.0, 140.0, 160.0)
OFFERS = st.lists(
    st.tuples(st.floats(0.05, 2), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=25
)


def best_frame(at_s: float, score: float, sharp: float = 1.0) -> BestFrame:
    return BestFrame(FRAME, BOX, score, at_s, sharp)


@given(OFFERS, st.integers(1, 4), st.floats(0, 1))
def test_the_best_of_all_is_kept_and_the_kept_are_few_and_apart(
    offers: list[tuple[float, float, float]], crops: int, apart_s: float
) -> None:
    evidence = EvidenceConfig(crops=crops, crop_apart_s=apart_s)
    kept: tuple[BestFrame, ...] = ()
    now, offered = 0.0, []
    for step_s, score, sharp in offers:
        now += step_s
        offered.append(best_frame(now, score, sharp))
        kept = add(kept, offered[-1], evidence)
    assert 1 <= len(kept) <= crops
    assert quality(ranked(kept)[0]) == max(map(quality, offered))
    times = [one.at_s for one in kept]
    assert times == sorted(times)
    assert all(b - a >= apart_s for a, b in pairwise(times))


def test_of_equals_the_newer_is_the_best() -> None:
    old, new = best_frame(0, 0.5), best_frame(1, 0.5)
    assert ranked((old, new)) == (new, old)


def test_a_blurred_view_is_worth_less_and_half_at_most() -> None:
    assert quality(best_frame(0, 0.6, 0.0)) == 0.3
    assert quality(best_frame(0, 0.6, 1.0)) == 0.6


def test_sharpness_falls_with_blur_and_not_with_contrast() -> None:
    image = np.random.default_rng(3).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    image = cv2.GaussianBlur(image, (0, 0), 1.0).astype(np.uint8)
    box = (20.0, 20.0, 120.0, 180.0)
    sharp = sharpness(image, box)
    blurred = sharpness(cv2.GaussianBlur(image, (0, 0), 2.0).astype(np.uint8), box)
    pale = sharpness((100 + image * 0.3).astype(np.uint8), box)
    assert sharp > 2 * blurred
    assert abs(pale - sharp) < 0.2 * sharp


def test_what_lies_outside_the_picture_or_is_a_speck_has_no_sharpness() -> None:
    image = scene()
    assert sharpness(image, (-50, -50, -10, -10)) == 0
    assert sharpness(image, (10, 10, 11, 11)) == 0
