"""False alarms by nuisance, people by height, boxes found, and rates of rare things."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.records import Analysed, Motion, Outcome, Quiet
from imaging.detections import Detections
from tests.evaluations import decided, one_frame_a_second
from tools.evaluation.evaluate.breakdown import by_height, by_nuisance, by_walk
from tools.evaluation.evaluate.corpus import Labelled
from tools.evaluation.evaluate.intervals import garwood
from tools.evaluation.evaluate.matching import boxes_seen
from tools.evaluation.evaluate.observed import BoxSeen
from tools.evaluation.evaluate.score import score

MOVED = Motion(moved=True, why="motion", regions=(), share=0.1)


def looked(*people: tuple[float, float, float, float], label: str = "person") -> Outcome:
    return Analysed(
        motion=MOVED,
        detections=Detections(
            boxes=np.array(people, np.float32).reshape(-1, 4),
            scores=np.full(len(people), 0.5, np.float32),
            labels=(label,) * len(people),
        ),
        image=np.zeros((4, 4, 3), np.uint8),
        candidates=(),
    )


def labelled(*boxes: tuple[float, float, float, float], label: str = "person") -> Labelled:
    rows = [{"class": label, "xyxy": box} for box in boxes]
    return Labelled.model_validate({"file": "a.jpg", "boxes": rows})


@pytest.mark.parametrize(
    ("count", "hours", "low", "high"),
    [(0, 10.0, 0.0, 0.3689), (1, 10.0, 0.002532, 0.5572), (10, 1.0, 4.7954, 18.3904)],
)
def test_garwood_agrees_with_published_tables(
    count: int, hours: float, low: float, high: float
) -> None:
    assert garwood(count, hours) == pytest.approx((low, high), rel=1e-3)


@given(st.integers(0, 500), st.floats(0.01, 1e4))
def test_the_interval_of_a_rate_holds_the_rate(count: int, hours: float) -> None:
    low, high = garwood(count, hours) or (1.0, 0.0)
    assert 0 <= low <= count / hours < high


def test_no_hours_give_no_interval() -> None:
    assert garwood(0, 0.0) is None


def test_false_alarms_stand_under_their_nuisance_and_under_all() -> None:
    quiet = replace(one_frame_a_second(), nuisance="rain")
    loud = replace(
        one_frame_a_second(decided(15.0), decided(20.0, decision="refuted")), nuisance="snow"
    )
    real = one_frame_a_second(decided(16.0))
    rows = by_nuisance([score(run) for run in (quiet, loud, real)])
    assert [(row.name, row.false.edge, row.false.confirmed) for row in rows] == [
        ("rain", 0, 0),
        ("snow", 2, 1),
        ("all", 2, 1),
    ]
    assert rows[-1].false.hours == pytest.approx(80 / 3600)


def test_a_corpus_without_nuisances_has_no_such_table() -> None:
    assert by_nuisance([score(one_frame_a_second())]) == ()


def test_unevenly_spaced_frames_stand_for_the_time_that_is_said() -> None:
    run = replace(one_frame_a_second(), nuisance="rain", lasts_s=3600.0)
    assert by_nuisance([score(run)])[0].false.hours == 1.0


def test_who_is_entering_is_not_asked_for() -> None:
    entering = labelled((0, 0, 10, 30)).boxes[0].model_copy(update={"partial": True})
    frame = labelled((0, 0, 10, 30)).model_copy(update={"boxes": (entering,)})
    assert boxes_seen(frame, 1.0, looked((0, 0, 10, 30))) == ()


def test_a_box_is_found_by_a_person_that_overlaps_it_enough() -> None:
    frame = labelled((0, 0, 10, 30))
    assert [box.found for box in boxes_seen(frame, 1.0, looked((0, 0, 10, 20)))] == [True]
    assert [box.found for box in boxes_seen(frame, 1.0, looked((0, 0, 10, 14)))] == [False]
    assert [box.found for box in boxes_seen(frame, 1.0, looked((0, 0, 10, 30), label="dog"))] == [
        False
    ]


def test_one_detection_finds_one_box() -> None:
    frame = labelled((0, 0, 10, 30), (1, 0, 11, 30))
    seen = boxes_seen(frame, 1.0, looked((1, 0, 11, 30)))
    assert [box.found for box in seen] == [False, True]


def test_a_quiet_frame_finds_nobody() -> None:
    seen = boxes_seen(labelled((0, 0, 10, 30)), 1.0, Quiet(motion=replace(MOVED, moved=False)))
    assert [(box.analysed, box.found) for box in seen] == [(False, False)]


def test_other_things_than_people_have_no_boxes() -> None:
    assert boxes_seen(labelled((0, 0, 9, 9), label="bowl"), 1.0, looked()) == ()


def test_people_are_sorted_into_bands_by_their_height() -> None:
    boxes = tuple(
        BoxSeen(t=float(t), height_px=height, visible=1.0, analysed=True, found=found)
        for t, height, found in ((4, 18.0, False), (6, 19.0, True), (30, 90.0, True))
    )
    run = replace(one_frame_a_second(decided(31.0)), boxes=boxes, walk="walk_day")
    small, tall = by_height([score(run)])
    assert (small.name(), small.confirmed.whole, small.confirmed.part) == ("16 to 20", 1, 0)
    assert (tall.name(), tall.confirmed.whole, tall.confirmed.part) == ("80 to 120", 1, 1)
    assert (small.boxes.whole, small.boxes.part, tall.boxes.value()) == (2, 1, 1.0)
    assert list(by_walk([score(run)])) == ["walk_day"]
