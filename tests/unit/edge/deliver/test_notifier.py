"""Each destination is told once, in its own time, and no other waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contract.verdict import Verdict
from edge.config.schema import DeliverConfig
from edge.deliver import notifications
from edge.deliver.context import DeliveryContext
from edge.deliver.decision_rows import NotificationOutcome
from edge.deliver.notifier import Notifier
from edge.deliver.outbox import Outbox
from edge.errors import OutboxError
from service.outcomes import LOST_S, Delivered, NotConnected, Pending, PublishOutcome, Refused
from tests.fakes import recorded_events
from tests.unit.edge.deliver.bundles import bundle, name, verdict
from tests.unit.edge.deliver.carriers import Longest
from tests.unit.edge.deliver.site import Site

AWAY = NotConnected("away")
DENIED = Refused("Not authorized")


@dataclass
class Recorder:
    """A destination that answers as told, then that it heard; None: not yet."""

    name: str
    answers: list[PublishOutcome | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)

    def wants(self, verdict: Verdict) -> bool:
        return bool(verdict)

    def notify(self, verdict: Verdict) -> Pending:
        self.asked.append(f"{verdict.report_id.split('.')[3]} {verdict.decision}")
        self.pending.append(Pending(self.answers.pop(0) if self.answers else Delivered()))
        return self.pending[-1]


class Round:
    """An outbox with entries, and destinations of the test's own."""

    def __init__(self, folder: Path, *destinations: Recorder) -> None:
        self.site = Site(folder / "outbox")
        self.clock = self.site.clock
        self.outbox: Outbox = self.site.open()
        self.names = [one.name for one in destinations]
        self.outbox.notifications.keep_only(self.names)
        deliver = DeliverConfig(backoff_max_s=60)
        context = DeliveryContext(outbox=self.outbox, clock=self.clock, settings=lambda: deliver)
        self.notifiers = [Notifier(one, context, Longest()) for one in destinations]

    def decide(self, number: int, severity: int = 2) -> None:
        self.outbox.put(bundle(number, severity=severity, size=10))
        self.outbox.close_with(verdict(number, "confirmed"), self.names)

    def run(self, seconds: int = 0) -> None:
        """Every notifier as far as it gets, each second anew."""
        for _ in range(seconds + 1):
            for notifier in self.notifiers:
                while notifier.step():
                    pass
            self.clock.advance(1)

    def backlog(self, destination: str) -> tuple[int, Mapping[NotificationOutcome, int]]:
        found = self.outbox.notifications.backlogs()[destination]
        return found.waiting, found.ended


def test_one_that_is_away_delays_no_other_and_is_told_once_when_it_is_back(tmp_path: Path) -> None:
    site, cloud, third = Recorder("site"), Recorder("cloud", [AWAY] * 5), Recorder("third")
    told = Round(tmp_path, site, cloud, third)
    for number in range(3):
        told.decide(number)
    told.run()
    assert site.asked == third.asked == ["0 confirmed", "1 confirmed", "2 confirmed"]
    assert cloud.asked == ["0 confirmed"]
    told.run(600)
    assert cloud.asked == ["0 confirmed"] * 5 + ["0 confirmed", "1 confirmed", "2 confirmed"]
    assert len(site.asked) == len(third.asked) == 3


def test_what_one_refuses_is_final_there_and_holds_up_nothing(tmp_path: Path) -> None:
    site, cloud = Recorder("site"), Recorder("cloud", [DENIED])
    told = Round(tmp_path, site, cloud)
    told.decide(0)
    told.decide(1)
    with recorded_events() as lines:
        told.run(3600)
    assert cloud.asked == site.asked == ["0 confirmed", "1 confirmed"]
    assert told.backlog("cloud") == (0, {"refused": 1, "delivered": 1})
    (line,) = [line for line in lines if line.event == "notification_failed"]
    assert (line.fields["destination"], line.fields["reason"]) == ("cloud", "Not authorized")


def test_the_tries_come_less_and_less_often(tmp_path: Path) -> None:
    cloud = Recorder("cloud", [AWAY] * 10_000)
    told = Round(tmp_path, cloud)
    told.decide(0)
    told.run(6000)
    assert 100 <= len(cloud.asked) <= 110


