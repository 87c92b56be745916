"""Alarm events: the first and what is new is reported, duplicates are counted."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId
from edge.config.schema import DeduplicationConfig, RuleConfig
from edge.records import TrackId
from edge.rules.deduplication import AlarmEvents, DeduplicationResult, after_verdict, step
from edge.rules.evaluate import Finding

CAMERA = CameraId("yard")
SETTINGS = DeduplicationConfig()
PERSON = RuleConfig(id="person", labels=("person",))
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
    events: AlarmEvents, now: float, *findings: Finding, alive: tuple[int, ...] = (), **keys: float
) -> DeduplicationResult:
    living = frozenset(TrackId(one) for one in alive)
    return step(events, findings, CAMERA, living, now, SETTINGS.model_copy(update=keys))


def reported(*seen: tuple[float, Finding], **keys: float) -> list[float]:
    """When something was reported, of findings one after the other whose tracks live on."""
    events: AlarmEvents = ()
    moments = []
    for now, one in seen:
        result = look(events, now, one, alive=tuple(int(f.track) for _, f in seen), **keys)
        events = result.events
        moments += [now] * len(result.passed)
    return moments


def test_the_first_is_told_and_another_at_the_same_place_is_only_counted() -> None:
    assert reported((0.0, finding(1)), (3.0, finding(2, x=110.0))) == [0.0]


@pytest.mark.parametrize(
    "changed",
    [
        replace(finding(2), zones=("drive",)),
        replace(finding(2), severity=3),
        replace(finding(2), label="dog"),
        replace(finding(2), rule=RuleConfig(id="night", labels=("person",))),
        finding(2, x=400.0),
    ],
    ids=["a new zone", "graver", "another label", "another rule", "far away"],
)
def test_what_is_new_is_told_at_once(changed: Finding) -> None:
    assert reported((0.0, finding(1)), (1.0, changed)) == [0.0, 1.0]


def test_a_clearly_better_sight_of_what_was_told_badly_is_told_too() -> None:
    bad = replace(finding(1), top_score=0.36)
    assert reported((0.0, bad), (1.0, replace(finding(2), top_score=0.4))) == [0.0]
    assert reported((0.0, bad), (1.0, replace(finding(2), top_score=0.5))) == [0.0, 1.0]


def test_a_car_called_truck_is_nothing_new() -> None:
    car, truck = replace(finding(1), label="car"), replace(finding(2), label="truck")
    assert reported((0.0, car), (1.0, truck)) == [0.0]


def test_one_track_that_walks_away_is_still_the_same_thing() -> None:
    assert reported((0.0, finding(WANDERS)), (3.0, finding(WANDERS, x=500.0))) == [0.0]


def test_the_next_report_says_how_many_were_merged() -> None:
    events: AlarmEvents = ()
    for now, track in ((0.0, 1), (2.0, 2), (3.0, 3), (3.2, 3), (10.0, 3)):
        result = look(events, now, finding(track), alive=(1, 2, 3))
        events = result.events
    (last,) = result.passed
    assert last.track == 3
    assert last.reasons == ("because", "2 duplicates in 10 s")


def test_windows_double_while_an_event_goes_on() -> None:
    seen = [(float(n), finding(n)) for n in range(200)]
    assert reported(*seen) == [0.0, 10.0, 30.0, 70.0, 130.0, 190.0]


def test_another_visit_after_a_pause_is_told() -> None:
    events = look((), 0.0, finding(1)).events
    assert not look(events, 1.0, finding(2)).passed
    assert look(events, 2.1, finding(2)).passed
    assert not look(events, 2.1, finding(2), alive=(1,)).passed  # the first is still there


def test_a_camera_that_fires_every_few_seconds_for_an_hour_is_told_of_a_hundred_times_at_most() -> (
    None
):
    events: AlarmEvents = ()
    moments = []
    for n in range(900):
        result = look(events, 4.0 * n, finding(n))
        events = result.events
        moments += [4.0 * n] * len(result.passed)
    assert moments[:20] == [4.0 * n for n in range(20)]  # the budget
    assert len(moments) <= 6 + 2 * 60
    far = look(events, 3600.0, finding(9999, x=600.0))
    assert far.passed, "a storm here silences nothing there"


def test_switched_off_it_lets_everything_through() -> None:
    settings = DeduplicationConfig(enabled=False)
    result = step((), (finding(1), finding(2)), CAMERA, frozenset(), 0.0, settings)
    assert len(result.passed) == 2
    assert not result.duplicates


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


def run(
    traffic: list[tuple[float, list[tuple[int, float]]]],
) -> list[tuple[float, DeduplicationResult]]:
    events: AlarmEvents = ()
    now, history = 0.0, []
    for pause_s, things in traffic:
        now += pause_s
        result = look(events, now, *(finding(t, x=x) for t, x in things), alive=(1, 2, 3))
        events = result.events
        history.append((now, result))
    return history


@given(TRAFFIC)
def test_everything_is_told_or_held_and_every_merged_one_is_in_a_report_or_still_waits(
    traffic: list[tuple[float, list[tuple[int, float]]]],
) -> None:
    duplicates = counted = 0
    for (_, things), (_, result) in zip(traffic, run(traffic), strict=True):
        passed = {one.track for one in result.passed}
        assert passed.isdisjoint(result.throttled)
        assert passed | result.throttled == {track for track, _ in things}
        assert {one.track for one in result.duplicates} <= result.throttled
        duplicates += len(result.duplicates)
        for one in result.passed:
            found = re.search(r"(\d+) duplicates? in ", one.reasons[-1])
            counted += int(found[1]) if found else 0
        assert counted + sum(event.duplicates for event in result.events) == duplicates
    first = next((n for n, (_, things) in enumerate(traffic) if things), None)
    assert first is None or run(traffic)[first][1].passed


@given(TRAFFIC)
def test_alike_ones_are_told_a_window_apart_unless_nothing_was_there_in_between(
    traffic: list[tuple[float, list[tuple[int, float]]]],
) -> None:
    here = [(pause_s, [(track, 100.0) for track, _ in things]) for pause_s, things in traffic]
    last_told = last_active = float("-inf")
    for (_, things), (now, result) in zip(here, run(here), strict=True):
        assert len(result.passed) <= 1
        if result.passed:
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
    """When one thing that stays in view, seen each half second, is reported if the cloud gives
    these answers, each a second after it was asked."""
    events: AlarmEvents = ()
    moments: list[float] = []
    for half in range(int(2 * until_s)):
        now = half / 2
        if now - 1.0 in moments and len(moments) <= len(refuted):
            events = after_verdict(events, TrackId(1), refuted=refuted[len(moments) - 1])
        result = look(events, now, finding(), alive=(1,), **keys)
        events = result.events
        moments += [now] * len(result.passed)
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
    assert reported((0.0, finding()), (2.0, grown)) == [0.0, 2.0]


def test_a_small_thing_beside_a_tall_one_is_at_a_place_of_its_own() -> None:
    tall = replace(finding(1), box=(100.0, 0.0, 220.0, 330.0))
    far = replace(finding(2), box=(400.0, 100.0, 416.0, 133.0))
    assert reported((0.0, tall), (2.0, far)) == [0.0, 2.0]


def beside(*, refuted: bool | None, metres: float = 2.0) -> bool:
    """Whether somebody is told of who stands so many heights beside what was reported, when the
    cloud has refuted that, confirmed it, or not answered yet, and somebody else was told since."""
    events = look((), 0.0, finding(1), alive=(1, 2, 3)).events
    events = look(events, 0.5, finding(2, x=900.0), alive=(1, 2, 3)).events
    if refuted is not None:
        events = after_verdict(events, TrackId(1), refuted=refuted)
    events = after_verdict(events, TrackId(2), refuted=False)
    third = finding(3, x=100.0 + 40.0 * metres)
    return bool(look(events, 2.0, third, alive=(1, 2, 3)).passed)


def test_nobody_is_hidden_by_what_the_cloud_refuted_beside_them() -> None:
    assert beside(refuted=True)
    assert not beside(refuted=False)
    assert not beside(refuted=None)


def test_what_it_refuted_is_still_known_at_its_own_place() -> None:
    assert not beside(refuted=True, metres=0.5)


@given(heights=st.floats(min_value=1.01, max_value=15.0))
def test_no_refuted_report_damps_farther_than_its_own_height(heights: float) -> None:
    assert beside(refuted=True, metres=heights)
