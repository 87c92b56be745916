"""What a balena device's variables make of the configuration."""

import base64
import stat
from pathlib import Path

import pytest

from edge.config.balena import arrange
from edge.config.load import load
from edge.errors import ConfigError

DEVICE = {"BALENA": "1", "BALENA_DEVICE_UUID": "0123456789abcdef0123456789abcdef"}
GATEWAY, HOST = "STILLWATCH__GATEWAY__ID", "STILLWATCH__INTAKE__BROKER__HOST"


def write(folder: Path, text: str) -> Path:
    file = folder / "edge.yaml"
    file.write_text(text)
    return file


def test_elsewhere_nothing_is_arranged(tmp_path: Path) -> None:
    file = write(tmp_path, "")
    environ = {"STILLWATCH_CONFIG": "x: 1", "BALENA_DEVICE_UUID": "abc", "BALENA": "0"}
    found = arrange(file, environ, tmp_path / "private")
    assert (found.file, found.variables, found.notice) == (file, {}, None)
    assert not (tmp_path / "private").exists()


def test_a_new_device_is_named_by_its_uuid_and_waits_at_the_sites_broker(tmp_path: Path) -> None:
    found = arrange(None, DEVICE, tmp_path)
    config = load(found.file, {**DEVICE, **found.variables}).config
    assert config.gateway.id == DEVICE["BALENA_DEVICE_UUID"]
    assert config.intake.broker.host == "mosquitto"
    assert found.notice is not None
    for said in (config.gateway.id, "MQTT_CAMERA_1", "STILLWATCH__DELIVER__UPLINK__HOST"):
        assert said in found.notice


@pytest.mark.parametrize("given", [{GATEWAY: "yard"}, {"STILLWATCH__GATEWAY": '{"id": "yard"}'}])
def test_a_configured_id_stays(given: dict[str, str], tmp_path: Path) -> None:
    found = arrange(None, DEVICE | given, tmp_path)
    assert GATEWAY not in found.variables
    assert load(None, DEVICE | given | dict(found.variables)).config.gateway.id == "yard"
    assert found.notice is None


def test_what_the_file_says_stays(tmp_path: Path) -> None:
    file = write(tmp_path, "gateway: {id: yard}\nintake: {broker: {host: broker.lan}}\n")
    found = arrange(file, DEVICE, tmp_path)
    assert (found.variables, found.notice) == ({}, None)


def test_what_the_file_leaves_open_is_filled_in(tmp_path: Path) -> None:
    file = write(tmp_path, "gateway:\n  id: null\nintake: {broker: {port: 1884}}\n")
    assert set(arrange(file, DEVICE, tmp_path).variables) == {GATEWAY, HOST}


def test_a_file_that_cannot_be_used_is_left_for_the_loader_to_refuse(tmp_path: Path) -> None:
    file = write(tmp_path, "[")
    found = arrange(file, DEVICE, tmp_path)
    assert set(found.variables) == {GATEWAY, HOST}
    with pytest.raises(ConfigError, match="no YAML"):
        load(found.file, found.variables)


def test_a_whole_configuration_in_a_variable_takes_the_files_place(tmp_path: Path) -> None:
    environ = DEVICE | {"STILLWATCH_CONFIG": "gateway: {id: yard}\n"}
    found = arrange(write(tmp_path, "gateway: {id: other}"), environ, tmp_path / "private")
    assert load(found.file, environ | dict(found.variables)).config.gateway.id == "yard"
    assert set(found.variables) == {HOST}


def test_a_secret_lies_in_a_file_that_only_we_can_read(tmp_path: Path) -> None:
    private = tmp_path / "private"
    environ = DEVICE | {
        "STILLWATCH__INTAKE__BROKER__USERNAME": "gateway",
        "STILLWATCH_SECRET__INTAKE__BROKER__PASSWORD_FILE": "se cret",
    }
    found = arrange(None, environ, private)
    path = load(None, environ | dict(found.variables)).config.intake.broker.password_file
    assert path is not None
    assert path.read_text() == "se cret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert [entry.name for entry in private.iterdir()] == [path.name]


def test_a_secret_may_be_base64_and_may_change(tmp_path: Path) -> None:
    name = "STILLWATCH_SECRET__DELIVER__UPLINK__TLS__KEY_FILE"
    for content in (b"first\x00", b"second\n"):
        value = f"base64:{base64.b64encode(content).decode()}"
        found = arrange(None, DEVICE | {name: value}, tmp_path)
        key_file = Path(found.variables["STILLWATCH__DELIVER__UPLINK__TLS__KEY_FILE"])
        assert key_file.read_bytes() == content


def test_a_secret_that_stands_already_is_not_written_again(tmp_path: Path) -> None:
    environ = DEVICE | {"STILLWATCH_SECRET__INTAKE__BROKER__PASSWORD_FILE": "x"}
    path = Path(arrange(None, environ, tmp_path).variables[f"{HOST[:-4]}PASSWORD_FILE"])
    before = path.stat()
    arrange(None, environ, tmp_path)
    assert path.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"STILLWATCH_SECRET__INTAKE__BROKER__PASSWORD": "x"}, "is no key of a file"),
        ({"STILLWATCH_SECRET__../../X_FILE": "x"}, "is no key of a file"),
        ({"STILLWATCH_SECRET__X_FILE": "base64:*"}, "is no base64"),
        ({"STILLWATCH_SECRET__X_FILE": "x", "STILLWATCH__X_FILE": "/x"}, "keep one"),
    ],
)
def test_a_secret_that_makes_no_sense_is_refused(
    variables: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        arrange(None, DEVICE | variables, tmp_path)
    assert "base64:*" not in str(refused.value)


def test_without_a_place_for_secrets_the_reason_is_told(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.touch()
    environ = DEVICE | {"STILLWATCH_SECRET__X_FILE": "x"}
    with pytest.raises(ConfigError, match="mount a tmpfs"):
        arrange(None, environ, taken / "private")
