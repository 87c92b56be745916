"""One destination's thread, step by step under a manual clock."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cloud.notify.delivery import (
    Acknowledged,
    BuiltDestination,
    DeliveryAttempt,
    DeliveryOutcome,
    NotWanted,
    TryAgain,
)
from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.destination_worker import DEFECTS, DestinationWorker
from cloud.notify.notice import Notice, Stage
from cloud.notify.pictures import PictureReader
from cloud.notify.planning import PlannedNotice
from cloud.notify.queue import NotificationQueue
from objectstore.store_dir import DirectoryStore
from tests.fakes import ManualClock, recorded_events
from tests.unit.cloud.notify.notices import WithPictures, a_notice
from tests.unit.cloud.reports import a_ref


@dataclass
class Recorder:
    """A destination that answers as the test says."""

    answer: Callable[[DeliveryAttempt], DeliveryOutcome] = lambda _attempt: Acknowledged()
    with_picture: bool = False
    attempts: list[DeliveryAttempt] = field(default_factory=list)

    def deliver(self, attempt: DeliveryAttempt) -> DeliveryOutcome:
        self.attempts.append(attempt)
        return self.answer(attempt)

    def idle(self) -> None:
        """Nothing to supervise."""

    def keys(self) -> list[str]:
        return [attempt.notice.key for attempt in self.attempts]


@dataclass
class Desk:
    """A queue and a worker for one recorder."""

    folder: Path
    clock: ManualClock = field(default_factory=ManualClock)
    recorder: Recorder = field(default_factory=Recorder)
    settings: DestinationSettings = field(default_factory=DestinationSettings)

    def __post_init__(self) -> None:
        self.queue = NotificationQueue(
            self.folder / "q.sqlite", {"hook": self.settings}, self.clock
        )
        self.pictures = PictureReader(DirectoryStore(self.folder / "store"))
        self.pictures.start()
        self.worker = DestinationWorker(
            "hook",
            BuiltDestination(destination=self.recorder, settings=self.settings),
            self.queue,
            self.pictures,
            self.clock,
            random.Random(7),
        )

    def plan(self, *notices: Notice) -> None:
        rows = [PlannedNotice(destination="hook", notice=one) for one in notices]
        self.queue.plan(tuple(rows))

    def ended(self) -> dict[str, int]:
        return dict(self.queue.backlogs()["hook"].ended)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_cannot_be_told_now_is_tried_again_with_a_growing_wait(desk: Desk) -> None:
    desk.recorder.answer = lambda _attempt: TryAgain("down")
    desk.plan(a_notice(1), a_notice(2))
    waits = []
    with recorded_events() as lines:
        for _ in range(8):
            assert desk.worker.step()
            assert not desk.worker.step()  # nothing of this destination meanwhile
            waits.append(lines[-1].fields["again_in_s"])
            desk.clock.advance(130)
    assert {attempt.notice.about for attempt in desk.recorder.attempts} == {"yard.gate.1.1.0"}
    assert [attempt.tries for attempt in desk.recorder.attempts] == list(range(1, 9))
    assert max(map(float, map(str, waits))) > 5
    desk.recorder.answer = lambda _attempt: Acknowledged()
    assert desk.worker.step()
    assert desk.worker.step()
    assert (desk.ended(), desk.worker.trouble) == ({"delivered": 2}, "")


def test_a_receiver_that_says_when_to_come_again_is_not_asked_before(desk: Desk) -> None:
    desk.recorder.answer = lambda _attempt: TryAgain("busy", after_s=300)
    desk.plan(a_notice())
    assert desk.worker.step()
    desk.clock.advance(299)
    assert not desk.worker.step()
    desk.clock.advance(2)
    assert desk.worker.step()


def test_what_is_refused_is_final_and_said(desk: Desk) -> None:
    desk.recorder.answer = lambda attempt: (
        NotWanted("422") if attempt.notice.about.endswith("1.1.0") else Acknowledged()
    )
    desk.plan(a_notice(1), a_notice(2))
    with recorded_events() as lines:
        assert desk.worker.step()
        assert desk.worker.step()
        assert not desk.worker.step()
    assert desk.ended() == {"refused": 1, "delivered": 1}
    (failed,) = [line for line in lines if line.event == "notification_failed"]
    assert (failed.fields["state"], failed.fields["reason"]) == ("refused", "422")


def test_one_that_has_to_wait_holds_up_no_other(desk: Desk) -> None:
    desk.recorder.answer = lambda attempt: (
        TryAgain("not this one", 60, all_wait=False)
        if ".1.1." in attempt.notice.about
        else Acknowledged()
    )
    desk.plan(a_notice(1), a_notice(2))
    assert desk.worker.step()
    assert desk.worker.step()
    assert desk.ended() == {"delivered": 1}


def test_a_defect_in_one_notice_is_counted_and_ends_no_other(desk: Desk) -> None:
    def answer(attempt: DeliveryAttempt) -> DeliveryOutcome:
        if ".1.1." in attempt.notice.about:
            raise ZeroDivisionError("ours")
        return Acknowledged()

    desk.recorder.answer = answer
    desk.plan(a_notice(1), a_notice(2))
    with recorded_events() as lines:
        for _ in range(2 * DEFECTS):
            desk.worker.step()
            desk.clock.advance(130)
    assert desk.ended() == {"delivered": 1, "refused": 1}
    assert sum(line.event == "worker_failed" for line in lines) == DEFECTS


def pictured(desk: Desk, *stages: Stage, stored: bool) -> None:
    desk.recorder.with_picture = True
    desk.settings = WithPictures()
    ref = a_ref(b"\xff\xd8 a picture")
    if stored:
        store = DirectoryStore(desk.folder / "store")
        store.put_if_absent(ref.key, b"\xff\xd8 a picture", "image/jpeg")
    desk.plan(*(a_notice(evidence_key=ref.key).at_stage(stage) for stage in stages))


def test_a_picture_that_is_there_goes_with_the_first_word_and_not_again(desk: Desk) -> None:
    pictured(desk, "first", "picture", stored=True)
    assert desk.worker.step()
    assert not desk.worker.step()
    (attempt,) = desk.recorder.attempts
    assert attempt.picture == b"\xff\xd8 a picture"
    assert desk.ended() == {"delivered": 2}


def test_a_picture_that_is_missing_follows_the_first_word(desk: Desk) -> None:
    pictured(desk, "first", "picture", stored=False)
    assert desk.worker.step()
    assert desk.worker.step()
    assert (desk.recorder.keys(), desk.ended()) == (["yard.gate.1.1.0/first"], {"delivered": 1})
    pictured(desk, stored=True)
    desk.clock.advance(130)
    assert desk.worker.step()
    assert desk.recorder.keys()[1:] == ["yard.gate.1.1.0/picture"]
    assert desk.recorder.attempts[1].picture is not None


def test_a_picture_that_is_not_the_one_that_was_hashed_is_never_sent(desk: Desk) -> None:
    ref = a_ref(b"the right one")
    desk.recorder.with_picture = True
    DirectoryStore(desk.folder / "store").put_if_absent(ref.key, b"a forged one", "image/jpeg")
    notice = a_notice(evidence_key=ref.key)
    desk.plan(notice, notice.at_stage("picture"))
    assert desk.worker.step()
    assert desk.worker.step()
    assert [attempt.picture for attempt in desk.recorder.attempts] == [None]
    assert desk.ended() == {"delivered": 1, "refused": 1}
