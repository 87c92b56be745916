"""Single pictures, each an alarm: none is lost or told twice over kills, outages and bursts."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.faults.cameras import streets
from tests.faults.conftest import scaled
from tests.system.sites import Ear, Edge, ear, edge, settings

KILLS = scaled("PICTURE_KILLS", 6)
PATIENCE_S = 120.0

pytestmark = pytest.mark.slow


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[servers.Broker]:
    folder = tmp_path / "broker"
    folder.mkdir()
    with servers.mosquitto(folder, persistence=True) as running:
        yield running


@pytest.fixture
def heard(broker: servers.Broker) -> Iterator[Ear]:
    with ear(broker, "single") as listening:
        yield listening


def config(listening: Ear, folder: Path, protocol: str = "5") -> dict[str, Any]:
    """One camera of single pictures; whatever shows a person is told, and nothing is a
    duplicate."""
    document = settings(listening.broker, listening.root, folder, deadline_s=3600, resend_s=3600)
    document["intake"]["broker"]["protocol"] = protocol
    return document | {
        "cameras": {"door": {"kind": "snapshot"}},
        "detect": {"runtime": "litert", "model": "nanodet-g-320-int8"},
        "decide": {
            "rules": [{"id": "person", "labels": ["person"]}],
            "deduplication": {"enabled": False},
            "static_objects": {"enabled": False},
        },
    }


TOPIC = "single-cameras/door/image"


def reports(listening: Ear) -> list[str]:
    return [report.report_id for report in listening.reports()]


def assert_told_once(listening: Ear, pictures: int) -> None:
    """Each picture has one report, and no second one comes after it."""
    assert listening.wait(lambda: len(set(reports(listening))) >= pictures, PATIENCE_S)
    listening.wait(lambda: False, 3.0)
    assert len(set(reports(listening))) == pictures


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_kill_right_after_the_broker_took_a_picture_loses_and_doubles_none(
    heard: Ear, tmp_path: Path, protocol: str
) -> None:
    document, dice = config(heard, tmp_path, protocol), random.Random(7)
    pictures = streets(KILLS)
    for picture in pictures:
        with edge(tmp_path, document) as daemon:
            heard.publish(TOPIC, picture)
            threading.Event().wait(dice.choice((0.0, 0.02, 0.04, 0.4, 1.0)))
            daemon.process.kill()
    with edge(tmp_path, document):
        assert_told_once(heard, len(pictures))


def test_pictures_sent_while_the_daemon_is_down_are_evaluated_when_it_is_back(
    heard: Ear, tmp_path: Path
) -> None:
    document = config(heard, tmp_path)
    with edge(tmp_path, document):
        pass
    for picture in streets(4):
        heard.publish(TOPIC, picture)
    with edge(tmp_path, document):
        assert_told_once(heard, 4)


def burst(listening: Ear, daemon: Edge, pictures: list[bytes]) -> None:
    """All at once, then wait until all have ended somewhere."""
    before = daemon.frames("door").get("received", 0)
    for pending in [listening.link.publish(TOPIC, picture) for picture in pictures]:
        pending.wait(PATIENCE_S)
    assert listening.wait(lambda: daemon.settled("door", before + len(pictures)), PATIENCE_S)


def test_every_picture_of_a_burst_is_evaluated(heard: Ear, tmp_path: Path) -> None:
    with edge(tmp_path, config(heard, tmp_path)) as daemon:
        pictures = streets(15)
        for begin in range(0, 15, 5):
            burst(heard, daemon, pictures[begin : begin + 5])
        assert daemon.frames("door")["superseded"] == 0
        assert_told_once(heard, 15)


def test_more_pictures_than_may_wait_are_held_back_by_the_broker(
    heard: Ear, tmp_path: Path
) -> None:
    document = config(heard, tmp_path)
    document["intake"]["snapshots"] = {"queue": 2}
    with edge(tmp_path, document) as daemon:
        burst(heard, daemon, streets(12))
        assert daemon.frames("door")["superseded"] == 0
        assert_told_once(heard, 12)


def test_pictures_survive_a_broker_that_is_killed_with_them(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    with ExitStack() as stack:
        first = stack.enter_context(servers.mosquitto(folder, persistence=True))
        listening = stack.enter_context(ear(first, "single"))
        document = config(listening, tmp_path)
        with edge(tmp_path, document):
            pass
        for picture in streets(4):
            listening.publish(TOPIC, picture)
        listening.wait(lambda: False, 2.5)  # the broker saves its state every second
        first.process.kill()
        stack.enter_context(servers.mosquitto(folder, persistence=True, port=first.port))
        assert listening.link.wait_ready(PATIENCE_S)
        with edge(tmp_path, document):
            assert_told_once(listening, 4)


def test_an_outage_brings_no_old_frames_of_a_stream_back(heard: Ear, tmp_path: Path) -> None:
    document = config(heard, tmp_path)
    document["cameras"]["yard"] = {"kind": "stream"}
    with edge(tmp_path, document):
        pass
    for number, picture in enumerate(streets(40)):
        heard.publish("single-cameras/yard/image", picture)
        if number < 2:
            heard.publish(TOPIC, picture)
    with edge(tmp_path, document) as daemon:
        assert_told_once(heard, 2)
        assert daemon.frames("yard").get("received", 0) == 0


def test_a_camera_that_is_no_snapshot_camera_any_more_is_let_go_of(
    heard: Ear, tmp_path: Path
) -> None:
    document = config(heard, tmp_path)
    with edge(tmp_path, document):
        pass
    document["cameras"]["door"]["kind"] = "stream"
    document["cameras"]["other"] = {"kind": "snapshot"}
    with edge(tmp_path, document) as daemon:
        send(heard, 1)
        assert heard.wait(lambda: daemon.settled("door", 1), PATIENCE_S)
    send(heard, 3)
    with edge(tmp_path, document) as daemon:
        assert not heard.wait(lambda: daemon.frames("door").get("received", 0) > 0, 3.0)


def send(listening: Ear, pictures: int) -> None:
    for picture in streets(pictures):
        listening.publish(TOPIC, picture)
