"""What Home Assistant is told, held against files: a changed id breaks somebody's automations."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from contract.ids import CameraId, GatewayId
from contract.topics import Topics
from edge.home_assistant.camera_device import camera_message
from edge.home_assistant.discovery import Announced, camera_topic, gateway_topic
from edge.home_assistant.gateway_device import gateway_message

GOLDEN = Path(__file__).parent / "golden"
TOLD = Announced(topics=Topics(gateway=GatewayId("home")), prefix="homeassistant", version="1.2.3")
GATE = CameraId("front_gate")


@pytest.mark.parametrize(
    ("name", "topic", "message"),
    [
        ("gateway", gateway_topic(TOLD), gateway_message(TOLD)),
        ("camera", camera_topic(TOLD, GATE), camera_message(TOLD, GATE)),
    ],
)
def test_a_device_is_announced_as_before(name: str, topic: str, message: bytes) -> None:
    golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert {"topic": topic, "message": json.loads(message)} == golden


def ids(message: bytes) -> set[str]:
    facts: dict[str, Any] = json.loads(message)
    return {one["unique_id"] for one in facts["components"].values()} | {
        *facts["device"]["identifiers"]
    }


def test_no_two_devices_share_a_topic_or_an_id_however_they_are_named() -> None:
    names = ("a", "a_b", "a-b", "b", "b_a", "config", "device")
    told = [
        Announced(topics=Topics(gateway=GatewayId(name)), prefix="homeassistant", version="1")
        for name in names
    ]
    topics = [gateway_topic(one) for one in told]
    topics += [camera_topic(one, CameraId(camera)) for one, camera in product(told, names)]
    assert len(set(topics)) == len(topics)
    messages = [gateway_message(one) for one in told]
    messages += [camera_message(one, CameraId(camera)) for one, camera in product(told, names)]
    all_ids = [id_ for message in messages for id_ in ids(message)]
    assert len(set(all_ids)) == len(all_ids)


def test_what_is_switched_off_is_not_offered() -> None:
    less = Announced(
        topics=TOLD.topics,
        prefix="homeassistant",
        version="1",
        image=False,
        self_test=False,
        updates=False,
    )
    assert "image" not in json.loads(camera_message(less, GATE))["components"]
    of_gateway = json.loads(gateway_message(less))["components"]
    assert not {"self_test", "update_config", "update_model"} & of_gateway.keys()
