"""The newest frame of each camera waits, cameras are served in turn, nothing is lost unseen."""

import threading
from datetime import UTC, datetime

from contract.ids import CameraId
from edge.intake.mailbox import Mailbox
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
    assert mailbox.put(old) is None
    assert mailbox.put(new) is old
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
    assert mailbox.put(late) is late
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
    given_back = [one for one in map(mailbox.put, frames) if one is not None]
    given_back += mailbox.close()
    consumer.join(PATIENCE_S)
    assert sorted(one.received_mono_s for one in taken + given_back) == list(range(2_000))
