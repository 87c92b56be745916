"""Which recent frames are kept: what can be replayed, within bounds, and what matters longest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from contract.ids import CameraId
from edge.records import Analysed, Check, Frame, Motion, Outcome, Quiet, RuleResult
from edge.shadow.stretches import (
    MAX_AGE_S,
    MOST_STRETCHES,
    Interest,
    Stretches,
    interest_of,
)
from imaging.admission import Header, Reason, Rejected
from tests.unit.edge.scenes import seen

YARD, GATE = CameraId("yard"), CameraId("gate")
AT = datetime(2026, 1, 1, tzinfo=UTC)
AMPLE = (10_000_000, 7200.0)
QUIET, MOVED, NEAR, RAISED = Interest
HEADER = Header(
    kind="jpeg",
    width=64,
    height=48,
    components=3,
    bits=8,
    progressive=False,
    scans=1,
    eoi_missing=False,
)


def frame(at_s: float, camera: CameraId = YARD, size: int = 1000) -> Frame:
    return Frame(
        camera=camera,
        picture=bytes(size),
        header=HEADER,
        received_at=AT + timedelta(seconds=at_s),
        received_mono_s=at_s,
    )


def times(stretches: Stretches) -> list[list[float]]:
    return [[one.received_mono_s for one in it.frames] for it in stretches.worth_replaying()]


def play(
    into: Stretches,
    *parts: tuple[float, Interest],
    begin: float = 0.0,
    camera: CameraId = YARD,
    bounds: tuple[int, float] = AMPLE,
) -> float:
    """Five frames a second: for so many seconds of so much interest; when it ends."""
    now = begin
    for seconds, interest in parts:
        for _ in range(round(5 * seconds)):
            into.add(frame(now, camera), interest, *bounds)
            now = round(now + 0.2, 1)
    return now


def test_a_walk_is_kept_frame_by_frame_with_a_thinned_lead_and_a_trail() -> None:
    kept = Stretches()
    play(kept, (60, QUIET), (4, NEAR), (60, QUIET))
    (stretch,) = times(kept)
    moving = [one for one in stretch if 60 <= one < 64]
    assert len(moving) == 20
    lead = [one for one in stretch if one < 60]
    assert 4 <= len(lead) <= 8
    assert lead[0] >= 53
    assert lead[-1] == 59.8
    assert 66 <= stretch[-1] < 67.3


def test_a_quiet_scene_is_nothing_to_replay_and_does_not_grow() -> None:
    kept = Stretches()
    play(kept, (600, QUIET))
    assert not kept.worth_replaying()
    assert kept.bytes <= 9 * 1000


def test_what_was_reported_outlasts_what_only_moved() -> None:
    kept, bounds = Stretches(), (100_000, 7200.0)
    end = play(kept, (10, QUIET), (3, RAISED), (10, QUIET), bounds=bounds)
    for _ in range(20):
        end = play(kept, (8, MOVED), (10, QUIET), begin=end, bounds=bounds)
    first, *_ = kept.worth_replaying()
    assert first.interest is RAISED
    assert first.begin_s < 11
    assert kept.bytes <= 100_000


def test_a_camera_that_moves_all_day_does_not_take_the_place_of_another() -> None:
    kept, bounds = Stretches(), (200_000, 7200.0)
    play(kept, (2, NEAR), (10, QUIET), camera=GATE, bounds=bounds)
    play(kept, (600, NEAR), begin=15, bounds=bounds)
    assert GATE in {one.camera for one in kept.worth_replaying()}


def test_seconds_are_bounded_for_all_cameras_together() -> None:
    kept, bounds = Stretches(), (10_000_000, 60.0)
    for camera in (YARD, GATE):
        play(kept, (200, MOVED), camera=camera, bounds=bounds)
    assert 20 <= kept.footage_s <= 60


def test_pictures_of_a_camera_that_fell_silent_are_not_kept_for_more_than_a_day() -> None:
    stretches = Stretches()
    play(stretches, (2, RAISED), camera=GATE)
    play(stretches, (2, MOVED), begin=20.0)
    stretches.add(frame(MAX_AGE_S + 10.0), QUIET, *AMPLE)
    assert [one.camera for one in stretches.worth_replaying()] == [YARD]
    assert stretches.bytes == sum(one.bytes for one in stretches.worth_replaying()) + 1000


def test_no_camera_makes_more_stretches_than_each_frame_can_be_held_against() -> None:
    stretches = Stretches()
    stretches.add(frame(0.0, GATE, 10), RAISED, *AMPLE)
    for number in range(MOST_STRETCHES + 50):
        stretches.add(frame(11.0 * number, YARD, 10), MOVED, *AMPLE)
    kept = stretches.worth_replaying()
    assert len(kept) == MOST_STRETCHES + 2
    assert kept[0].interest is RAISED


def test_single_pictures_stand_alone_and_are_marked_when_they_are_reported_later() -> None:
    kept = Stretches()
    for minute in range(3):
        kept.add(frame(60.0 * minute), MOVED, *AMPLE)
    kept.raised(YARD)
    assert times(kept) == [[120.0], [60.0], [0.0]]
    assert [one.interest for one in kept.worth_replaying()] == [RAISED, MOVED, MOVED]


def test_nothing_is_left_of_a_camera_that_is_forgotten() -> None:
    kept = Stretches()
    play(kept, (2, NEAR), (20, QUIET), (2, NEAR))
    kept.forget(YARD)
    assert (kept.worth_replaying(), kept.bytes) == ([], 0)


def test_pictures_of_the_day_before_are_not_kept() -> None:
    kept = Stretches()
    play(kept, (2, RAISED), (10, QUIET))
    play(kept, (1, MOVED), begin=90_000)
    assert [one.interest for one in kept.worth_replaying()] == [MOVED]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([YARD, GATE, CameraId("c")]),
            st.sampled_from([*Interest]),
            st.floats(0, 40),
            st.integers(1, 4000),
        ),
        max_size=120,
    ),
    st.integers(1, 20_000),
)
def test_the_bounds_hold_whatever_comes(
    coming: list[tuple[CameraId, Interest, float, int]], max_bytes: int
) -> None:
    kept, now = Stretches(), 0.0
    for camera, interest, later_s, size in coming:
        now += later_s
        kept.add(frame(now, camera, size), interest, max_bytes, 50.0)
        assert kept.bytes <= max_bytes
        assert kept.footage_s <= 50.0
        held = kept.worth_replaying()
        assert sum(one.bytes for one in held) <= kept.bytes
        assert all(one.bytes == sum(len(f.picture) for f in one.frames) for one in held)


def motion(why: str) -> Motion:
    return Motion(moved=True, why=why, regions=(), share=0.0)


def analysed(why: str = "motion", *failed: int) -> Analysed:
    """With a rule result for each number of failed checks."""
    results = [
        RuleResult(
            track=None,
            rule="r",
            label="person",
            box=(0, 0, 1, 1),
            night=False,
            checks=tuple(
                Check("min_score", "score", 0.1, ">=", 0.5, passed=n >= few) for n in range(3)
            ),
        )
        for few in failed
    ]
    image = seen().boxes.reshape(0, 0, 4)[..., :3].astype("uint8")
    return Analysed(
        motion=motion(why), detections=seen(), image=image, candidates=(), rule_results=(*results,)
    )


def test_what_a_frame_may_show_of_an_update() -> None:
    outcomes: list[tuple[Outcome, Interest | None]] = [
        (Quiet(motion=motion("still")), QUIET),
        (Quiet(motion=motion("swaying")), MOVED),
        (analysed("full_look"), QUIET),
        (analysed("motion"), MOVED),
        (analysed("motion", 3, 2), MOVED),
        (analysed("full_look", 2, 1), NEAR),
        (Rejected(Reason.UNDECODABLE, ""), None),
    ]
    for outcome, interest in outcomes:
        assert interest_of(outcome) is interest, outcome
