"""A simulated night of twelve hours, from edge to cloud: at most one alert for each thing that
stands there, and one for everybody who walks past it."""

from __future__ import annotations

import pytest

from tests.scenes.evaluated import Json, composed

pytestmark = pytest.mark.timeout(900)

HOURS = 12
PAUSE_S = 180
"""Between frames while nothing happens, so that the night has some 600 of them."""
WALKS = 4


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """The only sequence of the report."""
    scene = ["--scenes", "night", "--places", "plaza", "--walkers", "1"]
    return composed(tmp_path_factory, *scene, "--pause", str(PAUSE_S)).sequence


def test_the_night_is_a_long_one_with_things_that_stand_there(night: Json) -> None:
    assert night["duration_s"] == HOURS * 3600
    assert night["frames"] > HOURS * 3600 / PAUSE_S
    names = {thing["name"] for thing in night["static_objects"]}
    assert names == {"van", "statue", "poster", "parked_van", "parked_car"}


def test_each_thing_that_stands_there_is_told_at_most_once(night: Json) -> None:
    often = {
        thing["name"]: thing["confirmed_s"]
        for thing in night["static_objects"]
        if len(thing["confirmed_s"]) > 1
    }
    assert often == {}


def test_nobody_is_told_of_anything_while_nobody_is_there(night: Json) -> None:
    about_things = sum(len(thing["confirmed_s"]) for thing in night["static_objects"])
    assert night["false_alarms"] <= about_things


def test_everybody_who_walks_past_is_told_for_themselves(night: Json) -> None:
    walks = [event for event in night["event_list"] if event["class"] == "person"]
    assert len(walks) == WALKS
    told_s = [
        decided["raised_s"]
        for decided in night["suspicion_list"]
        if decided["decision"] == "confirmed" and decided["about"] == "person"
    ]
    missed = [
        walk
        for walk in walks
        if not any(walk["start_s"] - 1 <= t <= walk["end_s"] + 1 for t in told_s)
    ]
    assert missed == []
