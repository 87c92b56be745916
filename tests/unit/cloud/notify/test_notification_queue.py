"""The durable queue: once per alarm, destination and stage, in order, bounded, over restarts."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cloud.notify.alarm_book import AlarmBook
from cloud.notify.destination_settings import DestinationSettings
from cloud.notify.planning import AlarmPlan, PlannedNotice
from cloud.notify.queue import NotificationQueue
from tests.fakes import ManualClock, recorded_events
from tests.unit.cloud.notify.notices import WithPictures, a_notice
from tests.unit.cloud.reports import a_report

DESTINATIONS: dict[str, DestinationSettings] = {
    "hook": DestinationSettings(max_waiting=10),
    "post": WithPictures(),
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def opened(
    folder: Path, clock: ManualClock, destinations: dict[str, DestinationSettings] | None = None
) -> NotificationQueue:
    return NotificationQueue(folder / "queue.sqlite", destinations or DESTINATIONS, clock)


def an_alarm(track: int = 1, severity: int = 2, *to: str) -> AlarmPlan:
    notice = a_notice(track, severity=severity, evidence_key="k")
    planned = [PlannedNotice(destination=name, notice=notice) for name in to or ("hook",)]
    return AlarmPlan(turn="new", notice=notice, planned=tuple(planned))


def taken(queue: NotificationQueue, name: str = "hook") -> list[str]:
    """Everything that waits, delivered in its order."""
    found = []
    while (queued := queue.begin_next(name, counted=False)) is not None:
        found.append(queued.notice.key)
        queue.end(queued.number, "delivered")
    return found


def test_a_verdict_that_comes_again_is_told_once(tmp_path: Path, clock: ManualClock) -> None:
    queue = opened(tmp_path, clock)
    AlarmBook(queue).record(an_alarm())
    AlarmBook(queue).record(an_alarm())
    assert taken(queue) == ["yard.gate.1.1.0/first"]
    AlarmBook(queue).record(an_alarm())
    assert taken(queue) == []
    queue.close()
    assert taken(opened(tmp_path, clock)) == []


def test_the_most_severe_first_word_goes_first_and_updates_after_all_first_words(
    tmp_path: Path, clock: ManualClock
) -> None:
    queue = opened(tmp_path, clock)
    for track, severity in ((1, 1), (2, 4), (3, 1)):
        AlarmBook(queue).record(an_alarm(track, severity))
    update = a_notice(9, severity=4).at_stage("refuted")
    queue.plan((PlannedNotice(destination="hook", notice=update),))
    assert [key.split(".")[3] for key in taken(queue)] == ["2", "1", "3", "9"]


def test_of_one_alarm_nothing_overtakes_what_was_planned_before_it(
    tmp_path: Path, clock: ManualClock
) -> None:
    queue = opened(tmp_path, clock)
    first = a_notice()
    rows = [first, first.at_stage("picture"), first.at_stage("changed")]
    queue.plan(tuple(PlannedNotice(destination="hook", notice=one) for one in rows))
    queued = queue.begin_next("hook", counted=False)
    assert queued is not None
    queue.postpone(queued.number, clock.mono() + 5)
    assert queue.begin_next("hook", counted=False) is None
    clock.advance(6)
    assert [key.rpartition("/")[2] for key in taken(queue)] == ["first", "picture", "changed"]


def test_an_update_does_not_wait_for_a_picture(tmp_path: Path, clock: ManualClock) -> None:
    queue = opened(tmp_path, clock)
    rows = [a_notice().at_stage("picture"), a_notice().at_stage("refuted")]
    queue.plan(tuple(PlannedNotice(destination="hook", notice=one) for one in rows))
    queued = queue.begin_next("hook", counted=False)
    assert queued is not None
    assert queued.notice.stage == "picture"
    queue.postpone(queued.number, clock.mono() + 50)
    assert taken(queue) == ["yard.gate.1.1.0/refuted"]


def test_a_try_is_on_the_disk_before_it_is_made(tmp_path: Path, clock: ManualClock) -> None:
    queue = opened(tmp_path, clock)
    AlarmBook(queue).record(an_alarm())
    first = queue.begin_next("hook", counted=True)
    queue.close()  # as a kill between the receiver's answer and its record
    again = opened(tmp_path, clock).begin_next("hook", counted=True)
    assert first is not None
    assert again is not None
    assert (first.tries, again.tries) == (1, 2)
    assert (again.notice, again.sequence) == (first.notice, first.sequence)
    assert again.began_at_s == first.began_at_s


def test_numbers_go_round_after_9999_and_outlive_a_restart(
    tmp_path: Path, clock: ManualClock
) -> None:
    queue = opened(tmp_path, clock)
    assert [queue.next_sequence("hook") for _ in range(3)] == [1, 2, 3]
    queue.close()
    with sqlite3.connect(tmp_path / "queue.sqlite") as connection:
        connection.execute("UPDATE sequences SET last = last + 9995")
    connection.close()
    queue = opened(tmp_path, clock)
    assert [queue.next_sequence("hook") for _ in range(3)] == [9999, 1, 2]
    assert queue.next_sequence("post") == 1


def test_of_too_many_the_least_severe_are_given_up_and_it_is_said(
    tmp_path: Path, clock: ManualClock
) -> None:
    queue = opened(tmp_path, clock)
    with recorded_events() as lines:
        for track in range(1, 13):
            AlarmBook(queue).record(an_alarm(track, 1 if track == 5 else 3))
    lost = [line.fields["report_id"] for line in lines if line.event == "notification_failed"]
    assert lost[0] == "yard.gate.1.5.0"
    backlog = queue.backlogs()["hook"]
    assert (backlog.waiting, backlog.ended["given_up"], len(lost)) == (10, 2, 2)


def test_what_waits_too_long_is_given_up_whatever_the_wall_clock_says(
    tmp_path: Path, clock: ManualClock
) -> None:
    queue = opened(tmp_path, clock)
    AlarmBook(queue).record(an_alarm())
    clock.jump(10 * 86_400)
    queue.tidy(keep_days=30)
    assert queue.backlogs()["hook"].waiting == 1
    clock.advance(86_401)
    queue.tidy(keep_days=30)
    assert queue.backlogs()["hook"].ended == {"given_up": 1}
    assert taken(queue) == []


def test_an_alarm_that_was_not_sent_yet_makes_room_for_what_is_known_now(
    tmp_path: Path, clock: ManualClock
) -> None:
    queue = opened(tmp_path, clock)
    AlarmBook(queue).record(an_alarm())
    history = AlarmBook(queue).history("yard.gate.1.1.0")
    assert history is not None
    assert history.unsent == {"hook"}
    newer = a_notice(revision=1)
    row = PlannedNotice(destination="hook", notice=newer)
    AlarmBook(queue).record(
        AlarmPlan(turn="changed", notice=newer, planned=(row,), void=frozenset({"hook"}))
    )
    assert taken(queue) == ["yard.gate.1.1.0/first-1"]
    assert queue.backlogs()["hook"].ended == {"superseded": 1, "delivered": 1}


def test_a_picture_that_went_along_is_not_sent_again(tmp_path: Path, clock: ManualClock) -> None:
    queue = opened(tmp_path, clock)
    first = a_notice()
    rows = [first, first.at_stage("picture")]
    queue.plan(tuple(PlannedNotice(destination="post", notice=one) for one in rows))
    queued = queue.begin_next("post", counted=False)
    assert queued is not None
    queue.end(queued.number, "delivered", picture=True)
    assert taken(queue, "post") == []


def test_events_of_a_camera_belong_together_until_it_is_quiet(
    tmp_path: Path, clock: ManualClock
) -> None:
    queue = opened(tmp_path, clock)
    AlarmBook(queue).record(an_alarm())
    assert AlarmBook(queue).event_of("yard", "gate", 60) == "yard.gate.1.1.0"
    assert AlarmBook(queue).event_of("yard", "roof", 60) is None
    assert AlarmBook(queue).events_over(60) == []
    clock.advance(61)
    assert AlarmBook(queue).event_of("yard", "gate", 60) is None
    (over,) = AlarmBook(queue).events_over(60)
    assert over[0].event == "yard.gate.1.1.0"
    assert over[1] == {"hook"}
    AlarmBook(queue).close_event("yard.gate.1.1.0", ())
    assert AlarmBook(queue).events_over(60) == []


def test_what_waits_for_a_destination_that_is_gone_is_given_up(
    tmp_path: Path, clock: ManualClock
) -> None:
    queue = opened(tmp_path, clock)
    AlarmBook(queue).record(an_alarm(1, 2, "hook", "post"))
    queue.close()
    with recorded_events() as lines:
        queue = opened(tmp_path, clock, {"post": WithPictures()})
    assert [line.fields["destination"] for line in lines] == ["hook"]
    assert taken(queue, "post") == ["yard.gate.1.1.0/first"]


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""])
def test_a_damaged_file_is_set_aside_and_said(
    tmp_path: Path, clock: ManualClock, content: bytes
) -> None:
    (tmp_path / "queue.sqlite").write_bytes(content)
    with recorded_events() as lines:
        queue = opened(tmp_path, clock)
    assert [line.event for line in lines] == (["notify_queue_lost"] if content else [])
    assert (tmp_path / "queue.sqlite.corrupt-1").exists() is bool(content)
    AlarmBook(queue).record(an_alarm())
    assert len(taken(queue)) == 1


def test_a_report_is_remembered_for_the_words_of_its_verdict(
    tmp_path: Path, clock: ManualClock
) -> None:
    queue = opened(tmp_path, clock)
    report = a_report()
    AlarmBook(queue).keep_report(report)
    assert AlarmBook(queue).report(report.report_id) == report
    assert AlarmBook(queue).report("yard.gate.1.2.0") is None
