"""Settings: where a value comes from, and every problem at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.broker.connection import link_settings
from cloud.confirm.policy import Policy
from cloud.settings import Settings, SettingsError, load_settings
from cloud.stages.rules import read_rules
from service.link_settings import TlsFiles


def written(folder: Path, text: str) -> Path:
    file = folder / "cloud.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "group: file\nroot: file\nmodel: file\n")
    environ = {"STILLWATCH_CLOUD_GROUP": "env", "STILLWATCH_CLOUD_ROOT": "env"}
    settings = load_settings(file, environ, {"group": "flag", "root": None})
    assert (settings.group, settings.root, settings.model) == ("flag", "env", "file")


def test_nothing_given_is_every_default() -> None:
    assert load_settings(None, {}, {}) == Settings()


def test_numbers_of_flags_and_environment_come_as_text() -> None:
    settings = load_settings(None, {"STILLWATCH_CLOUD_METRICS_PORT": "9100"}, {"threads": "2"})
    assert (settings.metrics_port, settings.threads) == (9100, 2)


def test_every_problem_is_told_at_once_with_its_origin(tmp_path: Path) -> None:
    file = written(tmp_path, "policy: {confirm_at: 3}\nprefech: 1\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(file, {"STILLWATCH_CLOUD_BROKER": "localhost"}, {"metrics_port": "x"})
    told = str(caught.value).splitlines()
    assert len(told) == 4
    assert any(line.startswith(f"{file}: policy.confirm_at: ") for line in told)
    assert any(line.startswith(f"{file}: prefech: ") for line in told)
    assert any(line.startswith("STILLWATCH_CLOUD_BROKER: 'localhost' is not mqtt") for line in told)
    assert any(line.startswith("--metrics-port: ") and "'x'" in line for line in told)


def test_a_broker_is_reached_as_the_edges_settings_say_it(tmp_path: Path) -> None:
    file = written(tmp_path, "transport: websockets\ntls: {server_name: broker, ca_file: a.pem}\n")
    environ = {"STILLWATCH_CLOUD_WEBSOCKET_PATH": "/broker", "STILLWATCH_CLOUD_PROTOCOL": "3.1.1"}
    settings = load_settings(file, environ, {"broker": "mqtts://cloud:443"})
    link = link_settings(settings)
    assert (link.transport, link.websocket_path, link.protocol) == (
        "websockets",
        "/broker",
        "3.1.1",
    )
    assert link.tls == TlsFiles(server_name="broker", ca_file=Path("a.pem"))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("websocket_path", "mqtt", "write '/mqtt'"),
        ("transport", "http", "'tcp' or 'websockets'"),
        ("protocol", "4", "'5' or '3.1.1'"),
    ],
)
def test_another_way_to_the_broker_is_refused_in_words(key: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        load_settings(None, {}, {key: value})
    assert str(caught.value).startswith(f"--{key.replace('_', '-')}: ")


@pytest.mark.parametrize(
    ("broker", "address", "tls"),
    [
        ("mqtt://broker", ("broker", 1883), False),
        ("mqtts://broker", ("broker", 8883), True),
        ("mqtt://[::1]:2883", ("::1", 2883), False),
    ],
)
def test_a_broker_is_named_by_url(broker: str, address: tuple[str, int], tls: bool) -> None:
    settings = Settings(broker=broker)
    assert (settings.address, settings.wants_tls) == (address, tls)


@pytest.mark.parametrize(
    "broker", ["", "broker:1883", "http://broker", "mqtt://", "mqtt://a:99999", "mqtt://u:p@a"]
)
def test_no_broker_is_guessed(broker: str) -> None:
    with pytest.raises(SettingsError, match="is not mqtt"):
        load_settings(None, {}, {"broker": broker})


@pytest.mark.parametrize("flags", [{"root": "a/+"}, {"root": ""}, {"group": "a/b"}, {"group": ""}])
def test_names_that_would_break_a_topic_are_refused(flags: dict[str, str | None]) -> None:
    with pytest.raises(SettingsError):
        load_settings(None, {}, flags)


def test_a_limit_below_the_second_look_makes_no_sense(tmp_path: Path) -> None:
    file = written(tmp_path, "policy: {refute_below: 0.5}\n")
    with pytest.raises(SettingsError, match="above the limit"):
        load_settings(file, {}, {})


def test_types_in_the_file_are_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"policy\.confirm_at"):
        load_settings(written(tmp_path, "policy: {confirm_at: '0.4'}\n"), {}, {})


@pytest.mark.parametrize("text", ["- a\n", "a: [\n", "\x00"])
def test_a_file_that_is_no_mapping_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"cloud\.yaml"):
        load_settings(written(tmp_path, text), {}, {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml"):
        load_settings(tmp_path / "nowhere.yaml", {}, {})


def test_a_group_without_a_limit_of_its_own_takes_the_general_one() -> None:
    policy = Policy.model_validate({"confirm_at": 0.4, "confirm_at_of": {"vehicle": 0.6}})
    assert [policy.limit_of(label) for label in ("person", "truck", "dog")] == [0.4, 0.6, 0.4]


@pytest.mark.parametrize(
    "text",
    ["a: 0x_", "a: !!timestamp x", "a: !!bool x", "a: 2026-99-99", "[" * 5_000, "x" * 1_048_577],
    ids=["int", "tag", "bool", "day", "deep", "large"],
)
def test_a_file_that_is_no_yaml_is_a_problem_of_settings_and_rules(
    tmp_path: Path, text: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(file, {}, {})
    with pytest.raises(SettingsError, match="cannot be read"):
        read_rules(file)
