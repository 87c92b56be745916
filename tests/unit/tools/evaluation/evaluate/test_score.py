"""The figures of a sequence and their sum, on a sequence that is worked out by hand."""

from dataclasses import replace

import pytest

from contract.verdict import Decision
from tests.evaluations import decided, one_frame_a_second, seen
from tools.evaluation.evaluate.observed import DecidedSuspicion
from tools.evaluation.evaluate.score import Traffic, score
from tools.evaluation.evaluate.totals import Totals, add_up, traffic_interval


def totals(*suspicions: DecidedSuspicion, moving: str = "." * 40) -> Totals:
    return add_up([score(one_frame_a_second(*suspicions, moving=moving))])


def test_a_confirmed_suspicion_finds_its_event_with_its_delay() -> None:
    recall = totals(decided(6.0)).recall["person"]
    assert (recall.total, recall.found, recall.delays_s) == (2, 1, (2.0,))


@pytest.mark.parametrize("decision", ["refuted", "inconclusive"])
def test_a_suspicion_that_was_not_confirmed_is_no_alarm(decision: Decision) -> None:
    result = totals(decided(6.0, decision=decision), decided(15.0, decision=decision))
    assert result.recall["person"].found == 0
    assert result.recall["person"].edge_found == 1
    assert result.confirmed_false() == 0
    assert result.edge_false() == 1


def test_the_label_that_people_are_told_decides() -> None:
    result = totals(decided(6.0, label="car", verdict_label="person"))
    assert result.recall["person"].found == 1
    assert result.recall["person"].edge_found == 0


def test_a_false_alarm_is_counted_for_its_class_and_per_hour() -> None:
    counts = totals(decided(15.0, label="truck")).false_alarms["vehicle"]
    assert counts.confirmed == 1
    assert counts.rate().per_hour() == pytest.approx(90.0)
    low, high = counts.rate().interval() or (0.0, 0.0)
    assert 0 < low < 90 < high


def test_an_alarm_of_the_wrong_class_is_counted_apart() -> None:
    result = totals(decided(6.0, label="car"))
    assert result.false_alarms["vehicle"].wrong_class == 1
    assert result.confirmed_false() == 0


def test_an_alarm_about_an_animal_is_not_scored() -> None:
    result = totals(decided(15.0, label="dog"))
    assert result.alarms == 0
    assert result.confirmed_false() == 0


MOVING = "....MMM..." + "........MM" + "." * 20
"""Motion while a person is there, and again from 18 s on while nobody is."""


def test_motion_about_nothing_is_counted_once() -> None:
    result = totals(moving=MOVING)
    assert (result.motion_alarms, result.motion_false()) == (2, 1)


def test_motion_without_a_class_in_view_is_counted_for_that_class() -> None:
    result = totals(moving=MOVING)
    assert {cls: counts.motion for cls, counts in result.without.items()} == {
        "person": 1,
        "vehicle": 2,
    }


def test_alarms_of_the_wrong_class_count_where_their_class_is_not_in_view() -> None:
    result = totals(decided(6.0, label="car"), decided(7.0), moving=MOVING)
    vehicles, persons = result.without["vehicle"], result.without["person"]
    assert (vehicles.edge, vehicles.confirmed) == (1, 1)
    assert (persons.edge, persons.confirmed) == (0, 0)
    assert result.confirmed_false() == 0


def test_what_plain_motion_finds_stands_beside() -> None:
    recall = totals(moving=MOVING).recall
    assert (recall["person"].total, recall["person"].motion_found) == (2, 1)
    assert recall["person"].found == 0


def test_the_reduction_compares_false_alarms_with_false_motion() -> None:
    twice = "." * 10 + "M" + "." * 12 + "M" + "." * 16
    result = totals(decided(18.0), decided(20.0, decision="refuted"), moving=twice)
    assert result.nothing.reduction().value() == pytest.approx(1 - 1 / 2)
    assert result.nothing.edge_reduction().value() == 0


def test_bytes_are_counted_over_all_suspicions_and_over_empty_stretches() -> None:
    result = totals(decided(6.0), decided(15.0, decision="refuted"))
    assert result.traffic == Traffic(frames=40, bytes_in=40_000, suspicions=2, bytes_out=600)
    assert result.empty == Traffic(frames=29, bytes_in=29_000, suspicions=1, bytes_out=300)
    assert result.traffic.share() == pytest.approx(0.015)


def test_a_share_of_bytes_has_an_interval_unless_more_went_out_than_came_in() -> None:
    assert traffic_interval(Traffic(frames=10, bytes_in=100, bytes_out=10)) is not None
    assert traffic_interval(Traffic(frames=10, bytes_in=100, bytes_out=110)) is None
    assert traffic_interval(Traffic()) is None


def test_sequences_add_up() -> None:
    one = one_frame_a_second(decided(6.0))
    both = add_up([score(one), score(replace(one, id="again", suspicions=()))])
    assert (both.recall["person"].total, both.recall["person"].found) == (4, 1)
    assert both.hours == pytest.approx(80 / 3600)


def test_a_rider_who_is_alarmed_about_as_a_person_is_told_apart() -> None:
    run = one_frame_a_second(decided(6.0))
    labels = run.timeline.labels
    ridden = replace(run.timeline, labels={**labels, "bicycle": labels["person"]})
    recall = add_up([score(replace(run, timeline=ridden))]).recall["bicycle"]
    assert (recall.total, recall.found, recall.as_rider) == (2, 0, 1)


def test_what_the_gate_says_is_nothing_to_plain_motion() -> None:
    run = one_frame_a_second()
    gated = replace(run, seen=tuple(seen(t, "analysed", "motion") for t in range(40)))
    assert score(gated).motion == ()
