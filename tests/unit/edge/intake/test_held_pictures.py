"""Single pictures that the broker holds: acknowledged once decided on, and never twice."""

from __future__ import annotations

from pathlib import Path

from edge.intake.redelivery import FILE as ATTEMPTS
from edge.intake.redelivery import MOST_ATTEMPTS, Attempts
from edge.metrics.funnel import Funnel
from tests.unit.edge.intake.doorway import PICTURE, Doorway
from tests.unit.edge.scenes import picture

SNAPSHOTS = "cameras: {door: {kind: snapshot}}\nintake: {snapshots: {queue: 3}}"


def test_a_held_picture_is_acknowledged_when_it_was_evaluated_and_a_bad_one_at_once() -> None:
    door = Doorway(SNAPSHOTS)
    good, bad = door.held(PICTURE), door.held(b"junk")
    assert (good.calls, bad.calls) == (0, 1)
    (frame,) = door.waiting()
    assert frame.held is not None
    frame.held.acknowledge()
    assert good.calls == 1


def test_a_burst_of_single_pictures_is_queued_and_what_overflows_is_counted_and_let_go() -> None:
    door = Doorway(SNAPSHOTS)
    acks = [door.held(picture(seed=seed)) for seed in range(5)]
    assert [ack.calls for ack in acks] == [1, 1, 0, 0, 0]
    assert [frame.picture for frame in door.waiting()] == [picture(seed=n) for n in (2, 3, 4)]
    assert (door.funnel("door").superseded, door.funnel("door").in_flight) == (2, 3)


def test_a_picture_that_comes_again_after_a_reconnect_is_evaluated_once() -> None:
    door = Doorway(SNAPSHOTS)
    door.held(PICTURE)
    again = door.held(PICTURE, again=True)
    (frame,) = door.waiting()
    assert frame.held is not None
    frame.held.acknowledge()
    assert again.calls == 1
    late = door.held(PICTURE, again=True)
    assert (late.calls, door.waiting(), door.funnel("door").received) == (1, [], 1)


def test_the_same_bytes_published_anew_are_another_picture() -> None:
    door = Doorway(SNAPSHOTS)
    acks = [door.held(PICTURE, mid=mid) for mid in (1, 2, 2)]
    frames = door.waiting()
    assert len(frames) == 3
    for frame in frames:
        assert frame.held is not None
        frame.held.acknowledge()
    assert [ack.calls for ack in acks] == [1, 1, 1]


def test_after_closing_a_held_picture_stays_with_the_broker() -> None:
    door = Doorway(SNAPSHOTS)
    door.intake.close()
    assert door.held(PICTURE).calls == 0
    assert door.funnel("door") == Funnel()


def test_a_picture_during_which_the_daemon_ends_again_and_again_is_given_up(tmp_path: Path) -> None:
    verdicts = []
    for start in range(MOST_ATTEMPTS + 2):
        door = Doorway(SNAPSHOTS, attempts=Attempts(tmp_path))
        door.held(PICTURE, again=start > 0)
        (frame,) = door.waiting()
        assert frame.held is not None
        verdicts.append(frame.held.begin())  # and now it dies
    assert verdicts == [True] * (MOST_ATTEMPTS + 1) + [False]
    assert frame.held is not None
    frame.held.acknowledge()
    assert Attempts(tmp_path).begin("door another 1")


def test_a_damaged_file_of_tries_stops_no_start(tmp_path: Path) -> None:
    for document in (b"", b"[]", b"[" * 10_000, b'{"a": "b", "c": -1, "d": true}', b"\xff"):
        (tmp_path / ATTEMPTS).write_bytes(document)
        assert Attempts(tmp_path).begin("door x 1")
    (tmp_path / ATTEMPTS).unlink()
    (tmp_path / ATTEMPTS).mkdir()
    assert Attempts(tmp_path).begin("door x 1")
