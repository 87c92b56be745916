"""A camera's thread goes on after every fault, and its waits grow."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

from bridge.fault import FaultReason, SourceFault
from bridge.source_condition import SourceCondition
from bridge.sources.open import PictureSource
from bridge.worker import CameraFeed, CameraWorker
from contract.ids import CameraId
from imaging.admission import Reason, Rejected
from tests.fakes import ManualClock, recorded_events

GATE = CameraId("gate")


def run(
    source: PictureSource, stopping: threading.Event, taken: bool = True
) -> tuple[SourceCondition, ManualClock]:
    condition, clock = SourceCondition(), ManualClock()
    sent = lambda *_: taken  # noqa: E731, one word
    feed = CameraFeed(
        camera=GATE, source=source, condition=condition, send=sent, reconnect_max_s=30.0
    )
    CameraWorker(feed, clock, random.Random(1)).run(stopping)
    return condition, clock


def failing(stopping: threading.Event, error: Exception, times: int) -> PictureSource:
    left = iter(range(times))

    def source(_: threading.Event) -> Iterator[bytes | Rejected]:
        if next(left, None) is None:
            stopping.set()
            return
        yield b"jpeg"
        raise error

    return source


def test_it_tries_again_with_waits_that_grow_to_a_bound() -> None:
    stopping = threading.Event()
    condition, clock = run(failing(stopping, SourceFault(FaultReason.ENDED, "x"), 40), stopping)
    assert len(clock.waits) == 40
    assert max(clock.waits[-20:]) > 5
    assert max(clock.waits) <= 30
    assert condition.state().counts == {"connects": 41, "sent": 40}


def test_a_wrong_password_is_tried_seldom() -> None:
    stopping = threading.Event()
    _, clock = run(failing(stopping, SourceFault(FaultReason.REFUSED, "x"), 5), stopping)
    assert min(clock.waits) >= 15


def test_an_error_that_nobody_expected_is_reported_and_tried_again() -> None:
    stopping = threading.Event()
    with recorded_events() as lines:
        condition, clock = run(failing(stopping, RuntimeError("rtsp://eve:s3cret@x"), 2), stopping)
    assert len(clock.waits) == 2
    assert condition.state().reason == "defect"
    assert "s3cret" not in str(lines)


def test_a_password_in_a_fault_is_masked() -> None:
    stopping = threading.Event()
    fault = SourceFault(FaultReason.UNREACHABLE, "cannot open rtsp://eve:s3cret@host/x")
    with recorded_events() as lines:
        condition, _ = run(failing(stopping, fault, 1), stopping)
    assert "s3cret" not in str(lines) + condition.state().detail


def test_what_is_refused_or_finds_no_room_is_counted() -> None:
    stopping = threading.Event()

    def source(_: threading.Event) -> Iterator[bytes | Rejected]:
        yield Rejected(Reason.TRUNCATED, "x")
        yield b"jpeg"
        stopping.set()

    condition, _ = run(source, stopping, taken=False)
    assert condition.state().counts == {"connects": 1, "rejected": 1, "dropped": 1}
    assert condition.state().status == "online"
