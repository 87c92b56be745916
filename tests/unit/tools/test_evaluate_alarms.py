"""Alarms: which find an event, after how long, which are false, and what plain motion would do."""

import pytest

from tools.evaluate.alarms import (
    Alarm,
    Kind,
    MotionAlarm,
    class_of,
    delay_of,
    is_false_motion,
    kind_of,
    motion_alarms,
)
from tools.evaluate.events import Event, Label, ObjectClass, Timeline

FPS = 2.0
EVENT = Event(cls="person", start_s=10.0, end_s=20.0)
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
    assert kind_of(alarm(1.0), timeline("..T.")) is Kind.RIGHT


def test_an_alarm_over_a_null_frame_is_not_false() -> None:
    assert kind_of(alarm(1.0), timeline("..n.")) is Kind.RIGHT


def test_an_alarm_over_nothing_is_false() -> None:
    assert kind_of(alarm(0.5), timeline("..T.")) is Kind.FALSE


def test_an_alarm_whose_track_lives_until_the_event_touches_it() -> None:
    assert kind_of(alarm(0.0, until_s=1.0), timeline("..T.")) is Kind.RIGHT


def test_an_alarm_after_its_event_is_false_even_within_the_second_that_finds_the_event() -> None:
    late = alarm(1.5)
    assert kind_of(late, timeline("TTT.")) is Kind.FALSE
    assert delay_of(Event(cls="person", start_s=0.0, end_s=1.0), [late]) == 1.5


def test_an_alarm_where_another_class_is_true_is_of_the_wrong_class() -> None:
    assert kind_of(alarm(1.0), timeline("....", vehicle="..T.")) is Kind.WRONG_CLASS


def test_an_alarm_where_another_class_is_null_is_false() -> None:
    assert kind_of(alarm(1.0), timeline("....", vehicle="..n.")) is Kind.FALSE


def test_an_alarm_about_a_parked_vehicle_is_false() -> None:
    assert kind_of(alarm(1.0, cls="vehicle"), timeline("....", parked=True)) is Kind.FALSE


def test_a_bicycle_is_excused_by_its_rider_and_by_a_bicycle_but_not_by_a_car() -> None:
    bicycle = alarm(1.0, cls="bicycle")
    assert kind_of(bicycle, timeline("..T.")) is Kind.RIGHT
    assert kind_of(bicycle, timeline("....", bicycle="..T.")) is Kind.RIGHT
    assert kind_of(bicycle, timeline("....", vehicle="..T.")) is Kind.WRONG_CLASS
    assert kind_of(bicycle, timeline("....")) is Kind.FALSE


def test_a_person_is_not_excused_by_a_bicycle() -> None:
    assert kind_of(alarm(1.0), timeline("....", bicycle="..T.")) is Kind.WRONG_CLASS


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


def test_moving_frames_within_the_cooldown_are_one_motion_alarm() -> None:
    assert motion_alarms([1.0, 1.5, 11.5, 21.5]) == (MotionAlarm(raised_s=1.0, until_s=21.5),)


def test_motion_after_the_cooldown_is_a_new_motion_alarm() -> None:
    assert motion_alarms([1.0, 11.5]) == (
        MotionAlarm(raised_s=1.0, until_s=1.0),
        MotionAlarm(raised_s=11.5, until_s=11.5),
    )


def test_no_motion_gives_no_motion_alarm() -> None:
    assert motion_alarms([]) == ()


def test_motion_is_false_for_each_class_that_it_does_not_touch() -> None:
    motion = MotionAlarm(raised_s=0.5, until_s=1.0)
    there = timeline("..T.")
    assert not is_false_motion(motion, "person", there)
    assert is_false_motion(motion, "vehicle", there)


def test_motion_over_a_null_frame_is_not_false() -> None:
    motion = MotionAlarm(raised_s=0.5, until_s=1.0)
    assert not is_false_motion(motion, "vehicle", timeline("....", vehicle=".n.."))
