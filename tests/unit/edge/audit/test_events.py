"""Motion events and quiet minutes: which are rejected, and what is kept of those that are drawn."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId
from edge.audit.events import (
    GAP_S,
    LONGEST_S,
    AuditSegment,
    AuditState,
    Reported,
    refute,
    shown,
    suspect,
    take,
    watch,
)
from edge.audit.sampling import Draw
from edge.audit.spaced_frames import SpacedFrames
from edge.config.audit import AuditConfig
from edge.records import Frame, Motion, TrackId
from imaging.admission import Header
from imaging.polygons import Box
from tests.fakes import START

EACH = Draw("gw", "gate", 1, AuditConfig(share=1.0, quiet_share=1.0))
NONE = Draw("gw", "gate", 1, AuditConfig(share=0.0, quiet_share=0.0))
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
PLACE = (10.0, 10.0, 20.0, 30.0)


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


STILL = moved(why="still")


def watched(
    *frames: tuple[float, Motion], draw: Draw = EACH
) -> Iterator[tuple[float, AuditSegment]]:
    """What was over, each with the time at which it was taken."""
    state = AuditState()
    for t, seen in (*frames, (1e6, STILL)):
        state, over = take(state, t)
        yield from ((t, segment) for segment in over)
        state = watch(state, frame(t), seen, t, draw)


def events(*frames: tuple[float, Motion], draw: Draw = EACH) -> list[AuditSegment]:
    return [one for _, one in watched(*frames, draw=draw) if one.kind == "motion"]


def quiets(*frames: tuple[float, Motion], draw: Draw = EACH) -> list[AuditSegment]:
    return [one for _, one in watched(*frames, draw=draw) if one.kind == "quiet"]


def times(segment: AuditSegment) -> list[float]:
    return [one.received_mono_s for one in shown(segment)[0]]


def seconds(first: int, last: int, seen: Motion) -> list[tuple[float, Motion]]:
    return [(float(t), seen) for t in range(first, last)]


def test_what_changes_within_the_gap_is_one_event_whatever_the_gate_called_it() -> None:
    whys = ("motion", "light", "dynamic_background", "linger", "brief", "faint")
    frames = [(n * (GAP_S - 1) / 2, moved(why=why)) for n, why in enumerate(whys)]
    (event,) = events(*frames)
    assert (event.began_at_s, event.moved_at_s) == (0.0, frames[-1][0])


def test_a_still_scene_and_full_looks_are_no_event() -> None:
    assert not events((0, moved(why="first_look")), (15, moved(why="full_look")))


def test_a_pause_parts_events_and_so_does_a_minute() -> None:
    assert len(events((0, moved()), (GAP_S, moved()))) == 2
    long = [(n / 2, moved()) for n in range(round(2 * 2.5 * LONGEST_S))]
    assert len(events(*long)) == 3


def test_what_shows_most_motion_comes_first_and_a_thing_before_any_nuisance() -> None:
    (event,) = events(
        (0.0, moved(0.02, "motion", PLACE)),
        (1.0, moved(0.03, "motion", PLACE, (50.0, 5.0, 60.0, 25.0))),
        (2.0, moved(0.01, "motion", PLACE)),
        (3.0, moved(0.9, "light")),
    )
    frames, box = shown(event)
    assert frames[0].picture == b"1.0"
    assert box == (10.0, 5.0, 60.0, 30.0)


def test_an_event_that_lasts_shows_its_course_and_the_scene_before_and_after() -> None:
    motion = moved(0.02, "motion", PLACE)
    peak = [(12.0, moved(0.5, "motion", PLACE))]
    during = [*seconds(8, 12, motion), *peak, *seconds(13, 40, motion)]
    (event,) = events(*seconds(0, 8, STILL), *during, *seconds(40, 60, STILL))
    first, *course, before, after = times(event)
    assert first == 12.0
    assert len(course) == AuditConfig().moments - 1
    assert 8.0 < course[0] < course[1] < course[2] < 40.0
    assert course[2] - course[0] >= 10.0
    assert before <= 8.0 - 2.0
    assert after > 40.0


def test_nothing_before_or_after_is_taken_for_calm_that_is_not() -> None:
    (event,) = events(*seconds(0, 5, moved()))
    assert event.before is None
    assert event.after is None
    assert len(times(event)) == AuditConfig().moments


def test_a_frame_from_long_before_is_not_what_stood_there() -> None:
    (event,) = events((0.0, STILL), (500.0, moved()))
    assert event.before is None
    (event,) = events((0.0, STILL), (500.0, STILL), (503.0, STILL), (504.0, moved()))
    assert event.before is not None
    assert event.before[0] == 500.0


def test_only_what_is_drawn_keeps_pictures() -> None:
    frames = (*seconds(0, 5, STILL), *seconds(5, 9, moved()))
    (event,) = events(*frames, draw=NONE)
    assert (event.drawn, event.peak, event.spaced_frames.frames, event.before) == (
        False,
        None,
        (),
        None,
    )
    assert all(one.spaced_frames.frames == () for one in quiets(*seconds(0, 200, STILL), draw=NONE))
    state = AuditState()
    for t, seen in frames:
        state = watch(state, frame(t), seen, t, NONE)
    assert state.quiet_frames == ()


def test_what_cannot_be_drawn_for_want_of_bytes_says_so() -> None:
    broke = replace(EACH, chance=lambda: 0.0)
    (event,) = events((0.0, moved()), draw=broke)
    assert (event.share, event.drawn) == (0.0, False)
    half = replace(EACH, chance=lambda: 0.5)
    assert events((0.0, moved()), draw=half)[0].share == 0.5


PERSON: Reported = frozenset({(TrackId(1), "person")})
CAR: Reported = frozenset({(TrackId(2), "vehicle")})


def event_with(*told: Reported, refuted: tuple[int, ...] = ()) -> AuditSegment:
    state = watch(AuditState(), frame(0), moved(), 0, EACH)
    for one in told:
        state = suspect(state, one)
    for track in refuted:
        state = refute(state, TrackId(track))
    _, (event,) = take(watch(state, frame(1), moved(), 1, EACH), 1 + GAP_S)
    return event


def test_what_is_told_was_not_missed_and_what_is_of_the_other_group_may_have_been() -> None:
    assert event_with().leaves_open
    assert event_with(PERSON).groups == {"person"}
    assert event_with(PERSON).leaves_open
    assert event_with(frozenset({(TrackId(3), "animal")}), CAR).leaves_open
    assert not event_with(PERSON, CAR).leaves_open
    assert suspect(AuditState(), PERSON) == AuditState()


def test_what_the_cloud_refuted_was_told_to_nobody() -> None:
    assert event_with(PERSON, refuted=(1,)).groups == frozenset()
    assert event_with(PERSON, CAR, refuted=(2,)).groups == {"person"}
    again: Reported = frozenset({(TrackId(9), "person")})
    assert event_with(PERSON, again, refuted=(1,)).groups == {"person"}
    assert refute(AuditState(), TrackId(1)) == AuditState()


def test_what_is_counted_with_a_refuted_thing_was_told_to_nobody_either() -> None:
    counted: Reported = frozenset({(None, "person")})
    assert event_with(PERSON, counted, refuted=(1,)).groups == frozenset()
    assert event_with(counted, refuted=(1,)).groups == {"person"}
    again: Reported = frozenset({(TrackId(9), "person")})
    assert event_with(PERSON, counted, again, refuted=(1,)).groups == {"person"}


def test_a_quiet_minute_with_anything_told_in_view_is_not_asked_about() -> None:
    state = watch(AuditState(), frame(0), STILL, 0, EACH)
    assert state.quiet is not None
    assert state.quiet.leaves_open
    state = suspect(state, CAR)
    assert state.quiet is not None
    assert not state.quiet.leaves_open


def test_every_minute_without_a_change_is_a_quiet_one() -> None:
    minutes = quiets(*seconds(0, 200, STILL))
    assert [one.began_at_s for one in minutes] == [0.0, 60.0, 120.0, 180.0]
    assert {one.lasted_s for one in minutes} == {LONGEST_S}


def test_a_minute_that_a_change_cuts_short_is_none() -> None:
    cut = [*seconds(0, 55, STILL), (55.0, moved()), *seconds(56, 80, STILL)]
    assert [one.began_at_s for one in quiets(*cut)] == [65.0]


def test_a_quiet_minute_shows_several_moments_and_none_of_its_end() -> None:
    """Who comes at its end is seen a moment later, which is no miss."""
    first, *_ = quiets(*seconds(0, 100, STILL))
    frames, box = shown(first)
    assert box is None
    assert len(frames) == AuditConfig().moments
    assert frames[0].received_mono_s < 15.0
    assert 30.0 < frames[-1].received_mono_s <= LONGEST_S - GAP_S


@given(
    st.lists(st.floats(0.01, 30), min_size=1, max_size=300), st.integers(1, 8), st.integers(1, 8)
)
def test_a_reel_is_bounded_and_spread(steps: list[float], moments: int, count: int) -> None:
    spaced_frames, now = SpacedFrames(moments=moments), 0.0
    for step in steps:
        now += step
        spaced_frames = spaced_frames.with_frame(frame(now), now)
    at = [t for t, _ in spaced_frames.frames]
    assert 1 <= len(at) <= 2 * moments
    assert at[0] == steps[0]
    assert at == sorted(at)
    spread = spaced_frames.spread(count)
    assert len(spread) == min(count, len(at))
    assert set(spread) <= set(spaced_frames.frames)
    places = [spaced_frames.frames.index(one) for one in spread]
    assert places == sorted(set(places))
    assert places[0] <= len(at) / len(spread)
    assert places[-1] >= len(at) - len(at) / len(spread) - 1
