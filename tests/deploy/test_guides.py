"""What the guides tell people to type is taken by the programs they type it for."""

from __future__ import annotations

import base64
import re
import shlex
from pathlib import Path

import pytest
import yaml

from edge.config.balena import arrange
from edge.config.load import load
from edge.config.schema import S3StoreConfig
from tests.deploy.conftest import ROOT

FLASHING = (ROOT / "docs" / "flashing.md").read_text()
DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
PUBLIC_KEY = f"ed25519:{base64.b64encode(bytes(32)).decode()}"
"""What stands for `ed25519:...` in the guide."""

DEVICE = {"BALENA": "1", "BALENA_DEVICE_UUID": "0123456789abcdef"}


def variables(service: str) -> dict[str, str]:
    """What the flashing guide sets for a service, command by command."""
    found = {}
    for line in FLASHING.splitlines():
        if line.startswith("    balena env set "):
            words = shlex.split(line)
            if service in words:
                value = re.sub(r"\$\(cat (.*)\)", r"content of \1", words[4])
                found[words[3]] = value.replace("ed25519:...", PUBLIC_KEY)
    return found


def test_the_edges_variables_make_the_configuration_that_they_seem_to(tmp_path: Path) -> None:
    environ = DEVICE | variables("edge")
    arranged = arrange(None, environ, tmp_path)
    config = load(arranged.file, environ | dict(arranged.variables)).config
    assert config.gateway.id == "yard-7"
    assert config.intake.broker.host == "mosquitto"
    uplink, store = config.deliver.uplink, config.deliver.store
    assert uplink is not None
    assert (uplink.host, uplink.port, uplink.username) == ("broker.example", 8883, "yard-7")
    assert uplink.tls is not None
    assert isinstance(store, S3StoreConfig)
    for file in (uplink.password_file, uplink.tls.ca_file, store.credentials_file):
        assert file is not None
        assert file.read_text()


def test_a_public_authority_needs_no_file(tmp_path: Path) -> None:
    environ = DEVICE | {"STILLWATCH__DELIVER__UPLINK__TLS": "{}"}
    arranged = arrange(None, environ, tmp_path)
    uplink = load(arranged.file, environ | dict(arranged.variables)).config.deliver.uplink
    assert uplink is not None
    assert uplink.tls is not None


@pytest.mark.parametrize("name", ["INTAKE__TOPICS", "CAMERAS"])
def test_values_in_the_text_are_taken(name: str, tmp_path: Path) -> None:
    [value] = re.findall(rf"STILLWATCH__{name}='([^']*)'", FLASHING)
    environ = DEVICE | {f"STILLWATCH__{name}": value}
    load(None, environ | dict(arrange(None, environ, tmp_path).variables))


def test_the_brokers_variables_are_those_that_its_script_reads() -> None:
    script = (ROOT / "balena" / "mosquitto" / "start").read_text()
    told = set(re.findall(r"MQTT_[A-Z_]+", FLASHING + DEPLOY))
    assert told == set(re.findall(r"MQTT_[A-Z_]+", script))


def test_the_override_for_plain_compose_fits_the_compose_file() -> None:
    [text] = re.findall(r"\n    (services:\n(?:      .*\n)+)", DEPLOY)
    override = yaml.safe_load(re.sub(r"^    ", "", text, flags=re.MULTILINE))
    composition = yaml.safe_load((ROOT / "balena" / "docker-compose.yml").read_text())
    assert override["services"].keys() == composition["services"].keys()


@pytest.mark.parametrize("guide", ["deploy", "flashing", "scale"])
def test_each_path_that_a_guide_names_exists(guide: str) -> None:
    text = (ROOT / "docs" / f"{guide}.md").read_text()
    linked = re.findall(r"\]\(([^)#]+)\)", text)
    named = re.findall(r"`((?:deploy|edge|tests|balena|tools)/[A-Za-z0-9_./-]+)`", text)
    for path in [*(f"docs/{one}" for one in linked), *named]:
        assert (ROOT / path).exists(), path
