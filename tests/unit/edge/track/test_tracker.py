"""Tracks: the same thing keeps its number, different things never share one."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.schema import TrackingConfig
from edge.track.kalman import VELOCITY_MEMORY_S, predict, update
from edge.track.motion_verification import Foreground
from edge.track.track import Tracks
from edge.track.tracker import MAX_TRACKS, expire, one_per_object, step
from imaging.detections import no_detections
from tests.unit.edge.scenes import Row, seen, walker

SETTINGS = TrackingConfig()
STILL = Foreground()


def run(frames: Sequence[tuple[Row, ...]], fps: float = 5.0) -> Tracks:
    tracks = Tracks()
    for number, rows in enumerate(frames):
        tracks = step(tracks, seen(*rows), STILL, number / fps, SETTINGS)
    return tracks


@pytest.mark.parametrize("fps", [1.0, 5.0, 15.0])
def test_a_walker_keeps_one_identity_at_every_frame_rate(fps: float) -> None:
    step_px = 20.0 / fps
    tracks = run([(walker(10 + n * step_px),) for n in range(20)], fps)
    assert [track.id for track in tracks.alive] == [1]
    assert tracks.next_id == 2


def test_a_walker_missed_for_a_moment_is_found_again_where_it_was_going() -> None:
    seen_at = (0, 1, 2, 3, 4, 5, 8)
    frames = [(walker(10 + 8 * n),) if n in seen_at else () for n in range(9)]
    assert [track.id for track in run(frames).alive] == [1]


def test_a_track_ends_when_it_was_not_seen_for_longer_than_the_gap() -> None:
    frames = [(walker(10 + n),) for n in range(6)]
    tracks = run(frames, fps=10.0)
    last_s = tracks.alive[0].seen_at_s
    assert expire(tracks, last_s + SETTINGS.max_gap_s, SETTINGS).alive
    assert not expire(tracks, last_s + SETTINGS.max_gap_s + 0.01, SETTINGS).alive
    assert not step(tracks, no_detections(), STILL, last_s + 1.6, SETTINGS).alive


def test_two_walkers_side_by_side_stay_two() -> None:
    tracks = run([(walker(10 + 4 * n), walker(80 + 4 * n, 0.5)) for n in range(10)])
    assert [round(track.box[0]) for track in tracks.alive] == [46, 116]
    assert [track.id for track in tracks.alive] == [1, 2]


def test_a_car_called_truck_for_a_frame_stays_itself_but_a_person_is_never_a_car() -> None:
    labels = ["car", "car", "truck", "car"]
    tracks = run([(walker(10 + n, 0.5, label),) for n, label in enumerate(labels)])
    assert [(track.id, track.label) for track in tracks.alive] == [(1, "car")]
    mixed = run([(walker(10, 0.5, "car"),), (walker(10, 0.5, "person"),)])
    assert [track.id for track in mixed.alive] == [1, 2]


def test_travel_is_measured_at_the_feet_in_own_heights() -> None:
    (track,) = run([(walker(10 + 4 * n),) for n in range(11)]).alive
    assert track.travelled == pytest.approx(1.0)


def test_what_the_frame_shows_of_movement_goes_into_the_vote() -> None:
    moved = Foreground(mask=np.full((48, 64), 255, np.uint8), size=(640, 480))
    tracks = step(Tracks(), seen(walker(10)), moved, 0.0, SETTINGS)
    tracks = step(tracks, seen(walker(12)), STILL, 0.2, SETTINGS)
    assert [vote.moving for vote in tracks.alive[0].votes] == [True, False]


def test_one_vehicle_with_two_names_is_followed_once() -> None:
    rows = [walker(10, 0.6, "car"), walker(11, 0.5, "truck"), walker(12, 0.4, "person")]
    assert one_per_object(seen(*rows)).labels == ("car", "person")


People = list[list[tuple[float, float]]]
PEOPLE = st.lists(
    st.lists(st.tuples(st.floats(0, 600), st.floats(0.25, 1)), max_size=6), min_size=1, max_size=12
)
RATES = st.sampled_from([0.2, 0.5, 1.0, 5.0, 15.0])


def after_each(frames: People, fps: float, scale: float = 1.0, shift: float = 0.0) -> list[Tracks]:
    """The tracks after each frame, of which the picture may be larger or moved aside."""
    tracks, history = Tracks(), []
    for number, rows in enumerate(frames):
        found = seen(*(_moved(walker(x, s), scale, shift) for x, s in rows))
        tracks = step(tracks, found, STILL, number / fps, SETTINGS)
        history.append(tracks)
    return history


def _moved(row: Row, scale: float, shift: float) -> Row:
    label, score, (x0, y0, x1, y1) = row
    return label, score, (scale * x0 + shift, scale * y0, scale * x1 + shift, scale * y1)


@given(PEOPLE, RATES)
def test_identities_are_unique_ages_never_negative_and_windows_bounded(
    frames: People, fps: float
) -> None:
    ended: set[int] = set()
    before: set[int] = set()
    for number, tracks in enumerate(after_each(frames, fps)):
        now = number / fps
        ids = [track.id for track in tracks.alive]
        assert len(set(ids)) == len(ids) <= MAX_TRACKS
        assert all(id_ < tracks.next_id for id_ in ids)
        ended |= before - set(ids)
        assert not ended & set(ids), "a number is never given twice"
        before = set(ids)
        assert all(0 <= t.first_at_s <= t.seen_at_s <= now for t in tracks.alive)
        assert all(len(t.votes) <= SETTINGS.window for t in tracks.alive)
        assert all(t.confirmed == (t.hits >= 3) for t in tracks.alive)
        people = one_per_object(seen(*(walker(x, s) for x, s in frames[number])))
        strong = int((people.scores >= SETTINGS.begin_score).sum())
        assert strong <= sum(t.seen_at_s == now for t in tracks.alive) <= len(people)


@given(
    st.integers(0, 10_000),
    RATES,
    st.sampled_from([0.5, 2.0, 4.0]),
    st.sampled_from([0.0, -512.0, 1024.0]),
)
def test_a_scene_that_is_larger_or_moved_aside_has_the_same_identities(
    seed: int, fps: float, scale: float, shift: float
) -> None:
    def identities(history: list[Tracks]) -> list[list[tuple[int, float]]]:
        return [[(t.id, t.seen_at_s) for t in tracks.alive] for tracks in history]

    # drawn, not chosen: of two pairings of exactly equal worth rounding takes either
    rng = np.random.default_rng(seed)
    frames = [
        [(float(rng.integers(0, 600)), float(rng.uniform(0.25, 1))) for _ in range(rng.integers(5))]
        for _ in range(10)
    ]
    once = after_each(frames, fps)
    assert once == after_each(frames, fps)
    assert identities(once) == identities(after_each(frames, fps, scale))
    assert identities(once) == identities(after_each(frames, fps, 1.0, shift))


@given(PEOPLE, RATES, st.floats(0, 30))
def test_the_doubt_grows_while_nobody_looks_and_a_sighting_lessens_it(
    frames: People, fps: float, later_s: float
) -> None:
    for tracks in after_each(frames, fps):
        for track in tracks.alive:
            assert track.kalman_state.at_s == track.seen_at_s
            blind = predict(
                track.kalman_state, track.height, track.group, track.seen_at_s + later_s
            )
            assert blind.covariance[0] >= track.kalman_state.covariance[0] - 1e-9
            found = update(blind, blind.foot, track.height)
            assert found.covariance[0] <= blind.covariance[0]
            farthest = math.hypot(*track.kalman_state.velocity) * VELOCITY_MEMORY_S
            assert math.dist(blind.foot, track.kalman_state.foot) <= farthest + 1e-6


@pytest.mark.parametrize("fps", [0.2, 0.5, 2.0, 5.0, 15.0])
def test_one_missed_frame_of_a_camera_costs_nobody_the_identity(fps: float) -> None:
    step_px = 30.0 / fps  # 0.75 of the own height per second
    frames = [(walker(10 + n * step_px),) if n != 4 else () for n in range(8)]
    assert [track.id for track in run(frames, fps).alive] == [1]


@pytest.mark.parametrize("fps", [2.0, 5.0, 15.0])
def test_two_walkers_who_pass_each_other_keep_their_identities(fps: float) -> None:
    def place(n: int) -> tuple[float, float]:
        return 100 + 33 * n / fps, 300 - 33 * n / fps

    frames = []
    for n in range(round(6 * fps)):
        right, left = place(n)
        hidden = abs(right - left) < 10  # one stands before the other
        frames.append((walker(right, 0.7), *(() if hidden else (walker(left, 0.6),))))
    tracks = run(frames, fps)
    by_id = {track.id: track.box[0] for track in tracks.alive}
    right, left = place(len(frames) - 1)
    assert by_id == {1: pytest.approx(right, abs=1), 2: pytest.approx(left, abs=1)}


def test_a_weak_detection_continues_a_track_and_begins_none() -> None:
    assert run([(walker(10, 0.29),)]).alive == ()
    tracks = run([(walker(10, 0.5),), (walker(12, 0.29),)])
    assert [(track.id, track.hits) for track in tracks.alive] == [(1, 2)]


def test_a_strong_detection_is_preferred_to_a_weak_one_that_lies_nearer() -> None:
    tracks = run([(walker(10),), (walker(10),), (walker(26, 0.8), walker(10, 0.26))])
    assert [track.box[0] for track in tracks.alive] == [26]


def test_a_slow_cameras_pause_is_learned_from_its_own_frames() -> None:
    tracks = run([() for _ in range(4)], fps=0.2)
    assert tracks.interval_s == pytest.approx(5.0)
    assert expire(tracks, 1000.0, SETTINGS).interval_s == pytest.approx(5.0)  # one stall is none


def test_two_frames_of_one_moment_do_not_throw_a_track() -> None:
    tracks = run([(walker(10 + 4 * n),) for n in range(5)])
    now = tracks.alive[0].seen_at_s
    again = step(tracks, seen(walker(30)), STILL, now, SETTINGS)
    assert [track.id for track in again.alive] == [1]
    assert abs(again.alive[0].kalman_state.velocity[0]) < 60


def test_of_two_tracks_the_closer_one_gets_the_only_detection() -> None:
    both = (walker(10, 0.6), walker(30, 0.5))
    tracks = run([both, both, (walker(26, 0.6),)])
    first, second = tracks.alive
    assert (first.seen_at_s, second.seen_at_s) == (0.2, 0.4)
    assert tracks.next_id == 3
