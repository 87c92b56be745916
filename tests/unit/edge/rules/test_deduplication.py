"""Storms: the first and what is new is told, what is alike is merged, and everything is counted."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId
from edge.config.schema import Deduplication, Rule
from edge.records import TrackId
from edge.rules.deduplication import Damped, Storms, heard, step
from edge.rules.evaluate import Finding

CAMERA = CameraId("yard")
SETTINGS = Deduplication()
PERSON = Rule(id="person", labels=("person",))
WANDERS = 1


def finding(track: int = 1, x: float = 100.0) -> Finding:
    """Somebody 40 px tall at `x`, seen well."""
    return Finding(
        track=TrackId(track),
        sequence=0,
        rule=PERSON,
        severity=2,
        label="person",
        box=(x, 100.0, x + 16.0, 140.0),
        score=0.6,
        top_score=0.6,
        median_score=0.6,
        zones=(),
        age_s=1.0,
        displacement=1.0,
        stationary=False,
        reasons=("because",),
    )


def look(
    storms: Storms, now: float, *findings: Finding, alive: tuple[int, ...] = (), **keys: float
) -> Damped:
    living = frozenset(TrackId(one) for one in alive)
    return step(storms, findings, CAMERA, living, now, SETTINGS.model_copy(update=keys))


def told(*seen: tuple[float, Finding], **keys: float) -> list[float]:
    """When something was told, of findings one after the other whose tracks live on."""
    storms: Storms = ()
    moments = []
    for now, one in seen:
        damped = look(storms, now, one, alive=tuple(int(f.track) for _, f in seen), **keys)
        storms = damped.storms
        moments += [now] * len(damped.passed)
    return moments


def test_the_first_is_told_and_another_at_the_same_place_is_only_counted() -> None:
    assert told((0.0, finding(1)), (3.0, finding(2, x=110.0))) == [0.0]


@pytest.mark.parametrize(
    "changed",
    [
        replace(finding(2), zones=("drive",)),
        replace(finding(2), severity=3),
        replace(finding(2), label="dog"),
        replace(finding(2), rule=Rule(id="night", labels=("person",))),
        finding(2, x=400.0),
    ],
    ids=["a new zone", "graver", "another label", "another rule", "far away"],
)
def test_what_is_new_is_told_at_once(changed: Finding) -> None:
    assert told((0.0, finding(1)), (1.0, changed)) == [0.0, 1.0]


def test_a_clearly_better_sight_of_what_was_told_badly_is_told_too() -> None:
    bad = replace(finding(1), top_score=0.36)
    assert told((0.0, bad), (1.0, replace(finding(2), top_score=0.4))) == [0.0]
    assert told((0.0, bad), (1.0, replace(finding(2), top_score=0.5))) == [0.0, 1.0]


def test_a_car_called_truck_is_nothing_new() -> None:
    car, truck = replace(finding(1), label="car"), replace(finding(2), label="truck")
    assert told((0.0, car), (1.0, truck)) == [0.0]


def test_one_track_that_walks_away_is_still_the_same_thing() -> None:
    assert told((0.0, finding(WANDERS)), (3.0, finding(WANDERS, x=500.0))) == [0.0]


def test_the_next_report_says_how_many_were_merged() -> None:
    storms: Storms = ()
    for now, track in ((0.0, 1), (2.0, 2), (3.0, 3), (3.2, 3), (10.0, 3)):
        damped = look(storms, now, finding(track), alive=(1, 2, 3))
        storms = damped.storms
    (last,) = damped.passed
    assert last.track == 3
    assert last.reasons == ("because", "merged with 2 others in 10 s")


def test_windows_double_while_an_event_goes_on() -> None:
    seen = [(float(n), finding(n)) for n in range(200)]
    assert told(*seen) == [0.0, 10.0, 30.0, 70.0, 130.0, 190.0]


def test_another_visit_after_a_pause_is_told() -> None:
    storms = look((), 0.0, finding(1)).storms
    assert not look(storms, 1.0, finding(2)).passed
    assert look(storms, 2.1, finding(2)).passed
    assert not look(storms, 2.1, finding(2), alive=(1,)).passed  # the first is still there


def test_a_camera_that_fires_every_few_seconds_for_an_hour_is_told_of_a_hundred_times_at_most() -> (
    None
):
    storms: Storms = ()
    moments = []
    for n in range(900):
        damped = look(storms, 4.0 * n, finding(n))
        storms = damped.storms
        moments += [4.0 * n] * len(damped.passed)
    assert moments[:20] == [4.0 * n for n in range(20)]  # the budget
    assert len(moments) <= 6 + 2 * 60
    far = look(storms, 3600.0, finding(9999, x=600.0))
    assert far.passed, "a storm here silences nothing there"


def test_switched_off_it_lets_everything_through() -> None:
    settings = Deduplication(enabled=False)
    damped = step((), (finding(1), finding(2)), CAMERA, frozenset(), 0.0, settings)
    assert len(damped.passed) == 2
    assert not damped.merged


TRAFFIC = st.lists(
    st.tuples(
        st.floats(0.1, 30),  # seconds since the frame before
        st.lists(
            st.tuples(st.integers(1, 6), st.sampled_from([100.0, 120.0, 500.0])),
            max_size=4,
            unique_by=lambda pair: pair[0],
        ),
    ),
    max_size=30,
)


def run(traffic: list[tuple[float, list[tuple[int, float]]]]) -> list[tuple[float, Damped]]:
    storms: Storms = ()
    now, history = 0.0, []
    for pause_s, things in traffic:
        now += pause_s
        damped = look(storms, now, *(finding(t, x=x) for t, x in things), alive=(1, 2, 3))
        storms = damped.storms
        history.append((now, damped))
    return history


@given(TRAFFIC)
def test_everything_is_told_or_held_and_every_merged_one_is_in_a_report_or_still_waits(
    traffic: list[tuple[float, list[tuple[int, float]]]],
) -> None:
    merged = counted = 0
    for (_, things), (_, damped) in zip(traffic, run(traffic), strict=True):
        passed = {one.track for one in damped.passed}
        assert passed.isdisjoint(damped.held)
        assert passed | damped.held == {track for track, _ in things}
        assert {one.track for one in damped.merged} <= damped.held
        merged += len(damped.merged)
        for one in damped.passed:
            found = re.search(r"merged with (\d+) ", one.reasons[-1])
            counted += int(found[1]) if found else 0
        assert counted + sum(event.merged for event in damped.storms) == merged
    first = next((n for n, (_, things) in enumerate(traffic) if things), None)
    assert first is None or run(traffic)[first][1].passed


@given(TRAFFIC)
def test_alike_ones_are_told_a_window_apart_unless_nothing_was_there_in_between(
    traffic: list[tuple[float, list[tuple[int, float]]]],
) -> None:
    here = [(pause_s, [(track, 100.0) for track, _ in things]) for pause_s, things in traffic]
    last_told = last_active = float("-inf")
    for (_, things), (now, damped) in zip(here, run(here), strict=True):
        assert len(damped.passed) <= 1
        if damped.passed:
            apart = now - last_told >= SETTINGS.window_s
            assert apart or now - last_active > SETTINGS.quiet_s
            last_told = now
        if things:
            last_active = now


@given(TRAFFIC)
def test_the_order_in_which_findings_come_plays_no_part(
    traffic: list[tuple[float, list[tuple[int, float]]]],
) -> None:
    shuffled = [(pause_s, list(reversed(things))) for pause_s, things in traffic]
    assert run(traffic) == run(shuffled)


def answers(*refuted: bool, until_s: float = 30.0, **keys: float) -> list[float]:
    """When one thing that stays in view, seen each half second, is told of if the cloud gives these
    answers, each a second after it was asked."""
    storms: Storms = ()
    moments: list[float] = []
    for half in range(int(2 * until_s)):
        now = half / 2
        if now - 1.0 in moments and len(moments) <= len(refuted):
            storms = heard(storms, TrackId(1), refuted=refuted[len(moments) - 1])
        damped = look(storms, now, finding(), alive=(1,), **keys)
        storms = damped.storms
        moments += [now] * len(damped.passed)
    return moments


def test_what_the_cloud_refuted_was_told_to_nobody_and_is_asked_again_soon() -> None:
    assert answers(True, until_s=3.0) == [0.0, 1.0]


def test_what_it_refutes_again_is_asked_later_and_later() -> None:
    assert answers(*[True] * 9) == [0.0, 1.0, 3.0, 7.0, 15.0, 25.0]


def test_a_confirmed_thing_is_merged_for_the_whole_window() -> None:
    assert answers(False, until_s=12.0) == [0.0, 10.0]


def test_without_an_answer_the_window_is_as_ever() -> None:
    assert answers(until_s=12.0) == [0.0, 10.0]


def test_a_thing_that_has_grown_by_half_is_news() -> None:
    grown = replace(finding(), box=(100.0, 80.0, 124.0, 140.0))
    assert told((0.0, finding()), (2.0, grown)) == [0.0, 2.0]


def test_a_small_thing_beside_a_tall_one_is_at_a_place_of_its_own() -> None:
    tall = replace(finding(1), box=(100.0, 0.0, 220.0, 330.0))
    far = replace(finding(2), box=(400.0, 100.0, 416.0, 133.0))
    assert told((0.0, tall), (2.0, far)) == [0.0, 2.0]
