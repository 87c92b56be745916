"""Static objects: reported once, not again while they stand; what moves or looks otherwise is
news."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.ids import ReportId
from edge.config.schema import StaticObjectsConfig
from edge.records import TrackId
from edge.static_objects.memory import forget, update_memory
from edge.static_objects.records import Match, Memory, ObservedObject
from edge.static_objects.verdict_feedback import add_query, refute, restore
from imaging.detections import Image
from imaging.polygons import Box
from tests.unit.edge.rules.yards import PLACE, frame, observed, shifted, yard

SETTINGS = StaticObjectsConfig()
CAR, OTHER = 1, 2
REPORT = ReportId("gw.cam.1.1.0")


def watch(
    memory: Memory,
    image: Image,
    observations: Sequence[ObservedObject],
    times_s: Sequence[float],
    limits: StaticObjectsConfig = SETTINGS,
) -> tuple[Memory, tuple[Match | None, ...]]:
    """The memory after the same sightings at each of the times, and the last matches."""
    matches: tuple[Match | None, ...] = ()
    for now in times_s:
        memory, matches = update_memory(memory, observations, frame(image, now), limits)
    return memory, matches


def parked() -> Memory:
    """A memory that knows the car at `PLACE`."""
    memory, (match,) = watch(Memory(), yard((CAR, PLACE)), [observed()], range(8))
    assert match is not None
    return memory


def test_a_car_is_static_once_it_has_stood_for_still_s() -> None:
    image = yard((CAR, PLACE))
    memory, matches = watch(Memory(), image, [observed()], [0, 1, 2, 3, 4])
    assert matches == (None,)
    memory, _ = watch(memory, image, [observed()], [5])
    _, (match,) = watch(memory, image, [observed(track=9)], [6])
    assert match is not None
    assert match.similarity is not None
    assert match.similarity > 0.9


def test_a_car_seen_only_in_single_frames_far_apart_is_learnt_as_well() -> None:
    image = yard((CAR, PLACE))
    memory, _ = watch(Memory(), image, [observed(track=1)], [0, 15, 30])
    _, (match,) = watch(memory, image, [observed(track=4)], [45])
    assert match is not None


def test_a_car_that_drives_is_never_static() -> None:
    memory = Memory()
    for n in range(40):
        box = shifted(PLACE, 0.05 * n)
        memory, matches = update_memory(
            memory, [observed(box, moving=True)], frame(yard((CAR, box)), n / 2), SETTINGS
        )
        assert matches == (None,)


def test_a_parked_car_that_leaves_is_news() -> None:
    memory = parked()
    gone = shifted(PLACE, 0.7)
    _, (match,) = watch(memory, yard((CAR, gone)), [observed(gone)], [9])
    assert match is None


def test_a_parked_car_stays_known_in_the_dusk_and_while_somebody_stands_before_it() -> None:
    memory = parked()
    _, (dusk,) = watch(memory, yard((CAR, PLACE), light=0.4), [observed(track=5)], [100])
    assert dusk is not None
    half = (PLACE[0], PLACE[1], (PLACE[0] + PLACE[2]) / 2, PLACE[3])
    hidden = yard((CAR, PLACE), (7, shifted(half, 1.0)))
    _, (match,) = watch(memory, hidden, [observed(half)], [9])
    assert match is not None


def test_a_person_before_a_parked_car_is_not_the_car() -> None:
    walker = observed((0.3, 0.35, 0.38, 0.72), "person", track=2, moving=True)
    _, (match,) = watch(parked(), yard((CAR, PLACE), (5, walker.box)), [walker], [9])
    assert match is None


def test_a_person_is_a_statue_only_after_very_long_without_a_stir() -> None:
    image = yard((CAR, PLACE))
    statue = observed(label="person")
    memory, (early,) = watch(Memory(), image, [statue], range(0, 590, 15))
    assert early is None
    memory, _ = watch(memory, image, [statue], range(600, 640, 15))
    _, (match,) = watch(memory, image, [statue], [660])
    assert match is not None


def test_somebody_who_came_or_stirs_never_becomes_a_statue() -> None:
    image = yard((CAR, PLACE))
    entered = replace(observed(label="person"), entered=True)
    assert watch(Memory(), image, [entered], range(0, 3000, 10))[1] == (None,)
    memory = Memory()
    for n in range(300):
        stirring = observed(label="person", moving=n % 5 == 0)
        memory, matches = update_memory(memory, [stirring], frame(image, 10.0 * n), SETTINGS)
        assert matches == (None,)


def test_somebody_else_in_the_statues_place_is_news() -> None:
    statue = observed(label="person")
    memory, _ = watch(Memory(), yard((CAR, PLACE)), [statue], range(0, 660, 15))
    _, (match,) = watch(memory, yard((OTHER, PLACE)), [observed(label="person", track=8)], [700])
    assert match is None


def test_a_car_that_left_is_forgotten_and_its_successor_learnt_anew() -> None:
    memory, _ = watch(parked(), yard(), [], range(10, 75))
    assert memory.objects == ()
    memory, matches = watch(memory, yard((OTHER, PLACE)), [observed(track=7)], range(80, 84))
    assert matches == (None,)
    _, (match,) = watch(memory, yard((OTHER, PLACE)), [observed(track=7)], range(84, 90))
    assert match is not None


def test_a_thing_that_nobody_detects_stays_while_its_place_looks_like_it() -> None:
    memory, _ = watch(parked(), yard((CAR, PLACE), light=0.5), [], range(10, 1000, 10))
    assert [obj.static for obj in memory.objects] == [True]


def test_what_was_not_seen_for_days_is_forgotten_even_if_it_was_refuted() -> None:
    memory = parked()
    memory = replace(memory, objects=tuple(replace(t, refuted=1) for t in memory.objects))
    day_s = 86_400
    memory, _ = watch(memory, yard(), [], [10 * day_s])
    assert len(memory.objects) == 1
    memory, _ = watch(memory, yard(), [], [15 * day_s])
    assert memory.objects == ()


def refuted_tap() -> Memory:
    tap = observed(label="person", track=3, moving=True)
    return refute(add_query(Memory(), REPORT, "person", tap, frame(yard((CAR, PLACE)), 0)), REPORT)


def test_a_tap_that_was_refuted_raises_no_alarm_at_the_next_noon() -> None:
    memory, _ = watch(refuted_tap(), yard(light=0.3), [], range(100, 80_000, 1000))
    tap = observed(shifted(PLACE, 0.2), "person", track=40, moving=True)
    _, (match,) = watch(memory, yard((CAR, PLACE)), [tap], [86_400])
    assert match is not None
    assert match.refuted


def test_a_person_where_something_was_refuted_is_news_by_look_or_by_leaving() -> None:
    memory = refuted_tap()
    person = observed(label="person", track=41)
    assert watch(memory, yard((OTHER, PLACE)), [person], [50])[1] == (None,)
    away = shifted(PLACE, 0.6)
    person = observed(away, "person", track=41)
    assert watch(memory, yard((CAR, PLACE)), [person], [51])[1] == (None,)


def test_what_a_person_calls_real_after_all_is_news_and_may_be_refuted_once_more() -> None:
    memory = restore(refuted_tap(), REPORT)
    person = observed(label="person", track=41)
    assert watch(memory, yard((CAR, PLACE)), [person], [50])[1] == (None,)
    again = refute(memory, REPORT)
    (match,) = watch(again, yard((CAR, PLACE)), [person], [50])[1]
    assert match is not None
    assert restore(restore(again, REPORT), REPORT).objects == ()


NEXT = ReportId("gw.cam.1.2.0")


@pytest.mark.parametrize(
    ("box", "label", "left"),
    [
        (PLACE, "person", 0),
        (shifted(PLACE, 0.2), "person", 0),
        (PLACE, "car", 1),
        (shifted(PLACE, 0.6), "person", 1),
    ],
    ids=["the same", "near", "of another group", "elsewhere"],
)
def test_a_later_alarm_that_is_called_real_undoes_what_was_refuted_at_its_place(
    box: Box, label: str, left: int
) -> None:
    person = observed(box, label, track=50)
    memory = add_query(refuted_tap(), NEXT, "other", person, frame(yard((OTHER, PLACE)), 60))
    assert len([one for one in restore(memory, NEXT).objects if one.refuted]) == left


def test_a_parked_car_that_is_called_real_stays_known() -> None:
    memory = add_query(parked(), NEXT, "car", observed(track=1), frame(yard((CAR, PLACE)), 9))
    assert restore(memory, NEXT) == memory


def test_what_nobody_asked_about_cannot_be_refuted() -> None:
    assert refute(Memory(), REPORT) == Memory()
    memory = refuted_tap()
    assert refute(memory, REPORT) == memory


def test_a_lone_picture_tells_of_a_parked_car_once_and_of_another_one_again() -> None:
    car = observed(track=None)
    image = yard((CAR, PLACE))
    memory, (match,) = watch(Memory(), image, [car], [0])
    assert match is None
    memory = add_query(memory, REPORT, "vehicle", car, frame(image, 0))
    memory, (match,) = watch(memory, yard((CAR, PLACE), light=0.6), [car], [40])
    assert match is not None
    assert match.suppresses("vehicle")
    assert not match.suppresses("night")
    assert watch(memory, yard((OTHER, PLACE)), [car], [80])[1] == (None,)


def test_somebody_who_was_told_of_is_no_news_again_unless_he_was_seen_to_come() -> None:
    person = observed(label="person")
    image = yard((CAR, PLACE))
    memory, _ = watch(Memory(), image, [person], [0])
    memory = add_query(memory, REPORT, "loitering", person, frame(image, 0))
    assert watch(memory, image, [replace(person, entered=True)], [10])[1] == (None,)
    _, (match,) = watch(memory, image, [replace(person, track=TrackId(2))], [10])
    assert match is not None
    assert match.suppresses("loitering")
    assert not match.suppresses("person")


def test_what_is_forgotten_is_news_again() -> None:
    memory = parked()
    memory = forget(memory, frozenset(obj.id for obj in memory.objects))
    assert watch(memory, yard((CAR, PLACE)), [observed(track=6)], [20])[1] == (None,)


def test_switched_off_nothing_is_remembered() -> None:
    off = StaticObjectsConfig(enabled=False)
    assert watch(parked(), yard((CAR, PLACE)), [observed()], range(8, 20), off)[1] == (None,)
    assert watch(Memory(), yard((CAR, PLACE)), [observed()], range(20), off)[0] == Memory()


boxes = st.tuples(st.floats(0, 0.6), st.floats(0, 0.6)).map(
    lambda corner: (corner[0], corner[1], corner[0] + 0.3, corner[1] + 0.3)
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(boxes, max_size=5), max_size=15), st.integers(1, 6))
def test_the_memory_is_bounded_and_its_ids_are_unique(
    frames: list[list[tuple[float, float, float, float]]], most: int
) -> None:
    bounded, memory, image = StaticObjectsConfig(max_objects=most), Memory(), yard()
    for n, seen in enumerate(frames):
        rows = [observed(box, track=10 * n + row) for row, box in enumerate(seen)]
        memory, matches = update_memory(memory, rows, frame(image, 2.0 * n), bounded)
        assert len(matches) == len(rows)
        ids = [obj.id for obj in memory.objects]
        assert len(set(ids)) == len(ids) <= most


@pytest.mark.parametrize("label", ["car", "person"])
def test_the_dark_neither_adds_nor_forgets(label: str) -> None:
    dark = yard((CAR, PLACE), light=0.01)
    assert watch(Memory(), dark, [observed(label=label)], range(30))[0].objects == ()
    assert watch(parked(), dark, [], range(10, 500, 10))[0].objects != ()
