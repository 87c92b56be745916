"""Tracks: the same thing keeps its number, different things never share one."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.schema import Tracking
from edge.decide.movement import Change
from edge.decide.tracker import Tracks, expire, one_per_thing, step
from imaging.detections import no_detections
from tests.unit.edge.scenes import Row, seen, walker

SETTINGS = Tracking()
STILL = Change()


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
    tracks = step(Tracks(), seen(walker(10)), STILL, 0.0, SETTINGS)
    assert expire(tracks, SETTINGS.max_gap_s, SETTINGS).alive
    assert not expire(tracks, SETTINGS.max_gap_s + 0.01, SETTINGS).alive
    assert not step(tracks, no_detections(), STILL, 1.6, SETTINGS).alive


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
    moved = Change(mask=np.full((48, 64), 255, np.uint8), size=(640, 480))
    tracks = step(Tracks(), seen(walker(10)), moved, 0.0, SETTINGS)
    tracks = step(tracks, seen(walker(12)), STILL, 0.2, SETTINGS)
    assert [vote.moving for vote in tracks.alive[0].votes] == [True, False]


def test_one_vehicle_with_two_names_is_followed_once() -> None:
    rows = [walker(10, 0.6, "car"), walker(11, 0.5, "truck"), walker(12, 0.4, "person")]
    assert one_per_thing(seen(*rows)).labels == ("car", "person")


@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 600), st.floats(0.25, 1)), max_size=6),
        min_size=1,
        max_size=12,
    )
)
def test_identities_are_unique_ages_never_negative_and_windows_bounded(
    frames: list[list[tuple[float, float]]],
) -> None:
    tracks = Tracks()
    for number, rows in enumerate(frames):
        now = number / 5
        people = [walker(x, s) for x, s in rows]
        tracks = step(tracks, seen(*people), STILL, now, SETTINGS)
        ids = [track.id for track in tracks.alive]
        assert len(set(ids)) == len(ids)
        assert all(id_ < tracks.next_id for id_ in ids)
        assert all(0 <= t.first_at_s <= t.seen_at_s <= now for t in tracks.alive)
        assert all(len(t.votes) <= SETTINGS.window for t in tracks.alive)
        assert sum(t.seen_at_s == now for t in tracks.alive) == len(one_per_thing(seen(*people)))


def test_of_two_tracks_the_closer_one_gets_the_only_detection() -> None:
    both = (walker(10, 0.6), walker(30, 0.5))
    tracks = run([both, both, (walker(26, 0.6),)])
    first, second = tracks.alive
    assert (first.seen_at_s, second.seen_at_s) == (0.2, 0.4)
    assert tracks.next_id == 3
