"""Digests, quiet hours, storms and snoozes, through the queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.notify.destination_settings import (
    DestinationSettings,
    PeopleSettings,
    QuietSettings,
    StormSettings,
)
from cloud.notify.notice import MAX_DIGEST_LINES, Notice
from cloud.notify.planning import PlannedNotice
from cloud.notify.queue import NotificationQueue
from cloud.notify.queue_file import open_queue
from cloud.notify.subscriptions import snooze
from service.sqlite import transaction
from service.weekly_hours import WindowConfig
from tests.fakes import ManualClock
from tests.unit.cloud.notify.notices import a_notice

NIGHT = QuietSettings(hours=(WindowConfig(begin="13:30", end="14:30"),), below_severity=3)
"""The manual clock begins at 14:00 in Berlin."""


class Told:
    """A queue with one destination, and what it was told."""

    def __init__(self, folder: Path, settings: DestinationSettings) -> None:
        self.file, self.clock = folder / "q.sqlite", ManualClock()
        self.queue = NotificationQueue(self.file, {"ann": settings}, self.clock)

    def plan(self, *notices: Notice, gather_s: float = 0) -> None:
        rows = [PlannedNotice(destination="ann", notice=n, gather_s=gather_s) for n in notices]
        self.queue.plan(tuple(rows))

    def now(self) -> list[Notice]:
        """Everything that may be sent now, delivered."""
        found = []
        while (queued := self.queue.begin_next("ann", counted=False)) is not None:
            found.append(queued.notice)
            self.queue.end(queued.number, "delivered")
        return found

    def stages(self) -> list[str]:
        return [notice.stage for notice in self.now()]


def test_a_rule_that_gathers_tells_everything_in_one_message(tmp_path: Path) -> None:
    told = Told(tmp_path, DestinationSettings())
    for track in (1, 2, 3):
        notice = a_notice(track, severity=track)
        told.plan(notice, notice.at_stage("picture"), gather_s=600)
    assert told.now() == []
    told.clock.advance(601)
    (digest,) = told.now()
    assert (digest.stage, digest.count, digest.severity) == ("digest", 3, 3)
    assert len(digest.lines) == 3
    told.plan(a_notice(4), gather_s=600)
    told.clock.advance(601)
    assert [one.count for one in told.now()] == [1]
    assert told.queue.backlogs()["ann"].ended["gathered"] == 4


def test_quiet_hours_keep_what_is_not_severe_until_they_are_over(tmp_path: Path) -> None:
    told = Told(tmp_path, PeopleSettings(quiet=NIGHT))
    told.plan(a_notice(1, severity=2), a_notice(2, severity=3))
    assert [notice.severity for notice in told.now()] == [3]
    told.clock.advance(29 * 60)
    assert told.now() == []
    told.clock.advance(60)
    assert told.stages() == ["digest"]
    told.plan(a_notice(3, severity=0))
    assert told.stages() == ["first"]


def test_quiet_hours_are_nothing_to_a_machine(tmp_path: Path) -> None:
    told = Told(tmp_path, DestinationSettings())
    told.plan(*(a_notice(track) for track in range(1, 101)))
    assert told.stages() == ["first"] * 100


def test_of_a_storm_only_the_first_are_told_one_by_one(tmp_path: Path) -> None:
    storm = StormSettings(alarms=3, within_s=300, digest_s=60)
    told = Told(tmp_path, PeopleSettings(storm=storm))
    told.plan(*(a_notice(track) for track in range(1, 101)))
    assert told.stages() == ["first"] * 3
    told.clock.advance(61)
    (digest,) = told.now()
    assert (digest.count, len(digest.lines)) == (97, MAX_DIGEST_LINES)
    told.clock.advance(300)
    told.plan(a_notice(200))
    assert told.stages() == ["first"]


def test_a_digest_that_is_being_sent_does_not_change(tmp_path: Path) -> None:
    told = Told(tmp_path, DestinationSettings())
    told.plan(a_notice(1), gather_s=10)
    told.clock.advance(11)
    first = told.queue.begin_next("ann", counted=False)
    told.plan(a_notice(2), gather_s=10)
    again = told.queue.begin_next("ann", counted=False)
    assert first is not None
    assert again is not None
    assert first.notice == again.notice
    told.queue.end(again.number, "delivered")
    told.clock.advance(11)
    assert [one.count for one in told.now()] == [1]


@pytest.mark.parametrize(
    ("gateway", "camera", "silent"),
    [("", "", True), ("yard", "", True), ("yard", "gate", True), ("barn", "", False)],
)
def test_what_is_snoozed_is_not_told(
    tmp_path: Path, gateway: str, camera: str, silent: bool
) -> None:
    told = Told(tmp_path, PeopleSettings())
    connection = open_queue(told.file)  # as the command does, beside the running process
    with transaction(connection):
        snooze(connection, "ann", gateway, camera, told.clock.now().timestamp() + 60)
    connection.close()
    notice = a_notice(1)
    told.plan(notice, notice.at_stage("picture"))
    assert (told.stages() == []) is silent
    told.clock.advance(61)
    told.plan(a_notice(2))
    assert told.stages() == ["first"]


def test_who_tests_at_night_does_not_wait_for_the_morning(tmp_path: Path) -> None:
    told = Told(tmp_path, PeopleSettings(quiet=NIGHT))
    told.plan(a_notice(1, severity=0, kind="test"))
    assert told.stages() == ["first"]


def test_a_wall_clock_that_jumps_back_holds_up_nothing(tmp_path: Path) -> None:
    told = Told(tmp_path, PeopleSettings())
    told.plan(a_notice(1))
    told.clock.jump(-86_400)
    assert told.stages() == ["first"]
