"""Each preset takes the messages of its program, and only fills in what is not given."""

from __future__ import annotations

from typing import get_args

import pytest

from edge.config.load import read
from edge.config.presets import PRESETS, Preset
from edge.config.schema import EdgeConfig
from edge.errors import ConfigError
from tests.unit.edge.intake.test_mqtt_intake import Doorway
from tools.build.references.payloads import Published, published

MESSAGES = [pytest.param(one, id=f"{one.preset}-{n}") for n, one in enumerate(published())]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_of_the_program_becomes_a_frame_of_its_camera(message: Published) -> None:
    door = Doorway(f"intake: {{preset: {message.preset}}}")
    door.hear(message.topic, message.payload)
    (frame,) = door.waiting()
    assert frame.camera in (*message.topic.lower().split("/"), "hall")
    assert frame.picture.startswith(b"\xff\xd8")


@pytest.mark.parametrize("message", MESSAGES)
def test_without_the_preset_its_topic_fits_nothing(message: Published) -> None:
    door = Doorway()
    door.hear(message.topic, message.payload)
    assert door.waiting() == []


def test_every_preset_has_a_sample() -> None:
    assert {one.preset for one in published()} == set(PRESETS) == set(get_args(Preset))


def test_a_time_in_the_payload_is_taken() -> None:
    (alert,) = [one for one in published() if b"2026-03-01T" in one.payload]
    door = Doorway(f"intake: {{preset: {alert.preset}}}")
    door.hear(alert.topic, alert.payload)
    (frame,) = door.waiting()
    assert frame.captured_at is not None
    assert frame.captured_at.isoformat() == "2026-03-01T06:00:00+00:00"


def test_cameras_on_one_topic_are_told_apart_by_what_the_message_says() -> None:
    (message,) = [one for one in published() if one.preset == "kerberos"]
    door = Doorway("intake: {preset: kerberos}")
    door.hear(message.topic, message.payload)
    door.hear(message.topic, message.payload.replace(b"hall", b"yard"))
    assert sorted(frame.camera for frame in door.waiting()) == ["hall", "yard"]


def test_what_is_given_stays_and_a_variable_may_choose_the_preset() -> None:
    own = read(b"intake: {preset: frigate, topics: ['a/{camera}']}", {}).config
    assert own.intake.topics == ("a/{camera}",)
    chosen = read(b"", {"STILLWATCH__INTAKE__PRESET": "neolink"}).config
    assert chosen.intake.topics == ("neolink/{camera}/status/preview",)
    assert chosen.intake.json_paths == EdgeConfig().intake.json_paths


def test_an_unknown_preset_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigError, match=r"intake\.preset: 'frigat' is not known here") as refused:
        read(b"intake: {preset: frigat}", {})
    assert "did you mean 'frigate'" in str(refused.value)
