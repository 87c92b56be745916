"""Each preset takes the messages of its program, and only fills in what is not given."""

from __future__ import annotations

from typing import get_args

import pytest

from edge.config.load import read
from edge.config.presets import PRESETS, Preset
from edge.config.schema import EdgeConfig
from edge.errors import ConfigError
from tests.unit.edge.intake.doorway import Doorway
from tools.build.references.payloads import Published, published

MESSAGES = [pytest.param(one, id=f"{one.preset}-{n}") for n, one in enumerate(published())]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_of_the_program_becomes_a_frame_of_its_camera(message: Published) -> None:
    door = Doorway(f"intake: {{preset: {message.preset}}}")
    _hear(door, message)
    (frame,) = door.waiting()
    assert frame.camera == message.camera
    assert frame.picture.startswith(b"\xff\xd8")


@pytest.mark.parametrize("message", MESSAGES)
def test_without_the_preset_its_topic_fits_nothing(message: Published) -> None:
    door = Doorway()
    _hear(door, message)
    assert door.waiting() == []


def test_every_preset_has_a_sample() -> None:
    assert {one.preset for one in published()} == set(PRESETS) == set(get_args(Preset))


def test_a_time_in_the_payload_is_taken() -> None:
    (alert,) = [one for one in published() if b"2026-03-01T" in one.payloads[0]]
    door = Doorway(f"intake: {{preset: {alert.preset}}}")
    _hear(door, alert)
    (frame,) = door.waiting()
    assert frame.captured_at is not None
    assert frame.captured_at.isoformat() == "2026-03-01T06:00:00+00:00"


def test_cameras_on_one_topic_are_told_apart_by_what_the_message_says() -> None:
    whole, pieces, key_frame = [one for one in published() if one.preset == "kerberos"]
    door = Doorway("intake: {preset: kerberos}")
    for message in (whole, key_frame):
        door.hear(message.topic, message.payloads[0].replace(b"hall", b"yard"))
    assert len(pieces.payloads) > 1
    for piece in pieces.payloads:  # two cameras' pieces at once
        for name in (b"hall", b"yard"):
            door.hear(pieces.topic, piece.replace(b"hall", name))
    assert door.found == ["yard", "hall"]
    assert [door.funnel(name).received for name in ("hall", "yard")] == [1, 3]
    assert [door.funnel(name).rejected for name in ("hall", "yard")] == [0, 0]


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


def _hear(door: Doorway, message: Published) -> None:
    for payload in message.payloads:
        door.hear(message.topic, payload)
