"""Motion events: which are rejected, which are drawn for the audit, and what may be sent."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from math import sqrt

from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId
from edge.config.audit import Audit
from edge.decide.audit import (
    GAP_S,
    LONGEST_S,
    Allowance,
    AuditState,
    Draw,
    Event,
    spend,
    suspect,
    take,
    watch,
)
from edge.records import Box, Frame, Motion
from imaging.admission import Header
from tests.fakes import START

DAY_S = 86_400
EACH = Draw("gw", "gate", 1, Audit(share=1.0))
HEADER = Header(
    kind="jpeg",
    width=640,
    height=480,
    components=3,
    bits=8,
    progressive=False,
    scans=1,
    eoi_missing=False,
)


def frame(t: float) -> Frame:
    return Frame(
        camera=CameraId("gate"),
        picture=str(t).encode(),
        header=HEADER,
        received_at=START + timedelta(seconds=t),
        received_mono_s=t,
    )


def moved(share: float = 0.01, why: str = "motion", *regions: Box) -> Motion:
    return Motion(moved=why == "motion", why=why, regions=regions, share=share)


def watched(*frames: tuple[float, Motion], draw: Draw = EACH) -> Iterator[tuple[float, Event]]:
    """The events that were over, each with the time at which it was taken."""
    state = AuditState()
    for t, seen in (*frames, (1e6, moved(why="still"))):
        state, event = take(state, t)
        if event is not None:
            yield t, event
        state = watch(state, frame(t), seen, t, draw)


def test_what_changes_within_the_gap_is_one_event_whatever_the_gate_called_it() -> None:
    whys = ("motion", "light", "restless", "linger", "brief", "faint")
    frames = [(n * (GAP_S - 1) / 2, moved(why=why)) for n, why in enumerate(whys)]
    ((_, event),) = watched(*frames)
    assert (event.began_at_s, event.moved_at_s) == (0.0, frames[-1][0])


def test_a_still_scene_and_full_looks_are_no_event() -> None:
    assert not list(watched((0, moved(why="first_look")), (15, moved(why="full_look"))))


def test_a_pause_parts_events_and_so_does_a_minute() -> None:
    assert len(list(watched((0, moved()), (GAP_S, moved())))) == 2
    long = [(n / 2, moved()) for n in range(round(2 * 2.5 * LONGEST_S))]
    assert len(list(watched(*long))) == 3


def test_what_shows_most_motion_is_kept_and_a_thing_before_any_nuisance() -> None:
    place = (10.0, 10.0, 20.0, 30.0)
    frames = (
        (0.0, moved(0.02, "motion", place)),
        (1.0, moved(0.03, "motion", place, (50.0, 5.0, 60.0, 25.0))),
        (2.0, moved(0.01, "motion", place)),
        (3.0, moved(0.9, "light")),
    )
    ((_, event),) = watched(*frames)
    assert event.shown is not None
    assert event.shown.frame.picture == b"1.0"
    assert event.shown.box == (10.0, 5.0, 60.0, 30.0)


def test_only_what_is_drawn_keeps_a_picture() -> None:
    ((_, event),) = watched((0, moved()), draw=replace(EACH, settings=Audit(share=0.0)))
    assert (event.drawn, event.shown) == (False, None)
    off = replace(EACH, settings=Audit(share=1.0, enabled=False))
    assert not any(off.falls_on(number) for number in range(100))


def test_an_event_in_which_something_was_suspected_was_not_rejected() -> None:
    state = watch(AuditState(), frame(0), moved(), 0, EACH)
    state = watch(suspect(state), frame(1), moved(), 1, EACH)
    _, event = take(state, 1 + GAP_S)
    assert event is not None
    assert event.suspected
    assert suspect(AuditState()) == AuditState()


@given(st.text("abc", min_size=1, max_size=5), st.floats(0.001, 0.2))
def test_the_share_that_is_drawn_lies_within_binomial_bounds(gateway: str, share: float) -> None:
    """Five standard deviations: one case in some two million lies beyond."""
    draw, events = Draw(gateway, "gate", 1, Audit(share=share)), 20_000
    drawn = sum(draw.falls_on(number) for number in range(events))
    assert abs(drawn - events * share) <= 5 * sqrt(events * share * (1 - share))


def test_a_draw_follows_from_its_names_alone() -> None:
    half = Audit(share=0.5)
    draws = [Draw(*names, half) for names in (("a", "x", 1), ("b", "x", 1), ("a", "y", 1))]
    drawn = [[draw.falls_on(n) for n in range(200)] for draw in draws]
    assert drawn[0] == [Draw("a", "x", 1, half).falls_on(n) for n in range(200)]
    assert drawn[0] != drawn[1] != drawn[2] != drawn[0]


steps = st.lists(st.tuples(st.floats(0, 20_000), st.integers(0, 400_000)), min_size=1, max_size=200)


@given(steps, st.integers(0, 3_000_000))
def test_no_day_sees_more_than_its_bytes(wanted: list[tuple[float, int]], per_day: int) -> None:
    allowance, now, sent = Allowance(), 0.0, []
    for wait_s, size in wanted:
        now += wait_s
        allowance, affordable = spend(allowance, size, now, per_day)
        if affordable:
            sent.append((now, size))
    for began, _ in sent:
        within = sum(size for at, size in sent if began <= at < began + DAY_S)
        assert within <= per_day + 1e-3


def test_a_start_brings_no_bytes_and_a_day_brings_them_back() -> None:
    allowance, affordable = spend(Allowance(), 1, 1000.0, 1_000_000)
    assert not affordable
    allowance, affordable = spend(allowance, 250_000, 1000.0 + DAY_S, 1_000_000)
    assert affordable
    assert not spend(allowance, 1, 1000.0 + DAY_S, 1_000_000)[1]
