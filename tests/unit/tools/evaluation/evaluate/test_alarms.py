"""Alarms: which find an event, after how long, which are false, and what plain motion would do."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.evaluation.evaluate.events import (
    MOTION_AGAIN_S,
    MOTION_GAP_S,
    Alarm,
    AlarmKind,
    AtBox,
    Label,
    LabelledEvent,
    MotionAlarm,
    ObjectClass,
    Timeline,
    class_of,
    delay_of,
    is_about_nothing,
    kind_of,
    motion_alarms,
)

FPS = 2.0
EVENT = LabelledEvent(cls="person", start_s=10.0, end_s=20.0)
_LABELS: dict[str, Label] = {"T": True, ".": False, "n": None}


def alarm(raised_s: float, until_s: float | None = None, cls: ObjectClass = "person") -> Alarm:
    return Alarm(cls=cls, raised_s=raised_s, until_s=raised_s if until_s is None else until_s)


def timeline(
    person: str, vehicle: str | None = None, bicycle: str | None = None, parked: bool = False
) -> Timeline:
    def row(text: str | None) -> tuple[Label, ...]:
        return tuple(_LABELS[letter] for letter in text or "." * len(person))

    return Timeline(
        times=tuple(frame / FPS for frame in range(len(person))),
        labels={"person": row(person), "vehicle": row(vehicle), "bicycle": row(bicycle)},
        parked=(parked,) * len(person),
    )


@pytest.mark.parametrize(
    ("alarms", "delay_s"),
    [
        ([], None),
        ([alarm(12.5)], 2.5),
        ([alarm(10.0)], 0.0),
        ([alarm(20.0)], 10.0),
        ([alarm(21.0)], 11.0),
        ([alarm(21.5)], None),
        ([alarm(9.0)], 0.0),
        ([alarm(8.5)], None),
        ([alarm(3.0, until_s=10.0)], 0.0),
        ([alarm(3.0, until_s=9.5)], None),
        ([alarm(12.5, cls="vehicle")], None),
        ([alarm(15.0), alarm(11.0), alarm(13.0)], 1.0),
        ([alarm(12.0), alarm(3.0, until_s=30.0)], 0.0),
    ],
    ids=[
        "no alarm misses it",
        "raised within",
        "raised at its start",
        "raised at its end",
        "a second late still finds it",
        "more than a second late does not",
        "a second early finds it at once",
        "more than a second early and over does not",
        "already running finds it at once",
        "ended before it starts does not",
        "another class does not",
        "the earliest counts",
        "a running one beats one raised within",
    ],
)
def test_an_event_is_found_by(alarms: list[Alarm], delay_s: float | None) -> None:
    assert delay_of(EVENT, alarms) == delay_s


def test_an_alarm_over_a_true_frame_is_right() -> None:
    assert kind_of(alarm(1.0), timeline("..T.")) is AlarmKind.RIGHT


def test_an_alarm_over_a_null_frame_is_not_false() -> None:
    assert kind_of(alarm(1.0), timeline("..n.")) is AlarmKind.RIGHT


def test_an_alarm_over_nothing_is_false() -> None:
    assert kind_of(alarm(0.5), timeline("..T.")) is AlarmKind.FALSE


def test_an_alarm_whose_track_lives_until_the_event_touches_it() -> None:
    assert kind_of(alarm(0.0, until_s=1.0), timeline("..T.")) is AlarmKind.RIGHT


def test_an_alarm_after_its_event_is_false_even_within_the_second_that_finds_the_event() -> None:
    late = alarm(1.5)
    assert kind_of(late, timeline("TTT.")) is AlarmKind.FALSE
    assert delay_of(LabelledEvent(cls="person", start_s=0.0, end_s=1.0), [late]) == 1.5


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (AtBox.UNKNOWN, AlarmKind.RIGHT),
        (AtBox.THING, AlarmKind.RIGHT),
        (AtBox.STATIC, AlarmKind.STATIC),
        (AtBox.OTHER_THING, AlarmKind.WRONG_CLASS),
        (AtBox.NOTHING, AlarmKind.WRONG_PLACE),
    ],
)
def test_who_is_in_view_excuses_no_alarm_about_something_else(
    place: AtBox, kind: AlarmKind
) -> None:
    there = replace(alarm(1.0), place=place)
    assert kind_of(there, timeline("..T.")) is kind


def test_an_alarm_around_nothing_while_nobody_is_in_view_is_about_nothing() -> None:
    assert kind_of(replace(alarm(1.0), place=AtBox.NOTHING), timeline("....")) is AlarmKind.FALSE


def test_an_alarm_about_a_parked_car_finds_no_event() -> None:
    right = alarm(12.0)
    assert delay_of(EVENT, [replace(right, place=AtBox.STATIC)]) is None
    assert delay_of(EVENT, [replace(right, place=AtBox.THING)]) == 2.0


def test_an_alarm_where_another_class_is_true_is_of_the_wrong_class() -> None:
    assert kind_of(alarm(1.0), timeline("....", vehicle="..T.")) is AlarmKind.WRONG_CLASS


def test_an_alarm_where_another_class_is_null_is_false() -> None:
    assert kind_of(alarm(1.0), timeline("....", vehicle="..n.")) is AlarmKind.FALSE


def test_an_alarm_about_a_parked_vehicle_is_false() -> None:
    assert kind_of(alarm(1.0, cls="vehicle"), timeline("....", parked=True)) is AlarmKind.FALSE


def test_a_bicycle_is_excused_by_its_rider_and_by_a_bicycle_but_not_by_a_car() -> None:
    bicycle = alarm(1.0, cls="bicycle")
    assert kind_of(bicycle, timeline("..T.")) is AlarmKind.RIGHT
    assert kind_of(bicycle, timeline("....", bicycle="..T.")) is AlarmKind.RIGHT
    assert kind_of(bicycle, timeline("....", vehicle="..T.")) is AlarmKind.WRONG_CLASS
    assert kind_of(bicycle, timeline("....")) is AlarmKind.FALSE


def test_a_person_is_not_excused_by_a_bicycle() -> None:
    assert kind_of(alarm(1.0), timeline("....", bicycle="..T.")) is AlarmKind.WRONG_CLASS


@pytest.mark.parametrize(
    ("label", "cls"),
    [
        ("person", "person"),
        ("bicycle", "bicycle"),
        ("car", "vehicle"),
        ("motorcycle", "vehicle"),
        ("bus", "vehicle"),
        ("truck", "vehicle"),
        ("dog", None),
    ],
)
def test_labels_are_scored_as(label: str, cls: ObjectClass | None) -> None:
    assert class_of(label) == cls


def test_moving_frames_at_most_the_gap_apart_are_one_motion_alarm() -> None:
    assert motion_alarms([1.0, 1.5, 11.5, 21.5]) == (MotionAlarm(raised_s=1.0, until_s=21.5),)


def test_motion_after_the_gap_is_a_new_motion_alarm() -> None:
    assert motion_alarms([1.0, 11.5]) == (
        MotionAlarm(raised_s=1.0, until_s=1.0),
        MotionAlarm(raised_s=11.5, until_s=11.5),
    )


def test_motion_that_goes_on_is_told_again() -> None:
    alarms = motion_alarms([float(t) for t in range(150)])
    assert [alarm.raised_s for alarm in alarms] == [0.0, 60.0, 120.0]
    assert alarms[-1].until_s == 149.0


@given(st.lists(st.floats(0, 5000), unique=True))
def test_every_moving_frame_is_in_one_motion_alarm_and_the_gaps_in_none(times: list[float]) -> None:
    alarms = motion_alarms(sorted(times))
    for t in times:
        assert sum(alarm.raised_s <= t <= alarm.until_s for alarm in alarms) == 1
    for alarm in alarms:
        within = [t for t in sorted(times) if alarm.raised_s <= t <= alarm.until_s]
        assert within[0] == alarm.raised_s
        assert all(b - a <= MOTION_GAP_S + 1e-3 for a, b in pairwise(within))
        assert alarm.until_s - alarm.raised_s < MOTION_AGAIN_S


def test_no_motion_gives_no_motion_alarm() -> None:
    assert motion_alarms([]) == ()


def test_motion_is_evaluated_as_an_alarm_of_the_class_that_one_watches_for() -> None:
    motion = MotionAlarm(raised_s=0.5, until_s=1.0)
    there = timeline("..T.")
    assert kind_of(motion.about("person"), there) is AlarmKind.RIGHT
    assert kind_of(motion.about("vehicle"), there) is AlarmKind.WRONG_CLASS
    assert kind_of(motion.about("person"), timeline("....")) is AlarmKind.FALSE


@pytest.mark.parametrize(("letter", "nothing"), [("T", False), ("n", False), (".", True)])
def test_motion_is_about_nothing_where_every_class_is_labelled_absent(
    letter: str, nothing: bool
) -> None:
    motion = MotionAlarm(raised_s=0.5, until_s=1.0)
    there = f".{letter}.."
    assert is_about_nothing(motion, timeline(there)) is nothing
    assert is_about_nothing(motion, timeline("....", vehicle=there)) is nothing
    assert is_about_nothing(motion, timeline("....", bicycle=there)) is nothing
