"""Announcing and taking back, over restarts, lost connections and damaged files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contract.ids import CameraId, GatewayId
from contract.topics import Topics
from edge.config.schema import EdgeConfig
from edge.home_assistant.announcements import FILE
from edge.home_assistant.announcer import HomeAssistant
from service.outcomes import Delivered, NotConnected, Pending
from tests.fakes import recorded_events

TOPICS = Topics(gateway=GatewayId("home"))
GATEWAY = "homeassistant/device/home/config"
GATE = "homeassistant/device/home/gate/config"
YARD = "homeassistant/device/home/yard/config"


@dataclass
class Retained:
    """A broker's retained messages, and whether it can be reached."""

    connected: bool = True
    messages: dict[str, bytes] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> Pending:
        assert qos == 1
        if not self.connected:
            return Pending(NotConnected("no connection"))
        self.published.append(topic)
        if retain:
            self.messages.pop(topic, None)
            if payload:
                self.messages[topic] = payload
        return Pending(Delivered())


@dataclass
class Home:
    """One gateway over several runs, at one broker."""

    folder: Path
    site: Retained = field(default_factory=Retained)
    cameras: dict[str, object] = field(default_factory=lambda: {"gate": {}})
    followed: tuple[CameraId, ...] = ()
    home_assistant: dict[str, object] = field(default_factory=lambda: {"enabled": True})
    discovery: bool = True

    def start(self) -> HomeAssistant:
        return HomeAssistant(self.config, TOPICS, "1.2.3", lambda: self.site, lambda: self.followed)

    def config(self) -> EdgeConfig:
        return EdgeConfig.model_validate(
            {
                "cameras": self.cameras,
                "intake": {"discovery": self.discovery},
                "home_assistant": self.home_assistant,
                "deliver": {"outbox": {"path": self.folder}},
            }
        )

    def devices(self) -> set[str]:
        return {topic for topic in self.site.messages if topic.endswith("/config")}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def turn(running: HomeAssistant) -> None:
    """Two turns: one publishes, the next sees that it has arrived."""
    running.tick()
    running.tick()


def test_a_gateway_and_its_cameras_are_announced_once(home: Home) -> None:
    running = home.start()
    home.followed = (CameraId("yard"),)
    turn(running)
    assert home.devices() == {GATEWAY, GATE, YARD}
    assert len(home.site.published) == 3


def test_by_default_nothing_is_said(home: Home) -> None:
    home.home_assistant = {}
    running = home.start()
    turn(running)
    assert home.site.published == []
    assert running.subscriptions() == ()
    assert not (home.folder / FILE).exists()


def test_when_home_assistant_starts_everything_is_said_again(home: Home) -> None:
    running = home.start()
    turn(running)
    assert [one.filter for one in running.subscriptions()] == ["homeassistant/status"]
    assert running.on_message("homeassistant/status", b"offline")
    turn(running)
    assert len(home.site.published) == 2
    assert running.on_message("homeassistant/status", b"online")
    assert not running.on_message("homeassistant/other", b"online")
    turn(running)
    assert sorted(home.site.published) == sorted(2 * [GATEWAY, GATE])


def test_a_camera_that_is_listed_no_more_is_taken_back_also_after_a_restart(home: Home) -> None:
    turn(home.start())
    home.cameras = {}
    running = home.start()
    turn(running)
    assert home.devices() == {GATEWAY}
    assert home.site.published.count(GATE) == 3  # announced, its entities removed, emptied
    turn(home.start())
    assert home.site.published.count(GATE) == 3


def test_a_found_camera_stays_while_it_is_silent_and_goes_when_its_place_does(home: Home) -> None:
    home.followed = (CameraId("yard"),)
    turn(home.start())
    home.followed = ()
    running = home.start()
    turn(running)
    assert YARD in home.devices()
    running.forget(CameraId("yard"))
    turn(running)
    assert YARD not in home.devices()


def test_without_discovery_only_listed_cameras_stay(home: Home) -> None:
    home.followed = (CameraId("yard"),)
    turn(home.start())
    home.followed, home.discovery = (), False
    turn(home.start())
    assert home.devices() == {GATEWAY, GATE}


@pytest.mark.parametrize("now", [{"enabled": False}, {"enabled": True, "prefix": "other/ha"}])
def test_turned_off_or_moved_nothing_old_stays(home: Home, now: dict[str, object]) -> None:
    running = home.start()
    turn(running)
    image = TOPICS.of_camera(CameraId("gate"), "image")
    home.site.messages[image] = b"jpeg"
    home.home_assistant = now
    turn(running)
    assert not any(topic.startswith("homeassistant/") for topic in home.site.messages)
    assert (image in home.site.messages) is bool(now["enabled"])


def test_what_could_not_be_taken_back_without_a_connection_is_later(home: Home) -> None:
    turn(home.start())
    home.site.connected, home.cameras = False, {}
    turn(home.start())
    assert GATE in home.devices()
    home.site.connected = True
    running = home.start()
    turn(running)
    assert home.devices() == {GATEWAY}


def test_after_a_connect_everything_stands_again(home: Home) -> None:
    running = home.start()
    home.site.connected = False
    turn(running)
    home.site.connected = True
    assert list(running.on_connect()) == []
    turn(running)
    assert home.devices() == {GATEWAY, GATE}
    home.site.messages.clear()
    assert list(running.on_connect()) == []
    turn(running)
    assert home.devices() == {GATEWAY, GATE}


def test_many_cameras_are_announced_some_at_a_time(home: Home) -> None:
    home.followed = tuple(CameraId(f"cam{n}") for n in range(500))
    running = home.start()
    sizes = []
    while len(home.devices()) < 502:
        before = len(home.site.published)
        running.tick()
        sizes.append(len(home.site.published) - before)
    assert max(sizes) == 64
    turn(running)
    assert len(home.site.published) == 502


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"cameras": 3, "topics": []}', '{"cameras": {}, "topics": {}}']
)
def test_a_damaged_file_is_said_and_ends_nothing(home: Home, text: str) -> None:
    (home.folder / FILE).write_text(text)
    with recorded_events() as events:
        turn(home.start())
    assert home.devices() == {GATEWAY, GATE}
    assert "announcements_lost" in [one.event for one in events]


def test_a_file_names_no_topic_where_nobody_may_publish(home: Home) -> None:
    odd = ["#", "a/+/b", "", "a\nb", 3, "x" * 2000, "homeassistant/device/old/config"]
    kept = {"cameras": {"Not A Name": True}, "topics": odd}
    (home.folder / FILE).write_text(json.dumps(kept))
    turn(home.start())
    assert home.site.published[-1] == "homeassistant/device/old/config"
    assert sorted(home.site.published) == sorted([GATEWAY, GATE, "homeassistant/device/old/config"])
