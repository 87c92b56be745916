"""The threat topic: on for its time, over restarts, and never longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.ids import CameraId
from tests.fakes import recorded_events
from tests.unit.edge.deliver.bundles import CAMERA, verdict
from tests.unit.edge.deliver.home import THREAT, Home


def test_a_confirmed_threat_is_on_for_its_time_and_then_off(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.hear(verdict(0, "confirmed"))
    assert home.broker.on(THREAT) == [b"ON"]
    assert home.broker.sent[-1].retain
    assert home.threats.state(CAMERA).payload == b"ON"
    home.later(29)
    assert home.broker.on(THREAT) == [b"ON"]
    with recorded_events() as lines:
        home.later(1)
    assert home.broker.on(THREAT) == [b"ON", b"OFF"]
    assert home.threats.state(CAMERA).payload == b"OFF"
    assert [line.event for line in lines] == ["threat_ended"]
    home.later(100)
    assert home.broker.on(THREAT) == [b"ON", b"OFF"]


def test_a_second_confirmation_prolongs_the_threat(tmp_path: Path) -> None:
    home = Home(tmp_path, entries=2)
    home.hear(verdict(0, "confirmed"))
    home.later(20)
    home.hear(verdict(1, "confirmed"))
    home.later(29)
    assert b"OFF" not in home.broker.on(THREAT)
    home.later(1)
    assert home.broker.on(THREAT)[-1] == b"OFF"


def test_a_threat_outlives_a_restart_for_its_time_and_is_ended_then(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.hear(verdict(0, "confirmed"))
    home.later(20)
    home.outbox.close()
    after = Home(tmp_path, entries=0, clock=home.clock)
    assert after.threats.known == (CAMERA,)
    assert after.threats.state(CAMERA).payload == b"ON"
    after.later(10)
    assert after.broker.on(THREAT) == [b"OFF"]


@pytest.mark.parametrize("away_s", [31.0, 86_400.0, -86_400.0])
def test_a_threat_whose_time_passed_while_nobody_ran_is_off(tmp_path: Path, away_s: float) -> None:
    home = Home(tmp_path)
    home.hear(verdict(0, "confirmed"))
    home.outbox.close()
    home.clock.jump(away_s)
    after = Home(tmp_path, entries=0, clock=home.clock)
    assert after.threats.state(CAMERA).payload == b"OFF"
    assert after.threats.known == (CAMERA,)


def test_stopping_ends_every_threat_for_good(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.hear(verdict(0, "confirmed"))
    said = [(one.topic, one.payload, one.retain) for one in home.threats.on_stop()]
    assert said == [(THREAT, b"OFF", True)]
    home.outbox.close()
    assert Home(tmp_path, entries=0).threats.state(CAMERA).payload == b"OFF"


def test_a_camera_that_something_was_said_about_is_known_after_a_restart(tmp_path: Path) -> None:
    home, other = Home(tmp_path), CameraId("yard")
    home.threats.remember([other, CAMERA])
    home.threats.remember([other])
    home.outbox.close()
    assert Home(tmp_path, entries=0).threats.known == (CAMERA, other)
