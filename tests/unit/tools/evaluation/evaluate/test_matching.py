"""What alarms were about, and how often a thing that stands there was told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.evaluations import decided, one_frame_a_second
from tools.evaluation.evaluate.corpus import LabelledBox, LabelledStaticObject
from tools.evaluation.evaluate.events import AtBox
from tools.evaluation.evaluate.matching import about
from tools.evaluation.evaluate.observed import About
from tools.evaluation.evaluate.score import score
from tools.evaluation.report.comparisons import alarms_about, static_as_json, static_objects

Box = tuple[float, float, float, float]

VAN = LabelledStaticObject(name="van", xyxy=(100, 100, 200, 180))
STANDING_VAN = About(name="van", place=AtBox.STATIC)
WALKER = LabelledBox.model_validate({"class": "person", "xyxy": (150, 110, 180, 190)})


@pytest.mark.parametrize(
    ("box", "name"),
    [
        ((102, 98, 199, 181), "van"),
        ((151, 112, 179, 188), "person"),
        ((100, 100, 160, 180), "van"),
        ((300, 100, 400, 180), ""),
        ((105, 105, 140, 150), "van"),
        ((60, 105, 110, 150), ""),
        ((150, 150, 150, 150), ""),
    ],
)
def test_a_suspicion_is_about_what_its_box_fits_best(box: Box, name: str) -> None:
    assert about(box, None, (WALKER,), (VAN,), boxed=False).name == name


def test_without_labels_nobody_knows_what_it_is_about() -> None:
    assert about((0, 0, 10, 10), "person", (), (), boxed=False).place is AtBox.UNKNOWN


def test_where_everything_is_labelled_a_box_around_nothing_is_about_nothing() -> None:
    found = about((300, 100, 400, 180), "person", (WALKER,), (VAN,), boxed=True)
    assert found == About(name="", place=AtBox.NOTHING)


def test_a_thing_of_another_class_is_another_thing() -> None:
    found = about(WALKER.xyxy, "vehicle", (WALKER,), (), boxed=True)
    assert found == About(name="person", place=AtBox.OTHER_THING)


def test_a_person_before_a_parked_car_is_not_about_the_car() -> None:
    before = (105.0, 105.0, 140.0, 150.0)
    assert about(before, "vehicle", (), (VAN,), boxed=False).place is AtBox.STATIC
    assert about(before, "person", (), (VAN,), boxed=False).place is AtBox.UNKNOWN


def test_a_statue_is_a_standing_thing_to_an_alarm_about_a_person() -> None:
    statue = LabelledStaticObject(name="statue", xyxy=(10, 10, 30, 70))
    assert about((11, 10, 30, 69), "person", (), (statue,), boxed=False).place is AtBox.STATIC


def test_each_thing_is_counted_by_the_edge_and_by_what_people_were_told() -> None:
    of_van = replace(decided(15.0, label="car"), about=STANDING_VAN)
    refuted = replace(decided(20.0, label="car", decision="refuted"), about=STANDING_VAN)
    of_someone = replace(decided(6.0), about=About(name="person"))
    run = replace(one_frame_a_second(of_van, refuted, of_someone), static=("van", "statue"))
    van, statue = alarms_about(run)
    assert (van.suspected_s, van.confirmed_s) == ((15.0, 20.0), (15.0,))
    assert (statue.suspected_s, statue.confirmed_s) == ((), ())
    assert static_as_json(run)[0] == {
        "name": "van",
        "suspected_s": [15.0, 20.0],
        "confirmed_s": [15.0],
    }
    assert "| made_up | van | 2 | 1 |" in list(static_objects([score(run)]))


def test_a_corpus_without_such_things_has_no_such_table() -> None:
    assert list(static_objects([score(one_frame_a_second())])) == []


@pytest.mark.parametrize("name", ["van", "car 3", "parked_van", "a red truck", "parked cars"])
def test_a_parked_vehicle_is_no_person_however_it_is_called(name: str) -> None:
    thing = LabelledStaticObject(name=name, xyxy=(100, 100, 200, 180))
    assert not thing.may_be("person")
    assert thing.may_be("vehicle")


@pytest.mark.parametrize("name", ["statue", "caravan site sign", "poster of a scarf"])
def test_other_things_may_be_taken_for_people(name: str) -> None:
    assert LabelledStaticObject(name=name, xyxy=(0, 0, 9, 9)).may_be("person")


def test_a_car_that_left_does_not_stand_there() -> None:
    thing = LabelledStaticObject(name="car 1", xyxy=(0, 0, 9, 9), away_s=((10.0, 20.0),))
    stands = [thing.stands(t) for t in (5.0, 10.0, 15.0, 20.0, 25.0)]
    assert stands == [
        True,
        True,
        False,
        True,
        True,
    ]


def test_a_box_around_a_parked_car_and_one_that_drives_past_is_about_the_one_that_moves() -> None:
    box = (544.0, 167.0, 601.0, 276.0)
    parked = LabelledStaticObject(name="car 0", xyxy=(540, 166, 591, 255))
    near = LabelledBox.model_validate({"class": "car", "xyxy": (550, 207, 603, 282)})
    far = LabelledBox.model_validate({"class": "car", "xyxy": (580, 207, 633, 282)})
    walker = LabelledBox.model_validate({"class": "person", "xyxy": (550, 207, 603, 282)})
    assert about(box, "vehicle", (near,), (parked,), boxed=True).place is AtBox.THING
    assert about(box, "vehicle", (far,), (parked,), boxed=True).place is AtBox.STATIC
    assert about(box, "vehicle", (walker,), (parked,), boxed=True).place is not AtBox.THING
