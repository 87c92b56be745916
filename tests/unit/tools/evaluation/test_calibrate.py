"""Halves that stay what they are, and limits that follow from the false places."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.labels import Group
from imaging.detections import no_detections
from tests.unit.cloud.reports import saw
from tools.evaluation.calibrate.places import (
    FALSE_SHARE,
    LEAST,
    LabelledStill,
    ScoredPlace,
    SuspectedPlace,
    at_scale,
    choose,
    half_of,
    places,
    share,
)

SCORES = st.lists(st.floats(0, 1).map(lambda score: round(score, 4)), max_size=60)


def asked(true: list[float], false: list[float], kind: Group = "person") -> list[ScoredPlace]:
    return [
        ScoredPlace(place=SuspectedPlace(kind=kind, true=is_true, box=(0, 0, 20, 40)), score=score)
        for is_true, scores in ((True, true), (False, false))
        for score in scores
    ]


@given(SCORES, SCORES)
def test_no_more_false_places_reach_a_limit_than_are_allowed(
    true: list[float], false: list[float]
) -> None:
    kinds: tuple[Group, ...] = ("person", "vehicle")
    for kind in kinds:
        ones = asked(true, false, kind)
        limit = choose(ones, kind)
        assert limit >= LEAST
        assert share(ones, limit, true=False).part <= FALSE_SHARE[kind] * len(false)


def test_a_limit_is_not_higher_than_it_has_to_be() -> None:
    assert choose(asked([], [0.41, 0.2], "vehicle"), "vehicle") == 0.42
    assert choose(asked([0.9], [0.1], "vehicle"), "vehicle") == LEAST


def test_a_still_stays_in_its_half_wherever_it_lies() -> None:
    assert half_of("stills/000000000009.jpg") == half_of("elsewhere/000000000009.jpg")
    halves = [half_of(f"{number:012d}.jpg") for number in range(200)]
    assert 70 < halves.count("reported") < 130


def a_still() -> LabelledStill:
    return LabelledStill(
        file="a.jpg",
        image=np.full((200, 300, 3), 90, np.uint8),
        boxes=np.array([[10, 10, 50, 110], [60, 10, 80, 60], [100, 20, 180, 100]], np.float32),
        labels=("person", "person", "dog"),
        absent=frozenset({"vehicle"}),
    )


def test_true_places_are_labelled_things_and_false_ones_others_where_the_class_is_absent() -> None:
    suspected = saw(("car", 0.2, (200, 50, 260, 90)), ("person", 0.3, (0, 0, 20, 40)))
    found = list(places(a_still(), suspected))
    assert [(one.kind, one.true, one.box) for one in found] == [
        ("person", True, (10, 10, 50, 110)),
        ("vehicle", False, (100, 20, 180, 100)),
        ("vehicle", False, (200, 50, 260, 90)),
    ]


def test_a_distant_scene_has_smaller_things_and_specks_are_not_asked_about() -> None:
    small = at_scale(a_still(), 0.25)
    assert small.image.shape == (50, 75, 3)
    assert [one.height_px for one in places(small, no_detections())] == [20.0]
