"""Whether people look squeezed is decided by many pictures, and asked ever more seldom."""

import numpy as np
import pytest

from edge.detect.pixel_aspect import AspectEstimate, estimate_aspect, looks_squeezed
from imaging.detections import Detections, Image, no_detections

TALL = np.zeros((432, 384, 3), np.uint8)


class Scores:
    """Finds one person 100 px tall, as sure as `scores` says for each aspect, `wide` px wide."""

    def __init__(self, scores: dict[float, float], wide: float, left: float = 100.0) -> None:
        self.scores, self.wide, self.left = scores, wide, left
        self.calls = 0

    @property
    def input_size(self) -> tuple[int, int]:
        return 416, 416

    def detect(self, image: Image, aspect: float = 1.0) -> Detections:
        assert image.shape == TALL.shape or image.size
        self.calls += 1
        score = self.scores[aspect]
        if not score:
            return no_detections()
        box = (self.left, 100.0, self.left + self.wide, 200.0)
        return Detections(
            boxes=np.array([box], np.float32),
            scores=np.array([score], np.float32),
            labels=("person",),
        )


def after(detector: Scores, pictures: int, every_s: float = 0.6) -> AspectEstimate:
    known = AspectEstimate()
    for number in range(pictures):
        known, _ = estimate_aspect(known, detector, TALL, number * every_s)
    return known


@pytest.mark.parametrize(
    ("plain", "stretched", "wide", "proposed"),
    [
        (0.5, 0.8, 25, 2.0),  # slim and surer stretched
        (0.0, 0.8, 22, 2.0),  # not found at all but stretched
        (0.8, 0.5, 25, None),  # surer as they are
        (0.55, 0.5, 25, None),  # hardly less
        (0.5, 0.8, 45, None),  # not slim: seen from above
        (0.0, 0.8, 8, None),  # nobody is five times as high as wide
        (0.0, 0.0, 25, None),
    ],
)
def test_slim_people_who_are_surer_stretched_are_squeezed(
    plain: float, stretched: float, wide: float, proposed: float | None
) -> None:
    assert after(Scores({1.0: plain, 2.0: stretched}, wide), 30).proposed == proposed


def test_few_pictures_prove_nothing_and_people_cut_by_the_border_neither() -> None:
    surer = {1.0: 0.4, 2.0: 0.9}
    assert after(Scores(surer, 25), 7).proposed is None
    assert after(Scores(surer, 25), 8).proposed is None  # within 5 s: one pose
    assert after(Scores(surer, 25), 12).proposed == 2.0
    assert after(Scores(surer, 25, left=0.0), 60).proposed is None


def test_it_costs_two_inferences_at_most_twice_a_second_then_once_a_minute_then_none() -> None:
    undecided = Scores({1.0: 0.5, 2.0: 0.5}, 25)
    after(undecided, 1500, every_s=0.1)
    assert undecided.calls == 2 * 300
    surer = Scores({1.0: 0.4, 2.0: 0.9}, 25)
    after(surer, 1500)
    assert surer.calls <= 2 * 12


def test_another_size_begins_anew() -> None:
    surer = Scores({1.0: 0.4, 2.0: 0.9}, 25)
    known, _ = estimate_aspect(after(surer, 30), surer, np.zeros((576, 384, 3), np.uint8), 100.0)
    assert known.proposed is None


def test_no_usual_size_looks_squeezed() -> None:
    usual = (
        *((1920, 1080), (1280, 720), (640, 480), (640, 360), (2560, 1440), (3840, 2160)),
        *((800, 600), (1600, 1200), (1280, 1024), (1080, 1920), (720, 1280), (768, 432)),
        *((768, 576), (320, 240), (640, 352), (400, 300), (300, 200), (128, 128), (480, 640)),
    )
    assert not [size for size in usual if looks_squeezed(size)]
    assert all(looks_squeezed(size) for size in [(960, 1080), (384, 432), (384, 576), (960, 1088)])
