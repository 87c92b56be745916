"""The close-up of an archived picture is the crop that a gateway would have sent."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cloud.stages.closeup import MARGIN, MOST, MOST_PX, QUALITY, close_up, wanted
from edge.config.schema import EvidenceConfig
from imaging.crop import cut, square
from tests.unit.cloud.stages.archives import row
from tests.unit.imaging.pictures import encoded, scene

IMAGE = scene(160, 120)
SIDES = st.floats(-20, 180)


@given(SIDES, SIDES, SIDES, SIDES)
def test_it_is_cut_and_coded_as_on_the_edge(a: float, b: float, c: float, d: float) -> None:
    box = (min(a, b), min(c, d), max(a, b), max(c, d))
    region = square((160, 120), box, MARGIN)
    crop = cut(IMAGE, region, MOST_PX)
    sent = encoded(crop, ".jpg", cv2.IMWRITE_JPEG_QUALITY, QUALITY)
    arrived = cv2.imdecode(np.frombuffer(sent, np.uint8), cv2.IMREAD_COLOR)
    shown, share = close_up(IMAGE, box)
    assert np.array_equal(shown, arrived)
    assert share == (region[0] / 160, region[1] / 120, region[2] / 160, region[3] / 120)


def test_its_numbers_are_the_defaults_of_the_edge() -> None:
    defaults = EvidenceConfig()
    assert (defaults.crop_margin, defaults.crop_max_px, defaults.jpeg_quality) == (
        MARGIN, MOST_PX, QUALITY,
    )  # fmt: skip


def test_only_middling_scores_are_worth_it_and_not_too_many() -> None:
    rows = tuple(row("person", score) for score in (0.9, 0.5, 0.49, 0.35, 0.2, 0.19))
    assert wanted(rows) == (2, 3, 4)
    assert len(wanted((row("car", 0.3),) * 20)) == MOST
