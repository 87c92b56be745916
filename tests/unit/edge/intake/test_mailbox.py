"""Newest frames and short queues wait, cameras are served in turn, nothing is lost unseen."""

import threading
from datetime import UTC, datetime

from contract.ids import CameraId
from edge.intake.mailbox import LISTED_TURNS, Mailbox, QueueLimit
from edge.records import Frame
from tests.unit.imaging.pictures import encoded, header_of, scene

JPEG = encoded(scene(64, 48))
HEADER = header_of(JPEG)
PATIENCE_S = 10.0


def frame(camera: str, received_mono_s: float = 0.0) -> Frame:
    return Frame(
        camera=CameraId(camera),
        picture=JPEG,
        header=HEADER,
        received_at=datetime(2024, 5, 1, tzinfo=UTC),
        received_mono_s=received_mono_s,
    )


def cameras_taken(mailbox: Mailbox, count: int) -> list[str]:
    frames = [mailbox.take(0.0) for _ in range(count)]
    return [one.camera for one in frames if one is not None]


def test_the_newest_frame_of_a_camera_wins_and_the_older_comes_back() -> None:
    mailbox = Mailbox()
    old, new = frame("gate", 1.0), frame("gate", 2.0)
    assert mailbox.put(old) == ()
    assert mailbox.put(new) == (old,)
    assert mailbox.take(0.0) is new
    assert mailbox.take(0.0) is None


def test_a_busy_camera_does_not_starve_the_others() -> None:
    mailbox = Mailbox()
    for camera in ("busy", "calm", "busy", "rare", "busy"):
        mailbox.put(frame(camera))
    assert len(mailbox) == 3
    assert cameras_taken(mailbox, 1) == ["busy"]
    mailbox.put(frame("busy"))
    assert cameras_taken(mailbox, 3) == ["calm", "rare", "busy"]


def test_a_waiting_thread_gets_the_frame_that_comes() -> None:
    mailbox = Mailbox()
    taken: list[Frame | None] = []
    thread = threading.Thread(target=lambda: taken.append(mailbox.take(PATIENCE_S)))
    thread.start()
    put = frame("gate")
    mailbox.put(put)
    thread.join(PATIENCE_S)
    assert taken == [put]


def test_closing_wakes_the_waiting_and_returns_what_nobody_took() -> None:
    mailbox = Mailbox()
    taken: list[Frame | None] = []
    thread = threading.Thread(target=lambda: taken.append(mailbox.take(PATIENCE_S)))
    thread.start()
    assert mailbox.close() == ()
    thread.join(PATIENCE_S)
    assert taken == [None]


def test_what_was_left_at_closing_is_returned_and_what_comes_later_too() -> None:
    mailbox = Mailbox()
    left, late = frame("gate"), frame("yard")
    mailbox.put(left)
    assert mailbox.close() == (left,)
    assert mailbox.put(late) == (late,)
    assert mailbox.take(0.0) is None
    assert len(mailbox) == 0


def test_every_frame_is_either_taken_or_given_back() -> None:
    mailbox = Mailbox()
    taken: list[Frame] = []

    def consume() -> None:
        while (one := mailbox.take(PATIENCE_S)) is not None:
            taken.append(one)

    consumer = threading.Thread(target=consume)
    consumer.start()
    frames = [frame(f"camera-{n % 5}", float(n)) for n in range(2_000)]
    given_back = [one for gone in map(mailbox.put, frames) for one in gone]
    given_back += mailbox.close()
    consumer.join(PATIENCE_S)
    assert sorted(one.received_mono_s for one in taken + given_back) == list(range(2_000))


def test_single_pictures_queue_up_to_their_number_and_the_oldest_goes() -> None:
    mailbox = Mailbox()
    frames = [frame("door", float(n)) for n in range(5)]
    gone = [mailbox.put(one, QueueLimit(3)) for one in frames]
    assert gone == [(), (), (), (frames[0],), (frames[1],)]
    assert [mailbox.take(0.0) for _ in range(4)] == [*frames[2:], None]


def test_queued_pictures_of_all_cameras_are_bounded_by_their_bytes() -> None:
    mailbox, room = Mailbox(), QueueLimit(100, max_bytes=4 * len(JPEG))
    greedy = [frame("greedy", float(n)) for n in range(4)]
    assert [mailbox.put(one, room) for one in greedy] == [(), (), (), ()]
    modest = [frame("modest", float(n)) for n in range(2)]
    assert mailbox.put(modest[0], room) == ()  # a lone one is never in the way
    assert mailbox.put(modest[1], room) == (greedy[0], greedy[1])
    assert len(mailbox) == 4


def test_cameras_with_queues_are_served_in_turn() -> None:
    mailbox = Mailbox()
    for _ in range(3):
        mailbox.put(frame("burst"), QueueLimit(9))
    mailbox.put(frame("other"))
    assert cameras_taken(mailbox, 4) == ["burst", "other", "burst", "burst"]


def test_a_stream_keeps_only_the_newest_of_what_was_queued() -> None:
    mailbox = Mailbox()
    frames = [frame("door", float(n)) for n in range(4)]
    for one in frames[:3]:
        mailbox.put(one, QueueLimit(5))
    assert mailbox.put(frames[3]) == tuple(frames[:3])


def test_listed_cameras_keep_their_share_beside_any_number_of_others() -> None:
    mailbox = Mailbox()
    listed, others = ["a", "b", "c"], [f"x{n}" for n in range(100)]
    for camera in (*others, *listed):
        mailbox.put(frame(camera), listed=camera in listed)
    taken = []
    for _ in range(900):
        (camera,) = cameras_taken(mailbox, 1)
        taken.append(camera)
        mailbox.put(frame(camera), listed=camera in listed)
    shares = {camera: taken.count(camera) for camera in listed}
    assert min(shares.values()) >= 0.8 * 900 / len(listed)
    assert sum(camera in others for camera in taken) == 900 // (LISTED_TURNS + 1)


def test_a_camera_that_becomes_listed_while_it_waits_is_served_once_per_frame() -> None:
    mailbox = Mailbox()
    old, new = frame("a", 1.0), frame("a", 2.0)
    mailbox.put(old, listed=False)
    assert mailbox.put(new, listed=True) == (old,)
    assert [mailbox.take(0.0), mailbox.take(0.0)] == [new, None]


def test_whoever_waits_for_room_is_woken_when_a_picture_is_taken() -> None:
    mailbox, room = Mailbox(), QueueLimit(1, max_bytes=10 * len(JPEG))
    assert mailbox.wait_for_room(CameraId("door"), room, len(JPEG), 0.0)
    mailbox.put(frame("door"), room)
    assert not mailbox.wait_for_room(CameraId("door"), room, len(JPEG), 0.0)
    found: list[bool] = []
    waiting = threading.Thread(
        target=lambda: found.append(
            mailbox.wait_for_room(CameraId("door"), room, len(JPEG), PATIENCE_S)
        )
    )
    waiting.start()
    assert mailbox.take(0.0) is not None
    waiting.join(PATIENCE_S)
    assert found == [True]


def test_closing_ends_the_wait_for_room() -> None:
    mailbox, room = Mailbox(), QueueLimit(1)
    mailbox.put(frame("door"), room)
    mailbox.close()
    assert mailbox.wait_for_room(CameraId("door"), room, len(JPEG), 0.0)
