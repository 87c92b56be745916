"""The daemon and Home Assistant at a real broker: announced, shown, turned off, gone."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from service.link import LinkSettings
from tests.home_assistant import ask, needs_oracle
from tests.links import PATIENCE_S, Inbox, running
from tests.servers import Broker
from tests.system.daemons import wait
from tests.system.sites import WALKERS, Ear, Edge, clip, ear, edge, play, settings

pytestmark = pytest.mark.slow

CORNER = [[0.0, 0.0], [0.2, 0.0], [0.2, 0.2], [0.0, 0.2]]
"""Of the picture: masked."""


def site(broker: Broker, root: str, folder: Path) -> dict[str, Any]:
    config = settings(broker, root, folder)
    config["home_assistant"] = {"enabled": True, "prefix": f"{root}-ha"}
    masks = [{"id": "corner", "polygon": CORNER}]
    config["cameras"] = {"yard": {"kind": "stream", "privacy_masks": masks}}
    return config


def devices(home: Ear) -> dict[str, str]:
    """The last message of each device; empty once it was taken back."""
    return {topic: payload.decode() for topic, payload in home.heard if topic.endswith("/config")}


def retained(broker: Broker, *filters: str) -> list[str]:
    """Topics on which a new subscriber finds something, up to a message of our own."""
    inbox = Inbox()
    mark = f"mark{os.getpid()}"
    connection = LinkSettings(name="test", host=broker.host, port=broker.port, client_id=mark)
    with running(connection, inbox, (*filters, mark)) as link:
        assert link.wait_ready(PATIENCE_S)
        link.publish(mark, b"x").wait(PATIENCE_S)
        return _until(inbox, mark)


def _until(inbox: Inbox, mark: str) -> list[str]:
    topics = []
    while (message := inbox.next()).topic != mark:
        topics.append(message.topic)
    return topics


def reload(daemon: Edge, config: dict[str, Any]) -> None:
    before = len(daemon.events("config_applied"))
    daemon.config.write_text(yaml.safe_dump(config))
    daemon.process.send_signal(signal.SIGHUP)
    wait(daemon, lambda: len(daemon.events("config_applied")) > before)


def walk(camera: Ear, listening: Ear, root: str) -> None:
    """Walkers pass until something was suspected and shown."""
    play(
        camera,
        f"{root}-cameras/yard/image",
        clip(WALKERS, begin_s=8, seconds=20),
        until=lambda: bool(listening.on("gw/yard/image")),
    )
    assert listening.wait(lambda: bool(listening.on("gw/yard/image")))


def test_a_camera_is_found_shows_what_it_suspects_and_is_taken_back(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = f"ha{os.getpid()}"
    config = site(mosquitto, root, tmp_path)
    gateway, yard = f"{root}-ha/device/gw/config", f"{root}-ha/device/gw/yard/config"
    with (
        ear(mosquitto, f"{root}-ha") as home,
        ear(mosquitto, root) as listening,
        ear(mosquitto, f"{root}-cameras") as camera,
        edge(tmp_path, config) as daemon,
    ):
        assert home.wait(lambda: {gateway, yard} <= devices(home).keys())
        walk(camera, listening, root)
        said = json.loads(listening.on("gw/yard/suspicion")[0])
        assert said["event_type"] == "suspicion"
        assert said["report_id"] == daemon.events("suspicion_raised")[0]["report_id"]
        picture = cv2.imdecode(
            np.frombuffer(listening.on("gw/yard/image")[0], np.uint8), cv2.IMREAD_COLOR
        )
        assert picture is not None
        height, width = picture.shape[:2]
        assert max(height, width) <= 640
        assert picture[: height // 6, : width // 6].max() < 40
        assert ((picture[..., 2] > 180) & (picture[..., 0] < 90)).sum() > 20

        before = len(home.heard)
        home.publish(f"{root}-ha/status", b"online")
        assert home.wait(lambda: {gateway, yard} <= {t for t, _ in home.heard[before + 1 :]})

        reload(daemon, config | {"home_assistant": {"enabled": False}})
        assert home.wait(lambda: set(devices(home).values()) == {""})
        image = f"{root}/gw/yard/image"
        assert listening.wait(lambda: listening.on("gw/yard/image")[-1] == b"")
        assert retained(mosquitto, f"{root}-ha/#", image) == []


def test_a_camera_that_is_no_more_in_the_file_is_gone_after_the_next_start(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = f"hb{os.getpid()}"
    config = site(mosquitto, root, tmp_path)
    gateway, yard = f"{root}-ha/device/gw/config", f"{root}-ha/device/gw/yard/config"
    with ear(mosquitto, f"{root}-ha") as home:
        with edge(tmp_path, config):
            assert home.wait(lambda: {gateway, yard} <= devices(home).keys())
        assert devices(home)[yard]
        with edge(tmp_path, config | {"cameras": {}}):
            assert home.wait(lambda: devices(home)[yard] == "")
            assert devices(home)[gateway]
            assert retained(mosquitto, f"{root}-ha/#") == [gateway]


@needs_oracle
def test_home_assistant_takes_every_message_and_shows_what_was_said(
    mosquitto: Broker, tmp_path: Path
) -> None:
    root = f"hc{os.getpid()}"
    config = site(mosquitto, root, tmp_path)
    config["home_assistant"]["prefix"] = "homeassistant"
    config["gateway"]["id"] = "gw"
    config["deliver"]["deadline_s"] = 1  # nobody confirms: the edge decides
    yard, gateway = "homeassistant/device/gw/yard/config", "homeassistant/device/gw/config"
    with (
        ear(mosquitto, "homeassistant/device/gw") as home,
        ear(mosquitto, root) as listening,
        ear(mosquitto, f"{root}-cameras") as camera,
        edge(tmp_path, config) as daemon,
    ):
        assert home.wait(lambda: {gateway, yard} <= devices(home).keys())
        walk(camera, listening, root)
        assert listening.wait(lambda: b"ON" in listening.on("gw/yard/threat"))
        assert listening.wait(lambda: bool(listening.verdicts()))
        wait(daemon, lambda: any(b"yard" in one for one in listening.on("gw/stats")))
        said: dict[str, list[str]] = {}
        for topic, payload in listening.heard:
            if not topic.endswith("/image"):
                said.setdefault(topic, []).append(payload.decode())
        messages = devices(home)
        reload(daemon, config | {"home_assistant": {"enabled": False}})
        assert home.wait(lambda: set(devices(home).values()) == {""})
    answer = ask(messages, said)
    assert set(answer) == {gateway, yard}
    of_yard, of_gateway = answer[yard], answer[gateway]
    assert of_yard["threat"]["states"][-1] == "ON"
    assert of_yard["threat"]["availability"] == ["online", "online"]
    assert of_yard["connectivity"]["states"][-1] == "ON"
    assert of_gateway["connectivity"]["states"][-1] == "ON"
    assert json.loads(of_yard["suspicion"]["states"][0])["label"] == "person"
    assert json.loads(of_yard["verdict"]["states"][0])["event_type"] == "unconfirmed"
    assert of_yard["severity"]["states"][0].isdecimal()
    assert int(of_yard["count_received"]["states"][-1]) >= 1
    assert of_yard["armed"]["states"][-1] == "ON"
    assert of_gateway["waiting"]["states"][-1].isdecimal()
