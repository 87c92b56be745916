"""A third destination that is away for a day, on a simulated clock: nobody else notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.deliver.notifications import MOST_WAITING
from service.outcomes import NotConnected
from tests.unit.edge.deliver.test_notifier import Recorder, Round

MINUTES = 24 * 60

pytestmark = pytest.mark.timeout(1200)
AWAY = NotConnected("away")


def test_site_and_cloud_hear_of_each_threat_within_its_minute_and_the_third_what_there_is_room_for(
    tmp_path: Path,
) -> None:
    site, cloud, third = Recorder("site"), Recorder("cloud"), Recorder("third")
    told = Round(tmp_path, site, cloud, third)
    third.answers = [AWAY] * (MINUTES * 60)
    most_waiting = 0
    for minute in range(MINUTES):
        told.decide(minute, severity=3 if minute % 100 == 0 else 2)
        told.run(1)
        told.clock.advance(58)
        told.outbox.sweep()
        assert len(site.asked) == len(cloud.asked) == minute + 1
        most_waiting = max(most_waiting, told.backlog("third")[0])
    assert most_waiting == MOST_WAITING
    assert told.backlog("third") == (MOST_WAITING, {"given_up": MINUTES - MOST_WAITING})
    third.answers.clear()
    third.asked.clear()
    told.run(120)
    assert len(third.asked) == len(set(third.asked)) == MOST_WAITING
    severe = [f"{minute} confirmed" for minute in range(0, MINUTES, 100)]
    assert third.asked[: len(severe)] == severe
    assert site.asked == cloud.asked == [f"{minute} confirmed" for minute in range(MINUTES)]
