"""What a camera says of motion changes the rate, and never blinds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.frame_rate import FrameRateLimit
from bridge.motion_hints import HOLD_S, MAX_SOURCES, STALE_S, MotionHints
from bridge.motion_messages import MotionMessage, motion_message

CELL = "tns1:RuleEngine/CellMotionDetector/Motion"
PEOPLE = "tns1:RuleEngine/MyRuleDetector/PeopleDetect"
LONG_AGO = HOLD_S + 1


def event(topic: str, rule: str = "0", **data: str) -> dict[str, object]:
    return {"topic": topic, "source": {"Rule": rule}, "data": data}


def hints(*events: dict[str, object], at: float = 0.0) -> MotionHints:
    made = MotionHints(rate_fps=4.0, idle_fps=1.0)
    made.subscribed(at)
    made.heard(list(events), at)
    return made


@pytest.mark.parametrize(
    ("topic", "data", "about", "moving"),
    [
        (CELL, {"IsMotion": "true"}, "motion", True),
        (CELL, {"IsMotion": " FALSE "}, "motion", False),
        ("tns1:VideoSource/MotionAlarm", {"State": "1"}, "motion", True),
        ("tns1:VideoSource/tnsx:MotionAlarm", {"State": "0"}, "motion", False),
        (PEOPLE, {"State": "true"}, "object", True),
        (PEOPLE, {"IsPeople": "false"}, "object", False),
        ("tns1:RuleEngine/MyRuleDetector/DogCatDetect", {"State": "true"}, "object", True),
        (
            "tns1:RuleEngine/FieldDetector/ObjectsInside",
            {"ObjectId": "1", "IsInside": "false"},
            "object",
            False,
        ),
        ("tns1:RuleEngine/LineDetector/Crossed", {"ObjectId": "0"}, "object", None),
    ],
)
def test_motion_is_understood_as_cameras_write_it(
    topic: str, data: dict[str, str], about: str, moving: bool | None
) -> None:
    said = motion_message(event(topic, **data))
    assert said is not None
    assert (said.about, said.moving) == (about, moving)


@pytest.mark.parametrize(
    ("topic", "data"),
    [
        (CELL, {"IsMotion": "perhaps"}),
        (CELL, {}),
        (CELL, {"ObjectId": "1"}),
        ("tns1:RuleEngine/TamperDetector/Tamper", {"IsTamper": "true"}),
        ("tns1:RuleEngine/MyRuleDetector/Visitor", {"State": "false"}),
        ("tns1:Device/Trigger/DigitalInput", {"LogicalState": "true"}),
        ("", {"State": "true"}),
        ("VideoSource/MotionAlarm/" + "x" * 100_000, {"State": "true"}),
    ],
)
def test_what_is_not_about_motion_is_no_hint(topic: str, data: dict[str, str]) -> None:
    assert motion_message(event(topic, **data)) is None
    assert hints(event(topic, **data)).state(0).counts == {"subscribed": 1, "ignored": 1}


@given(
    st.dictionaries(
        st.sampled_from(["topic", "source", "data"]),
        st.one_of(
            st.text(), st.none(), st.integers(), st.dictionaries(st.text(), st.text(), max_size=3)
        ),
    )
)
def test_no_event_makes_it_raise(said: dict[str, object]) -> None:
    assert isinstance(motion_message(said), MotionMessage | None)


def test_the_idle_rate_holds_only_where_a_detector_of_motion_says_no() -> None:
    assert hints().rate_fps(LONG_AGO) == 4.0
    assert hints(event(PEOPLE, State="false")).rate_fps(LONG_AGO) == 4.0
    assert hints(event(CELL, IsMotion="false")).rate_fps(LONG_AGO) == 1.0
    assert hints().state(0).reason == "waiting"


def test_motion_of_any_detector_raises_it_until_a_while_after_its_end() -> None:
    made = hints(event(CELL, IsMotion="false"))
    made.heard([event(PEOPLE, State="true")], 20)
    assert (made.rate_fps(21), made.state(21).reported) == (4.0, "moving")
    made.heard([event(PEOPLE, State="false")], 40)
    made.heard([], 45)
    assert (made.rate_fps(40 + HOLD_S - 1), made.rate_fps(40 + HOLD_S)) == (4.0, 1.0)


def test_one_area_that_rests_does_not_end_the_motion_of_another() -> None:
    made = hints(event(CELL, "a", IsMotion="true"), event(CELL, "b", IsMotion="false"))
    made.heard([], 25)
    assert made.rate_fps(LONG_AGO) == 4.0


def test_a_line_that_was_crossed_counts_for_a_while() -> None:
    made = hints(event(CELL, IsMotion="false"))
    made.heard([event("tns1:RuleEngine/LineDetector/Crossed", ObjectId="7")], 20)
    assert (made.rate_fps(20), made.rate_fps(20 + HOLD_S)) == (4.0, 1.0)


def test_where_nobody_listens_the_configured_rate_holds_and_why_is_said() -> None:
    made = MotionHints(4.0, 1.0)
    assert (made.rate_fps(0), made.state(0).reason) == (4.0, "starting")
    made = hints(event(CELL, IsMotion="false"))
    assert made.rate_fps(STALE_S) == 1.0
    assert made.rate_fps(STALE_S + 1) == 4.0
    assert made.state(STALE_S + 1).reason == "stalled"
    made.lost("unreachable", "no route")
    assert (made.rate_fps(1), made.state(1).reason, made.state(1).detail) == (
        4.0,
        "unreachable",
        "no route",
    )
    made.subscribed(20)
    assert made.rate_fps(21) == 4.0


def test_more_detectors_than_a_camera_has_do_no_harm() -> None:
    many = [event(CELL, str(number), IsMotion="false") for number in range(3 * MAX_SOURCES)]
    made = hints(*many)
    assert made.rate_fps(1) == 4.0
    assert made.rate_fps(LONG_AGO) == 1.0


@given(
    changes=st.lists(
        st.tuples(st.floats(0, 3), st.sampled_from([0.5, 2.0, 5.0])), min_size=1, max_size=100
    )
)
def test_a_rate_that_changes_is_never_exceeded_nor_undercut(
    changes: list[tuple[float, float]],
) -> None:
    limit, now, last_s = FrameRateLimit(2.0), 100.0, None
    for gap, rate in changes:
        now += gap
        limit.change(rate, now)
        assert limit.wait_s(now) <= 1 / rate + 1e-9
        if limit.due(now):
            assert last_s is None or now - last_s >= 0.5 / 5.0 - 1e-9
            last_s = now
        else:
            assert last_s is not None
            assert now - last_s <= 1 / 0.5 + 1e-9