def test_what_is_under_way_is_waited_for_and_not_sent_twice(tmp_path: Path) -> None:
    site = Recorder("site", [None])
    told = Round(tmp_path, site)
    told.decide(0)
    (notifier,) = told.notifiers
    with recorded_events() as lines:
        for _ in range(5):
            assert notifier.step()
            told.clock.advance(20)
    assert site.asked == ["0 confirmed"]
    assert [line.event for line in lines] == ["delivery_failed"]
    site.pending[0].resolve(Delivered())
    assert notifier.step()
    assert told.backlog("site") == (0, {"delivered": 1})


def test_what_cannot_be_recorded_as_told_is_recorded_later_and_not_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Recorder("site")
    told = Round(tmp_path, site)
    told.decide(0)

    def fail(*_: object) -> None:
        raise OutboxError("the disk takes nothing")

    with monkeypatch.context() as broken:
        broken.setattr(told.outbox.notifications, "end", fail)
        told.run(100)
    assert told.backlog("site") == (1, {})
    told.run(100)
    assert site.asked == ["0 confirmed"]
    assert told.backlog("site") == (0, {"delivered": 1})


def test_one_that_is_never_acknowledged_does_not_hold_up_the_others(tmp_path: Path) -> None:
    site = Recorder("site", [None])
    told = Round(tmp_path, site)
    told.decide(0)
    told.decide(1)
    assert told.notifiers[0].step()
    told.clock.advance(LOST_S)
    told.run()
    assert site.asked[:2] == ["0 confirmed", "1 confirmed"]
    told.run(60)
    assert site.asked == ["0 confirmed", "1 confirmed", "0 confirmed"]


def test_a_newer_decision_takes_the_place_of_one_that_was_not_told(tmp_path: Path) -> None:
    site, cloud = Recorder("site"), Recorder("cloud", [AWAY])
    told = Round(tmp_path, site, cloud)
    told.outbox.put(bundle(0))
    told.outbox.close_with(verdict(0, "unconfirmed"), told.names)
    told.run()
    told.outbox.close_with(verdict(0, "confirmed"), told.names)
    told.run(60)
    assert site.asked == ["0 unconfirmed", "0 confirmed"]
    assert cloud.asked == ["0 unconfirmed", "0 confirmed"]
    assert told.backlog("cloud") == (0, {"delivered": 1})


def test_the_backlog_of_one_that_stays_away_is_bounded_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "MOST_WAITING", 3)
    site, cloud = Recorder("site"), Recorder("cloud", [AWAY])
    told = Round(tmp_path, site, cloud)
    for number, severity in enumerate([2, 3, 1, 2, 2]):
        told.decide(number, severity)
    assert told.backlog("cloud") == (3, {"given_up": 2})
    told.run(60)
    assert cloud.asked == ["1 confirmed", "1 confirmed", "3 confirmed", "4 confirmed"]


def test_what_waits_too_long_is_given_up_there_by_the_time_that_ran_here(tmp_path: Path) -> None:
    site, cloud = Recorder("site"), Recorder("cloud", [AWAY] * 100_000)
    told = Round(tmp_path, site, cloud)
    told.decide(0)
    told.clock.jump(86_400 * 400)
    told.outbox.notifications.give_up(100.0)
    assert told.backlog("cloud") == (1, {})
    told.run(99)
    with recorded_events() as lines:
        told.clock.advance(2)
        told.outbox.notifications.give_up(100.0)
    assert told.backlog("cloud") == (0, {"given_up": 1})
    assert told.backlog("site") == (0, {"delivered": 1})
    assert [line.event for line in lines] == ["notification_failed"]


def test_what_nobody_has_heard_outlives_restarts_and_the_time_for_what_is_done(
    tmp_path: Path,
) -> None:
    told = Round(tmp_path, Recorder("site"), Recorder("cloud"))
    told.decide(0)
    told.clock.advance(7200)
    told.outbox.sweep()
    told.outbox.close()
    site, cloud = Recorder("site"), Recorder("cloud")
    after = Round(tmp_path, site, cloud)
    after.run()
    assert site.asked == cloud.asked == ["0 confirmed"]
    after.clock.advance(7200)
    after.outbox.sweep()
    assert after.outbox.find(name(0)) is None


def test_one_that_is_no_destination_any_more_holds_nothing(tmp_path: Path) -> None:
    told = Round(tmp_path, Recorder("site"), Recorder("cloud"))
    told.decide(0)
    told.outbox.close()
    after = Round(tmp_path, Recorder("site"))
    after.run()
    assert set(after.outbox.notifications.backlogs()) == {"site"}
    after.clock.advance(7200)
    after.outbox.sweep()
    assert after.outbox.find(name(0)) is None
