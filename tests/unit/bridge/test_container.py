"""What a container's variables say becomes configuration and private files."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.camera_files import password_of
from bridge.config import BridgeConfigError
from bridge.container import container_config

DOCUMENT = """
cameras:
  gate: {source: 'rtsp://gate.lan/2', username: eve, password_file: FOLDER/gate}
"""
BALENA = {"BALENA": "1"}


def variables(folder: Path) -> dict[str, str]:
    return {
        "STILLWATCH_BRIDGE_CONFIG": DOCUMENT.replace("FOLDER", str(folder)),
        "STILLWATCH_BRIDGE_SECRET_GATE": "s3cret",
    }


def test_a_document_takes_the_place_of_the_file_and_secrets_are_ours_alone(tmp_path: Path) -> None:
    told = container_config(tmp_path / "gone.yaml", variables(tmp_path / "run"), tmp_path / "run")
    assert password_of(told.config.cameras["gate"]) == "s3cret"
    assert told.source == "STILLWATCH_BRIDGE_CONFIG"
    assert (tmp_path / "run" / "gate").stat().st_mode & 0o77 == 0
    assert told.config.broker.host == "127.0.0.1"


def test_on_balena_the_broker_is_the_service_beside_us_unless_one_is_named(tmp_path: Path) -> None:
    environ = {**variables(tmp_path), **BALENA}
    broker = container_config(tmp_path / "gone.yaml", environ, tmp_path).config.broker
    assert (broker.host, broker.port) == ("mosquitto", 1885)
    environ["STILLWATCH_BRIDGE_CONFIG"] += "broker: {host: broker.lan}\n"
    broker = container_config(tmp_path / "gone.yaml", environ, tmp_path).config.broker
    assert (broker.host, broker.port) == ("broker.lan", 1883)


def test_a_device_that_nobody_configured_waits_and_says_for_what(tmp_path: Path) -> None:
    told = container_config(tmp_path / "gone.yaml", BALENA, tmp_path)
    assert told.config.cameras == {}
    assert told.notice is not None
    assert "STILLWATCH_BRIDGE_CONFIG" in told.notice
    with pytest.raises(BridgeConfigError, match=r"gone\.yaml: is not there.*--config") as refused:
        container_config(tmp_path / "gone.yaml", {}, tmp_path)
    assert told.notice.partition(": ")[2] in str(refused.value)


def test_what_has_no_text_form_comes_in_base64(tmp_path: Path) -> None:
    container_config(
        tmp_path / "x", {**BALENA, "STILLWATCH_BRIDGE_SECRET_CA": "base64:AAH/"}, tmp_path
    )
    assert (tmp_path / "ca").read_bytes() == b"\0\1\xff"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STILLWATCH_BRIDGE_SECRET_../X", "s3cret", "only A-Z, 0-9 and _"),
        ("STILLWATCH_BRIDGE_SECRET_gate", "s3cret", "only A-Z, 0-9 and _"),
        ("STILLWATCH_BRIDGE_SECRET_X", "base64:!", "is no base64"),
        ("STILLWATCH_BRIDGE_SECRET_X", "base64:s3cr\u00e9t", "is no base64"),
        ("STILLWATCH_BRIDGE_CONFIG", "cameras: {gate: {source: 'x'}}", "cameras.gate.source"),
        ("STILLWATCH_BRIDGE_CONFIG", "[", "STILLWATCH_BRIDGE_CONFIG"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_without_its_value(
    name: str, value: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(BridgeConfigError) as refused:
        container_config(tmp_path / "x", {**BALENA, name: value}, tmp_path)
    assert words in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_without_a_place_for_secrets_it_says_what_to_mount(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environ = {**BALENA, "STILLWATCH_BRIDGE_SECRET_X": "s3cret"}
    with pytest.raises(BridgeConfigError, match="mount a tmpfs"):
        container_config(tmp_path / "x", environ, tmp_path / "file" / "run")
